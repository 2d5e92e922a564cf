package dev.plumb.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.plumb.Shared;
import dev.plumb.model.Decoder;
import dev.plumb.model.Layout;
import dev.plumb.tensor.DType;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.Functional;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;

/** A real trained model against an independent forward pass in 64 bits. */
class StoriesTest {
    @Test
    void logitsAndLogProbabilitiesAreThoseOfTheReference() throws IOException {
        Path folder = Shared.folder("data/models/stories260K");
        JsonNode reference =
                new ObjectMapper().readTree(folder.resolve("reference.json").toFile());
        try (Checkpoint checkpoint = Checkpoint.load(folder, Optional.of(DType.FLOAT32), Device.CPU)) {
            Decoder decoder = checkpoint.decoder();
            assertThat(decoder.weights().count()).isEqualTo(260_032);
            try (Scope scope = Scope.open()) {
                int[] prompt = ints(reference.get("prompt_ids"));
                float[] last =
                        logits(decoder, prompt).select(0, prompt.length - 1).toFloats();
                JsonNode expected = reference.get("last_logits");
                assertThat(last).hasSize(expected.size());
                for (int v = 0; v < last.length; v++) {
                    assertThat((double) last[v])
                            .as("logit " + v)
                            .isCloseTo(expected.get(v).asDouble(), within(1e-3));
                }
            }
            for (JsonNode text : reference.get("texts")) {
                checkText(decoder, text);
            }
            for (String start : List.of("greedy_from_bos", "greedy_from_prompt")) {
                checkGreedy(decoder, ints(reference.get(start).get("ids")), start.endsWith("bos") ? 1 : 5);
            }
        }
    }

    private static void checkText(Decoder decoder, JsonNode text) {
        try (Scope scope = Scope.open()) {
            int[] ids = ints(text.get("ids"));
            int targets = ids.length - 1;
            float[] ours = Functional.logSoftmax(logits(decoder, ids).narrow(0, 0, targets), -1)
                    .gather(
                            1,
                            Tensor.of(Arrays.copyOfRange(ids, 1, ids.length), Device.CPU)
                                    .unsqueeze(1))
                    .toFloats();
            JsonNode expected = text.get("token_logprobs");
            assertThat(ours).hasSize(expected.size());
            double sum = 0;
            for (int t = 0; t < targets; t++) {
                sum += ours[t];
                assertThat((double) ours[t])
                        .as("token " + (t + 1))
                        .isCloseTo(expected.get(t).asDouble(), within(1e-3));
            }
            assertThat(sum).isCloseTo(text.get("sum_logprob").asDouble(), within(1e-2));
        }
    }

    /** Every token after the given start is the likeliest one after those before it. */
    private static void checkGreedy(Decoder decoder, int[] ids, int given) {
        try (Scope scope = Scope.open()) {
            long[] likeliest = logits(decoder, ids).argmax(-1).toLongs();
            for (int t = given; t < ids.length; t++) {
                assertThat(likeliest[t - 1]).as("token " + t).isEqualTo(ids[t]);
            }
        }
    }

    private static Tensor logits(Decoder decoder, int[] ids) {
        return decoder.hidden(Layout.of(List.of(ids))).matmul(decoder.head().transpose(0, 1));
    }

    private static int[] ints(JsonNode list) {
        return StreamSupport.stream(list.spliterator(), false)
                .mapToInt(JsonNode::asInt)
                .toArray();
    }
}
