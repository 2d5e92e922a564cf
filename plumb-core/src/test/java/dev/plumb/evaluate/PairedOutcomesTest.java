package dev.plumb.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

class PairedOutcomesTest {
    @Test
    void countsWhereTheModelsDiffer() {
        List<Boolean> first = outcomes("101101110110");
        List<Boolean> second = outcomes("100100101010");
        assertThat(PairedOutcomes.of(first, second)).isEqualTo(new PairedOutcomes(1, 4));
        assertThatIllegalArgumentException().isThrownBy(() -> PairedOutcomes.of(first, List.of(true)));
    }

    private static List<Boolean> outcomes(String digits) {
        return digits.chars().mapToObj(digit -> digit == '1').toList();
    }

    @Test
    void probabilityIsExact() {
        assertThat(new PairedOutcomes(1, 4).pValue()).isCloseTo(0.375, within(1e-12));
        assertThat(new PairedOutcomes(0, 6).pValue()).isCloseTo(2.0 / 64, within(1e-12));
        assertThat(new PairedOutcomes(0, 0).pValue()).isEqualTo(1);
        assertThat(new PairedOutcomes(3, 3).pValue()).isEqualTo(1);
    }

    /** 2 to the power of minus 2,000 is no double. */
    @Test
    void holdsForManyPrompts() {
        assertThat(new PairedOutcomes(1000, 1000).pValue()).isCloseTo(1, within(1e-9));
        // The normal approximation with continuity correction: z = (100 - 1) / sqrt(2000).
        assertThat(new PairedOutcomes(1050, 950).pValue()).isCloseTo(0.02685, within(2e-4));
    }

    @Test
    void judgesBothWays() {
        assertThat(new PairedOutcomes(6, 0).better()).isTrue();
        assertThat(new PairedOutcomes(0, 6).worse()).isTrue();
        assertThat(new PairedOutcomes(5, 0).better()).isFalse(); // p = 0.0625
        assertThat(new PairedOutcomes(6, 0).worse()).isFalse();
    }
}
