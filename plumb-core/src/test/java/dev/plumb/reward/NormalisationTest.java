package dev.plumb.reward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Rewards on a frozen scale, against the worked numbers of the specification. */
class NormalisationTest {
    @Test
    void workedNumbers() throws IOException {
        JsonNode vector = null;
        try (InputStream in = NormalisationTest.class.getResourceAsStream("/spec/reward-models.json")) {
            for (JsonNode one : new JsonMapper().readTree(in).get("vectors")) {
                vector = one.get("name").asText().equals("rm-normalisation") ? one : vector;
            }
        }
        JsonNode in = vector.get("inputs");
        Normalisation scale = Normalisation.of(numbers(in.get("reference_scores")));
        assertThat(scale.shift()).isCloseTo(vector.at("/expected/shift").asDouble(), within(1e-9));
        assertThat(scale.scale()).isCloseTo(vector.at("/expected/scale").asDouble(), within(1e-9));
        double[] scores = numbers(in.get("scores"));
        for (int i = 0; i < scores.length; i++) {
            assertThat(scale.of(scores[i]))
                    .isCloseTo(vector.at("/expected/normalised/" + i).asDouble(9), within(1e-9));
            assertThat(scale.of(scores[i], in.get("clip").asDouble()))
                    .isCloseTo(vector.at("/expected/clipped/" + i).asDouble(9), within(1e-9));
        }
    }

    private static double[] numbers(JsonNode node) {
        return IntStream.range(0, node.size())
                .mapToDouble(i -> node.get(i).asDouble())
                .toArray();
    }

    @Test
    void rewardsThatDoNotDifferGiveNoScale() {
        for (double[] rewards : new double[][] {{}, {1}, {2, 2, 2}, {1, 1 + 1e-9}, {0, Double.NaN}}) {
            assertThatThrownBy(() -> Normalisation.of(rewards)).hasMessageContaining("give no scale");
        }
        assertThat(Normalisation.of(new double[] {-1e4, 1e4}).of(1e4)).isEqualTo(1);
        assertThat(new Normalisation(0, 1).of(Double.NaN, 2)).isNaN();
    }
}
