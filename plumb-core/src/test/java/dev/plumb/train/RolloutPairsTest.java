package dev.plumb.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.plumb.hub.Checkpoint;
import dev.plumb.objective.PolicyObjective;
import dev.plumb.tensor.Device;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Completions that belong together are in one step and in one part of it, however many there are of each. */
class RolloutPairsTest {
    private static final double[] NONE = new double[0];

    private static Rollout rollout(int groups, int size) {
        List<Written> written = new ArrayList<>();
        List<double[]> advantages = new ArrayList<>();
        boolean[] kept = new boolean[groups * size];
        Arrays.fill(kept, true);
        for (int i = 0; i < groups * size; i++) {
            int[] ids = IntStream.range(0, 1 + i % 5).toArray();
            written.add(new Written(i / size, new int[] {1, 2, 3}, ids, true, NONE, NONE, NONE, NONE, NONE));
            advantages.add(new double[ids.length]);
        }
        return new Rollout(
                written.size(),
                size,
                written,
                new PolicyObjective.Credit(advantages, List.of(), kept, NONE, List.of()),
                List.of(),
                false);
    }

    @Test
    void groupsStayWholeAlsoWhereStepsCannotBeEqual() {
        Rollout rollout = rollout(5, 4);
        for (int walk = 0; walk < 2; walk++) {
            Set<Integer> seen = new HashSet<>();
            for (int share = 0; share < 3; share++) {
                List<Integer> rows = rollout.step(3 * walk + share, 3, 9, true);
                assertThat(rows.size() % 4).isZero();
                for (int at = 0; at < rows.size(); at += 4) {
                    int first = rows.get(at);
                    assertThat(first % 4).isZero();
                    assertThat(rows.subList(at, at + 4)).containsExactly(first, first + 1, first + 2, first + 3);
                }
                seen.addAll(rows);
            }
            assertThat(seen).hasSize(20);
        }
        assertThat(IntStream.range(0, 3).map(s -> rollout.step(s, 3, 9, false).size()))
                .containsExactly(6, 7, 7); // where groups may be broken, steps are as equal as can be
    }

    @ParameterizedTest
    @EnumSource(Packing.Style.class)
    void pairsAreInOnePartAndOthersFillIt(Packing.Style style, @TempDir Path folder) {
        TinyRun tiny = TinyRun.make(folder);
        Rollout rollout = rollout(6, 4);
        List<Integer> chosen = List.of(0, 3, 5, 6, 8, 9, 13, 15, 16, 18, 21, 22); // two of each group
        try (Checkpoint checkpoint = Checkpoint.load(tiny.model(), Optional.empty(), Device.CPU)) {
            Policy policy = Policy.at(1, checkpoint.decoder());
            List<Integer> parts = new ArrayList<>();
            for (int tokens : new int[] {1, 12, 20, 33, 1000}) {
                RolloutScorer scorer = new RolloutScorer(policy, Optional.empty(), Optional.empty(), tokens, style);
                List<Integer> seen = new ArrayList<>();
                for (RolloutPart part : scorer.parts(rollout.written(), chosen, 2)) {
                    for (int at = 0; at < part.rows().size(); at += 2) {
                        assertThat(part.rows().get(at) / 4)
                                .isEqualTo(part.rows().get(at + 1) / 4);
                    }
                    int held = part.rows().stream()
                            .mapToInt(i -> rollout.written().get(i).ids().length)
                            .sum();
                    assertThat(part.rows().size() == 2 || held < tokens).isTrue();
                    seen.addAll(part.rows());
                }
                assertThat(seen).isEqualTo(chosen);
                parts.add(scorer.parts(rollout.written(), chosen, 2).size());
            }
            assertThat(parts).startsWith(6).endsWith(1);
            assertThat(parts.get(3)).isBetween(2, 5);
            RolloutScorer scorer = new RolloutScorer(policy, Optional.empty(), Optional.empty(), 9, style);
            assertThatThrownBy(() -> scorer.parts(rollout.written(), List.of(0, 1, 4), 2))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("not 2 of each prompt");
        }
    }
}
