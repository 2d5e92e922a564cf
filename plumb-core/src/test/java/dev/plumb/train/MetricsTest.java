package dev.plumb.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.plumb.objective.Measure;
import org.junit.jupiter.api.Test;

class MetricsTest {
    @Test
    void doNotDependOnHowABatchWasSplit() {
        double[] losses = {1, 2, 4, 8, 16};
        Metrics whole = new Metrics();
        for (double loss : losses) {
            put(whole, loss);
        }
        for (int cut = 1; cut < losses.length; cut++) {
            Metrics first = new Metrics();
            Metrics second = new Metrics();
            for (int i = 0; i < losses.length; i++) {
                put(i < cut ? first : second, losses[i]);
            }
            first.merge(second);
            assertThat(first.values()).isEqualTo(whole.values());
        }
        assertThat(whole.values())
                .containsEntry("loss", 31.0 / 5)
                .containsEntry("num_tokens", 15.0)
                .containsEntry("shortest", 1.0)
                .containsEntry("longest", 16.0);
    }

    @Test
    void takeMeansAndExtremaOfObjectives() {
        Metrics metrics = new Metrics();
        for (double value : new double[] {3, 1, 2}) {
            metrics.add(new Measure("mean", value, 1));
            metrics.add(new Measure("least", value, 1, Measure.Fold.MIN));
            metrics.add(new Measure("most", value, 1, Measure.Fold.MAX));
        }
        assertThat(metrics.values())
                .containsEntry("mean", 2.0)
                .containsEntry("least", 1.0)
                .containsEntry("most", 3.0);
    }

    private static void put(Metrics metrics, double loss) {
        metrics.add("loss", loss, 1);
        metrics.total("num_tokens", 3);
        metrics.min("shortest", loss);
        metrics.max("longest", loss);
    }

    @Test
    void keepTheOrderOfFirstMention() {
        Metrics metrics = new Metrics();
        metrics.add("z", 1, 1);
        metrics.set("a", 2);
        metrics.add("z", 1, 1);
        assertThat(metrics.values().keySet()).containsExactly("z", "a");
    }

    @Test
    void neverHideWhatIsNotANumber() {
        Metrics metrics = new Metrics();
        metrics.add("loss", Double.NaN, 1);
        metrics.add("loss", 1, 1);
        metrics.max("longest", 1);
        metrics.max("longest", Double.NaN);
        metrics.min("shortest", Double.NaN);
        metrics.min("shortest", 1);
        metrics.add("norm", Double.POSITIVE_INFINITY, 2);
        metrics.add("hollow", 1, 0);
        assertThat(metrics.values().get("loss")).isNaN();
        assertThat(metrics.values().get("longest")).isNaN();
        assertThat(metrics.values().get("shortest")).isNaN();
        assertThat(metrics.values().get("norm")).isInfinite();
        assertThat(metrics.values().get("hollow")).isInfinite();
    }

    @Test
    void aMeanOverNothingIsLeftOut() {
        Metrics metrics = new Metrics();
        metrics.add("accuracy", 0, 0);
        assertThat(metrics.values()).isEmpty();
        metrics.add("accuracy", 0, 2);
        assertThat(metrics.values()).containsEntry("accuracy", 0.0);
    }

    @Test
    void refuseTwoKindsUnderOneNameAndNegativeCounts() {
        Metrics metrics = new Metrics();
        metrics.add("loss", 1, 1);
        assertThatThrownBy(() -> metrics.max("loss", 1)).hasMessageContaining("loss");
        assertThatThrownBy(() -> metrics.add("loss", 1, -1)).hasMessageContaining("-1");
        assertThatThrownBy(() -> metrics.add("loss", 1, Double.NaN)).hasMessageContaining("NaN");
    }
}
