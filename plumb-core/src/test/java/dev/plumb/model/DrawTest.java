package dev.plumb.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;

import java.util.Arrays;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DrawTest {
    private static final int VOCABULARY = 1301; // odd, as tokens go in pairs

    private static double[] logits(long seed, double spread) {
        SplittableRandom random = new SplittableRandom(seed);
        return IntStream.range(0, VOCABULARY)
                .mapToDouble(i -> (float) (spread * random.nextGaussian()))
                .toArray();
    }

    @ParameterizedTest
    @CsvSource({
        "1, 0, 1, 0",
        "1, 1, 1, 0",
        "1, 5, 1, 0",
        "0.7, 700, 1, 0",
        "1, 1301, 1, 0",
        "1, 5000, 1, 0",
        "1, 0, 0.9, 0",
        "1, 0, 0.999999, 0",
        "2, 0, 0.1, 0",
        "1, 0, 1e-9, 0",
        "5, 0, 0.7, 0",
        "1, 0, 1, 0.05",
        "1, 0, 1, 1",
        "1, 0, 1, 1e-5",
        "0.8, 40, 0.95, 0.02",
        "3, 200, 0.99, 0.3",
        "0.05, 3, 0.5, 0"
    })
    void drawsFromTheTokensThatPlainTruncationKeeps(double temperature, int topK, double topP, double minP) {
        for (double spread : new double[] {0.1, 2, 20}) {
            double[] logits = logits(3, spread);
            Sampling sampling = new Sampling(1, temperature, topK, topP, minP, 1, Set.of(), 1);
            double[] whole = PlainSampling.softmax(logits, temperature);
            double[] kept = PlainSampling.truncated(logits, sampling);
            double mass = IntStream.range(0, VOCABULARY)
                    .filter(i -> kept[i] > 0)
                    .mapToDouble(i -> whole[i])
                    .sum();
            float[] p = PlainSampling.floats(whole);
            Draw draw = new Draw(sampling, 0, 0);
            boolean[] drawn = new boolean[VOCABULARY];
            for (int i = 0; i < 2000; i++) {
                Draw.Token token = draw.next(p, 0, VOCABULARY);
                assertThat(kept[token.id()]).isPositive();
                assertThat(token.kept()).isCloseTo(mass, offset(1e-5));
                drawn[token.id()] = true;
            }
            for (int i = 0; i < VOCABULARY; i++) {
                // What is left out with a chance below 10⁻⁸ would be a mistake.
                assertThat(drawn[i] || kept[i] < 0.01).isTrue();
            }
        }
    }

    @Test
    void frequenciesAreTheProbabilities() {
        double[] whole = PlainSampling.softmax(logits(4, 1.5), 1);
        float[] p = new float[VOCABULARY + 10]; // the row does not begin at 0
        System.arraycopy(PlainSampling.floats(whole), 0, p, 10, VOCABULARY);
        int draws = 400_000;
        int[] counts = new int[VOCABULARY];
        Draw draw = new Draw(Sampling.of(1, 1, Set.of(), 9), 1, 2);
        for (int i = 0; i < draws; i++) {
            counts[draw.next(p, 10, VOCABULARY).id()]++;
        }
        double chiSquare = IntStream.range(0, VOCABULARY)
                .mapToDouble(i -> Math.pow(counts[i] - draws * whole[i], 2) / (draws * whole[i]))
                .sum();
        // Mean 1300, standard deviation 51.
        assertThat(chiSquare).isBetween(1300.0 - 5 * 51, 1300.0 + 5 * 51);
    }

    @Test
    void streamsOfNeighboursHaveNothingInCommon() {
        float[] p = new float[VOCABULARY];
        Arrays.fill(p, 1f / VOCABULARY);
        Set<String> seen = new java.util.HashSet<>();
        int windows = 0;
        for (long seed = 0; seed < 6; seed++) {
            for (int prompt = 0; prompt < 6; prompt++) {
                for (int sample = 0; sample < 6; sample++) {
                    Draw draw = new Draw(Sampling.of(1, 1, Set.of(), seed), prompt, sample);
                    int[] ids = IntStream.range(0, 12)
                            .map(i -> draw.next(p, 0, VOCABULARY).id())
                            .toArray();
                    for (int at = 0; at + 4 <= ids.length; at++) {
                        seen.add(Arrays.toString(Arrays.copyOfRange(ids, at, at + 4)));
                        windows++;
                    }
                }
            }
        }
        assertThat(seen).hasSize(windows);
        Draw one = new Draw(Sampling.of(1, 1, Set.of(), 3), 4, 5);
        Draw again = new Draw(Sampling.of(9, 1, Set.of(7), 3), 4, 5);
        for (int i = 0; i < 20; i++) {
            assertThat(one.next(p, 0, VOCABULARY)).isEqualTo(again.next(p, 0, VOCABULARY));
        }
    }

    /** As if the logits had been computed in another order: the draw must not move with the last bits. */
    @Test
    void lastBitsChangeNoDraw() {
        float[] p = PlainSampling.floats(PlainSampling.softmax(logits(4, 0.3), 1));
        float[] almost = p.clone();
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < p.length; i++) {
            almost[i] *= (float) (1 + 2e-6 * (random.nextDouble() - 0.5));
        }
        assertThat(almost).isNotEqualTo(p);
        Draw one = new Draw(Sampling.of(1, 1, Set.of(), 9), 1, 2);
        Draw other = new Draw(Sampling.of(1, 1, Set.of(), 9), 1, 2);
        for (int i = 0; i < 20_000; i++) {
            assertThat(other.next(almost, 0, VOCABULARY)).isEqualTo(one.next(p, 0, VOCABULARY));
        }
    }

    /** A token of probability 0 is never drawn. */
    @Test
    void whatHasNoProbabilityIsNotDrawn() {
        float[] p = new float[VOCABULARY];
        p[511] = 1e-30f;
        p[512] = 1e-30f;
        Draw draw = new Draw(Sampling.of(1, 1, Set.of(), 9), 1, 2);
        int[] counts = new int[2];
        for (int i = 0; i < 1000; i++) {
            counts[draw.next(p, 0, VOCABULARY).id() - 511]++;
        }
        assertThat(counts[0]).isBetween(400, 600);
    }
}
