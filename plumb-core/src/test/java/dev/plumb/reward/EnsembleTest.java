package dev.plumb.reward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.plumb.reward.Ensemble.Aggregation;
import java.io.IOException;
import java.io.InputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Several members' rewards as one, against the worked numbers of the specification. */
class EnsembleTest {
    private static JsonNode vector() throws IOException {
        try (InputStream in = EnsembleTest.class.getResourceAsStream("/spec/reward-models.json")) {
            for (JsonNode vector : new JsonMapper().readTree(in).get("vectors")) {
                if (vector.get("name").asText().equals("rm-ensemble")) {
                    return vector;
                }
            }
        }
        throw new IllegalStateException("rm-ensemble is missing");
    }

    @ParameterizedTest
    @EnumSource
    void workedNumbers(Aggregation aggregation) throws IOException {
        JsonNode vector = vector();
        JsonNode in = vector.get("inputs");
        Ensemble ensemble = new Ensemble(
                aggregation, in.get("k").asDouble(), in.get("variance_weight").asDouble());
        for (int answer = 0; answer < 3; answer++) {
            double[] members = new double[3];
            for (int member = 0; member < 3; member++) {
                members[member] =
                        in.at("/member_scores/" + member + "/" + answer).asDouble();
            }
            assertThat(ensemble.reward(members))
                    .isCloseTo(
                            vector.at("/expected/" + aggregation + "/" + answer).asDouble(9), within(1e-9));
            assertThat(Ensemble.spread(members))
                    .isCloseTo(vector.at("/expected/std_population/" + answer).asDouble(9), within(1e-9));
        }
    }

    @ParameterizedTest
    @EnumSource
    void oneMemberIsItself(Aggregation aggregation) {
        assertThat(new Ensemble(aggregation, 3, 7).reward(new double[] {-1.25})).isEqualTo(-1.25);
    }

    @ParameterizedTest
    @EnumSource
    void whatIsNoNumberStaysSoAndFarMembersStayNumbers(Aggregation aggregation) {
        Ensemble ensemble = new Ensemble(aggregation, 1, 0.5);
        assertThat(ensemble.reward(new double[] {1, Double.NaN})).isNaN();
        assertThat(ensemble.reward(new double[] {1e4, -1e4})).isFinite().isLessThanOrEqualTo(0);
    }

    @Test
    void noMemberIsNoEnsemble() {
        assertThatThrownBy(() -> new Ensemble(Aggregation.MEAN, 1, 1).reward(new double[0]))
                .hasMessageContaining("at least one member");
        assertThatThrownBy(() -> new Ensemble(Aggregation.MEAN, -1, 1)).hasMessageContaining("0 or more");
    }
}
