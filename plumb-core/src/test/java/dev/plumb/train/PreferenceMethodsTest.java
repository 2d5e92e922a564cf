package dev.plumb.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.plumb.config.YamlSource;
import dev.plumb.data.RowKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every method that learns from pairs, and every loss of it, comes to prefer on held-out prompts what the pairs prefer. */
class PreferenceMethodsTest {
    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "dpo   | loss_type: [sigmoid]",
                "dpo   | loss_type: [exo_pair] ; label_smoothing: 1e-3",
                "dpo   | loss_type: [nca_pair]",
                "dpo   | loss_type: [bco_pair]",
                "dpo   | loss_type: [sppo_hard]",
                "dpo   | loss_type: [apo_zero]",
                "dpo   | loss_type: [apo_down]",
                "dpo   | loss_type: [discopop]",
                "dpo   | loss_type: [aot]",
                "dpo   | loss_type: [aot_unpaired]",
                "dpo   | sync_ref_model: true ; ref_model_sync_steps: 4",
                "ipo   | variant: length_mean",
                "ipo   | variant: paper",
                "simpo | gamma_beta_ratio: 0.3",
                "simpo | alpha: 0.25",
                "orpo  | variant: paper",
                "orpo  | variant: seed",
                "cpo   | loss_type: sigmoid",
                "cpo   | loss_type: hinge",
                "cpo   | loss_type: ipo",
                "cpo   | loss_type: simpo"
            })
    void theHeldOutMarginRises(String method, String setting) throws IOException {
        List<String> settings = new ArrayList<>(List.of(data(), "max_steps: 12"));
        settings.addAll(List.of(setting.split(" ; ")));
        RunLayout run = TinyRun.make(folder).train(method, "run", settings.toArray(String[]::new));
        List<MetricsLog.Entry> held = TinyRun.entries(run, MetricsLog.Split.EVAL);
        Map<String, Double> before = held.get(0).values();
        Map<String, Double> after = held.get(held.size() - 1).values();
        assertThat(after.get("rewards/margins")).isGreaterThan(before.get("rewards/margins"));
        assertThat(after.get("rewards/accuracies")).isGreaterThan(0.9);
        assertThat(after.get("loss")).isLessThan(before.get("loss"));
    }

    @Test
    void aLossOverWholeStepsDoesNotDependOnTheirParts() throws IOException {
        TinyRun run = TinyRun.make(folder);
        String type = "loss_type: [aot_unpaired]";
        RunLayout parts = run.train("dpo", "parts", type, data(), "max_steps: 6", "micro_batch_tokens: 40");
        RunLayout whole = run.train("dpo", "whole", type, data(), "max_steps: 6", "micro_batch_tokens: 100000");
        RunLayout sigmoid = run.train("dpo", "sigmoid", data(), "max_steps: 6");
        List<MetricsLog.Entry> got = MetricsLog.read(parts.metrics());
        List<MetricsLog.Entry> want = MetricsLog.read(whole.metrics());
        assertThat(got).hasSameSizeAs(want);
        for (int i = 0; i < got.size(); i++) {
            assertThat(got.get(i).values().keySet())
                    .isEqualTo(want.get(i).values().keySet());
            assertThat(got.get(i).values().get("loss"))
                    .isCloseTo(want.get(i).values().get("loss"), within(1e-5));
        }
        assertThat(TinyRun.distance(parts, whole)).isLessThan(1e-4);
        assertThat(TinyRun.distance(parts, sigmoid)).isGreaterThan(1e-3); // so ranks do matter here
    }

    /** Answers about sleep are preferred to answers about lamps. */
    private String data() throws IOException {
        List<String> rows = new ArrayList<>();
        Random random = new Random(3);
        for (int row = 0; row < 60; row++) {
            int times = 1 + random.nextInt(2);
            rows.add(new JsonMapper()
                    .createObjectNode()
                    .put("prompt", "row " + row + " the keeper")
                    .put("chosen", " sleeps at night".repeat(times))
                    .put("rejected", " burns a lamp".repeat(times))
                    .toString());
        }
        Path file = Files.write(folder.resolve("sleeping.jsonl"), rows);
        return "data: {files: [" + file + "], eval_share: 0.15}";
    }

    @Test
    void onlyMethodsWithAReferenceCanPrecomputeIt() {
        List<Method<?>> pairs = Methods.all().stream()
                .filter(method -> PreferenceJob.class.isAssignableFrom(method.job()))
                .toList();
        assertThat(pairs).hasSizeGreaterThanOrEqualTo(5);
        for (Method<?> method : pairs) {
            PreferenceJob job = (PreferenceJob)
                    Methods.job(YamlSource.commandLine().with(List.of("method=" + method.name(), "model=m", "data=d")));
            assertThat(job.rows()).isEqualTo(RowKind.PREFERENCE);
            assertThat(method.settings().stream()
                            .anyMatch(setting -> setting.key().equals("precompute_ref_log_probs")))
                    .as(method.name())
                    .isEqualTo(job.objective().needsReference());
        }
    }
}
