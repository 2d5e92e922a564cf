package dev.plumb.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class TallyTest {
    @Test
    void quantilesAreExact() {
        Tally tally = new Tally();
        IntStream.rangeClosed(1, 1000).forEach(i -> tally.add(1001 - i));
        assertThat(tally.quantile(0.5)).isEqualTo(500);
        assertThat(tally.quantile(0.995)).isEqualTo(995);
        assertThat(tally.quantile(1)).isEqualTo(1000);
        assertThat(tally.quantile(0)).isEqualTo(1);
        assertThat(tally.mean()).isEqualTo(500.5);
        assertThat(tally.min()).isEqualTo(1);
        assertThat(tally.max()).isEqualTo(1000);
    }

    @Test
    void binsArePowersOfTwo() {
        Tally tally = new Tally();
        IntStream.of(0, 1, 2, 3, 4, 5, 8, 9).forEach(tally::add);
        assertThat(tally.histogram()).isEqualTo(Map.of(1, 2L, 2, 1L, 4, 2L, 8, 2L, 16, 1L));
    }

    @Test
    void nothingCountedIsZero() {
        Tally tally = new Tally();
        assertThat(tally.quantile(0.5)).isZero();
        assertThat(tally.mean()).isZero();
        assertThat(tally.max()).isZero();
        assertThat(tally.histogram()).isEmpty();
    }

    @Test
    void duplicatesAreCountedExactlyWhileTheyFit() {
        Duplicates duplicates = new Duplicates(100);
        for (int i = 0; i < 150; i++) {
            duplicates.add(Permutation.mix(i % 100));
        }
        assertThat(duplicates.count()).isEqualTo(50);
        assertThat(duplicates.exact()).isTrue();
    }

    @Test
    void manyDuplicatesAreEstimated() {
        Duplicates duplicates = new Duplicates(4_000);
        for (int i = 0; i < 200_000; i++) {
            duplicates.add(Permutation.mix(i % 150_000));
        }
        assertThat(duplicates.exact()).isFalse();
        assertThat(duplicates.count()).isBetween(42_000L, 58_000L);
    }
}
