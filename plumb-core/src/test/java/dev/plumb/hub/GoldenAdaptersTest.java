package dev.plumb.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.plumb.Shared;
import dev.plumb.model.Adapter;
import dev.plumb.model.Decoder;
import dev.plumb.model.Layout;
import dev.plumb.model.Pass;
import dev.plumb.tensor.DType;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.Functional;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Adapters that PEFT wrote, against the logits, losses and gradients that it computed with them: on, off and merged. */
class GoldenAdaptersTest {
    private static final JsonMapper JSON = new JsonMapper();

    @TestFactory
    Stream<DynamicTest> own() throws IOException {
        return tests(Path.of("src/test/resources/goldens"));
    }

    @TestFactory
    Stream<DynamicTest> shared() throws IOException {
        return tests(Shared.folder("goldens"));
    }

    private static Stream<DynamicTest> tests(Path goldens) throws IOException {
        List<DynamicTest> tests = new ArrayList<>();
        try (Stream<Path> folders = Files.list(goldens.resolve("adapters"))) {
            for (Path folder : folders.sorted().toList()) {
                JsonNode golden = JSON.readTree(folder.resolve("goldens.json").toFile());
                Path model = goldens.resolve(golden.get("model").asText());
                for (boolean checkpointing : new boolean[] {false, true}) {
                    tests.add(DynamicTest.dynamicTest(
                            folder.getFileName() + (checkpointing ? " checkpointed" : ""),
                            () -> hold(folder, golden, model, checkpointing)));
                }
            }
        }
        assertThat(tests).isNotEmpty();
        return tests.stream();
    }

    private static void hold(Path folder, JsonNode golden, Path model, boolean checkpointing) {
        List<int[]> rows = new ArrayList<>();
        for (JsonNode row : golden.get("input_ids")) {
            rows.add(JSON.convertValue(row, int[].class));
        }
        try (Checkpoint base = Checkpoint.load(model, Optional.of(DType.FLOAT32), Device.CPU);
                Adapter adapter = AdapterFolder.read(folder, base.decoder());
                Scope scope = Scope.open()) {
            Decoder decoder = base.decoder().with(adapter);
            adapter.parameters().values().forEach(parameter -> parameter.requiresGrad(true));
            Pass pass = decoder.forward(Layout.of(rows), checkpointing);
            Tensor hidden = pass.hidden().requiresGrad(true);
            Tensor logps = logps(hidden, decoder, rows);
            Tensor loss = logps.mean().neg();
            assertThat(loss.item()).isCloseTo(golden.get("loss").asDouble(), within(1e-5));
            assertLogits(golden, hidden.matmul(decoder.head().transpose(0, 1)), rows);

            loss.backward();
            pass.backward(hidden.grad());
            assertGradients(golden, adapter);
            assertThat(base.decoder().weights().all().values()).noneMatch(Tensor::hasGrad);

            assertThat(loss(base.decoder(), rows).item())
                    .isCloseTo(golden.get("loss_adapter_off").asDouble(), within(1e-5));
            Decoder merged = decoder.merge();
            assertThat(merged.adapter()).isEmpty();
            assertThat(loss(merged, rows).item())
                    .isCloseTo(golden.get("loss_merged").asDouble(), within(1e-5));
            Tensor apart = logps(merged.hidden(Layout.of(rows)), merged, rows)
                    .sub(logps)
                    .abs();
            assertThat(apart.amaxKeep(0).item()).isLessThan(5e-5);
            golden.get("merged_parameter_norms")
                    .properties()
                    .forEach(norm -> assertThat(Math.sqrt(
                                    merged.weights().get(norm.getKey()).squaredNorm()))
                            .as(norm.getKey())
                            .isCloseTo(
                                    norm.getValue().asDouble(),
                                    within(1e-6 * norm.getValue().asDouble())));
        }
    }

    private static Tensor loss(Decoder decoder, List<int[]> rows) {
        return logps(decoder.hidden(Layout.of(rows)), decoder, rows).mean().neg();
    }

    /** Log-probabilities of all tokens but the first of each row. */
    private static Tensor logps(Tensor hidden, Decoder decoder, List<int[]> rows) {
        List<Tensor> all = new ArrayList<>();
        int start = 0;
        for (int[] row : rows) {
            Tensor logits = hidden.narrow(0, start, row.length - 1L)
                    .matmul(decoder.head().transpose(0, 1));
            Tensor next = Tensor.of(row, Device.CPU).narrow(0, 1, row.length - 1L);
            all.add(Functional.logSoftmax(logits, 1).gather(1, next.unsqueeze(1)));
            start += row.length;
        }
        return Tensor.cat(0, all).reshape(-1);
    }

    private static void assertLogits(JsonNode golden, Tensor logits, List<int[]> rows) {
        int end = 0;
        for (int r = 0; r < rows.size(); r++) {
            end += rows.get(r).length;
            double[] want = JSON.convertValue(golden.get("last_logits").get(r), double[].class);
            double[] got = logits.select(0, end - 1L).toDoubles();
            assertThat(got).containsExactly(want, within(1e-4));
        }
    }

    private static void assertGradients(JsonNode golden, Adapter adapter) {
        JsonNode norms = golden.get("grad_norms");
        assertThat(adapter.parameters()).hasSize(norms.size());
        norms.properties().forEach(norm -> {
            String name = "base_model.model."
                    + norm.getKey().replace("magnitude_vector.weight", "magnitude_vector"); // so it is stored
            double want = norm.getValue().asDouble();
            assertThat(Math.sqrt(adapter.parameters().get(name).grad().squaredNorm()))
                    .as(name)
                    .isCloseTo(want, within(1e-4 * want));
        });
    }
}
