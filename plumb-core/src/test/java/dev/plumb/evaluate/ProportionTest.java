package dev.plumb.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

class ProportionTest {
    /** Published values of the interval, computed by independent software. */
    @Test
    void intervalIsWilsons() {
        check(37, 60, 0.49017595824099924, 0.7291172762591798);
        check(0, 60, 0, 0.06017185214208986);
        check(60, 60, 0.93982814785791, 1);
        check(1, 10, 0.017876213095072896, 0.4041500267952385);
    }

    private static void check(long count, long of, double low, double high) {
        Proportion share = new Proportion(count, of);
        assertThat(share.low()).isCloseTo(low, within(1e-9));
        assertThat(share.high()).isCloseTo(high, within(1e-9));
        assertThat(share.value()).isBetween(share.low(), share.high());
    }

    @Test
    void countsOutcomes() {
        assertThat(Proportion.of(List.of(true, false, true))).isEqualTo(new Proportion(2, 3));
    }

    @Test
    void refusesWhatIsNoShare() {
        assertThatIllegalArgumentException().isThrownBy(() -> new Proportion(4, 3));
        assertThatIllegalArgumentException().isThrownBy(() -> Proportion.of(List.of()));
    }
}
