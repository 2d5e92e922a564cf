package dev.plumb.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OrderTest {
    private static List<Long> epoch(Order order, long epoch) {
        return LongStream.range(0, order.size())
                .mapToObj(position -> order.row(epoch, position))
                .toList();
    }

    private static Map<Long, Integer> visits(Order order, long epoch) {
        Map<Long, Integer> visits = new TreeMap<>();
        epoch(order, epoch).forEach(row -> visits.merge(row, 1, Integer::sum));
        return visits;
    }

    private static Order oneFile(long rows, long seed) {
        return new Order(List.of(new Order.Part(0, rows, 1)), seed, true);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 7, 255, 256, 257, 1000, 4097})
    void anEpochVisitsEveryRowOnce(long rows) {
        for (long seed = 0; seed < 5; seed++) {
            assertThat(epoch(oneFile(rows, seed), seed))
                    .containsExactlyInAnyOrderElementsOf(
                            LongStream.range(0, rows).boxed().toList());
        }
    }

    /** A changed order would change every resumed run and every published number: these are fixed for good. */
    @Test
    void theOrderIsPinned() {
        assertThat(epoch(oneFile(10, 42), 0)).containsExactly(1L, 5L, 9L, 4L, 2L, 6L, 0L, 3L, 7L, 8L);
        assertThat(epoch(oneFile(10, 42), 1)).containsExactly(8L, 6L, 0L, 2L, 3L, 7L, 4L, 5L, 1L, 9L);
        assertThat(epoch(oneFile(10, 43), 0)).containsExactly(9L, 2L, 0L, 8L, 1L, 3L, 6L, 7L, 4L, 5L);
        Order large = oneFile(3_000_000_000L, 42);
        assertThat(List.of(large.row(0, 0), large.row(0, 1), large.row(7, 2_999_999_999L)))
                .containsExactly(2898469254L, 974171508L, 345772263L);
    }

    /** Chi-square over 5! orders of five rows: 119 degrees of freedom, mean 119, standard deviation 15.4. */
    @Test
    void allOrdersAreAboutEquallyLikely() {
        Map<List<Long>, Integer> seen = new HashMap<>();
        int draws = 24_000;
        for (int seed = 0; seed < draws; seed++) {
            seen.merge(epoch(oneFile(5, seed), 0), 1, Integer::sum);
        }
        double expected = draws / 120.0;
        double chiSquare = seen.values().stream()
                        .mapToDouble(times -> (times - expected) * (times - expected) / expected)
                        .sum()
                + (120 - seen.size()) * expected;
        assertThat(chiSquare).isBetween(60.0, 180.0);
    }

    @Test
    void filesAreVisitedByTheirWeights() {
        Order order = new Order(
                List.of(new Order.Part(0, 4, 1), new Order.Part(4, 10, 2.5), new Order.Part(14, 8, 0.25)), 7, true);
        assertThat(order.size()).isEqualTo(4 + 25 + 2);
        List<Integer> quarterRows = new ArrayList<>();
        for (long epoch = 0; epoch < 4; epoch++) {
            Map<Long, Integer> visits = visits(order, epoch);
            for (long row = 0; row < 4; row++) {
                assertThat(visits.get(row)).isEqualTo(1);
            }
            int three = 0;
            for (long row = 4; row < 14; row++) {
                assertThat(visits.get(row)).isBetween(2, 3);
                three += visits.get(row) - 2;
            }
            assertThat(three).isEqualTo(5);
            visits.keySet().stream().filter(row -> row >= 14).forEach(row -> quarterRows.add(row.intValue()));
        }
        assertThat(quarterRows)
                .as("over four epochs a file of weight 0.25 is seen whole, each row once")
                .containsExactlyInAnyOrder(14, 15, 16, 17, 18, 19, 20, 21);
    }

    @Test
    void unshuffledRowsComeAsTheyStand() {
        Order order = new Order(List.of(new Order.Part(0, 3, 1), new Order.Part(3, 2, 2)), 7, false);
        assertThat(epoch(order, 5)).containsExactly(0L, 1L, 2L, 3L, 4L, 3L, 4L);
    }

    @Test
    void aTinyWeightStillTakesARow() {
        assertThat(new Order(List.of(new Order.Part(0, 3, 0.01)), 1, true).size())
                .isEqualTo(1);
    }

    @Test
    void positionsOutsideTheEpochAreRefused() {
        Order order = oneFile(3, 0);
        assertThatThrownBy(() -> order.row(0, 3)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> order.row(0, -1)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThat(new Order(List.of(), 0, true).size()).isZero();
    }
}
