package dev.plumb.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.plumb.data.Example;
import dev.plumb.data.Stores;
import dev.plumb.data.TokenJudged;
import dev.plumb.data.TokenSteps;
import dev.plumb.data.TokenStore;
import dev.plumb.model.Architecture;
import dev.plumb.model.Decoder;
import dev.plumb.model.Layout;
import dev.plumb.model.Models;
import dev.plumb.model.Weights;
import dev.plumb.objective.OutcomeReward;
import dev.plumb.objective.OutcomeReward.ReadAt;
import dev.plumb.objective.ProcessReward;
import dev.plumb.objective.StepMeasures;
import dev.plumb.reward.Aggregate;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.Functional;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Loss, metrics and gradients of judged steps are those of autograd alone, however rows are laid out, split and computed. */
class StepLoopTest {
    private static final double UNKNOWN = Double.NaN;

    @TempDir
    private Path folder;

    private static Decoder classifier() {
        Architecture shape = Models.llama(50, 24, 2, 4, 2).classifying(2, "score");
        return new Decoder(shape, Weights.random(shape, 0.3, 1, Device.CPU));
    }

    private static Decoder scorer() {
        Architecture shape = Models.llama(50, 24, 2, 4, 2).scoring(1);
        return new Decoder(shape, Weights.random(shape, 0.3, 1, Device.CPU));
    }

    private static int[] ids(int seed, int count) {
        return new Random(seed).ints(count, 0, 50).toArray();
    }

    /** Hard, soft and missing labels; solutions of one step and of many, two to one problem. */
    private static final List<TokenSteps> ROWS = List.of(
            new TokenSteps(ids(1, 5), ids(2, 9), new int[] {2, 3, 8}, new double[] {1, UNKNOWN, 0.3}),
            new TokenSteps(ids(1, 5), ids(3, 1), new int[] {0}, new double[] {0}),
            new TokenSteps(ids(4, 1), ids(5, 20), new int[] {1, 5, 9, 19}, new double[] {1, 1, 0, UNKNOWN}),
            new TokenSteps(ids(6, 2), ids(7, 3), new int[] {1, 2}, new double[] {1, 0.75}));

    private static StepLoop process(Decoder decoder, Optimisation way, ProcessReward.Normalise how, boolean lastOnly) {
        return new StepLoop(
                decoder,
                way,
                new ProcessReward(new ProcessReward.Config(how)),
                new StepLoop.Reading(Places.steps(lastOnly), Places.steps(false), StepMeasures::ofSteps, Aggregate.MIN),
                Optional.empty(),
                false);
    }

    private static StepLoop outcome(Decoder decoder, Optimisation way, ReadAt readAt, boolean frozen) {
        return new StepLoop(
                decoder,
                way,
                new OutcomeReward(),
                new StepLoop.Reading(
                        Places.outcomes(readAt),
                        Places.outcomes(ReadAt.LAST),
                        StepMeasures::ofOutcomes,
                        Aggregate.LAST),
                Optional.empty(),
                frozen);
    }

    private static int[] joined(int[] a, int[] b) {
        return IntStream.concat(Arrays.stream(a), Arrays.stream(b)).toArray();
    }

    /** −log softmax of the labels' mixture, row by row, each place by itself. */
    private static double plain(Decoder decoder, boolean perRow, boolean lastOnly) {
        try (Scope scope = Scope.open()) {
            List<Tensor> losses = new ArrayList<>();
            List<Double> weights = new ArrayList<>();
            int rows = 0;
            for (TokenSteps row : ROWS) {
                int[] ids = joined(row.prompt(), row.completion());
                Tensor hidden = decoder.hidden(Layout.of(List.of(ids)));
                Tensor bias = decoder.weights().get("score.bias");
                Tensor logits = hidden.matmul(decoder.head().transpose(0, 1)).add(bias);
                Tensor logp = Functional.logSoftmax(logits, 1);
                List<Integer> known = IntStream.range(lastOnly ? row.ends().length - 1 : 0, row.ends().length)
                        .filter(j -> !Double.isNaN(row.labels()[j]))
                        .boxed()
                        .toList();
                rows += known.isEmpty() ? 0 : 1;
                for (int j : known) {
                    Tensor at = logp.narrow(0, row.prompt().length + row.ends()[j], 1);
                    double label = row.labels()[j];
                    losses.add(at.narrow(1, 1, 1)
                            .mul(-label)
                            .add(at.narrow(1, 0, 1).mul(label - 1))
                            .reshape(1));
                    weights.add(perRow ? 1.0 / known.size() : 1.0);
                }
            }
            Tensor sum = losses.get(0).mul(0);
            for (int i = 0; i < losses.size(); i++) {
                sum = sum.add(losses.get(i).mul(weights.get(i) / (perRow ? rows : losses.size())));
            }
            sum.sum().backward();
            return sum.sum().item();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"GLOBAL", "PER_ROW", "LAST"})
    void allWaysAgree(String how) {
        Decoder decoder = classifier();
        boolean lastOnly = how.equals("LAST");
        ProcessReward.Normalise normalise =
                lastOnly ? ProcessReward.Normalise.GLOBAL : ProcessReward.Normalise.valueOf(how);
        try (Weights weights = decoder.weights();
                TokenStore store = Stores.of(folder, ROWS);
                AdamW optimizer = new AdamW(weights.all(), Plain.optimisation().adam())) {
            double want = plain(decoder, how.equals("PER_ROW"), lastOnly);
            Map<String, double[]> gradients = Plain.gradients(decoder, optimizer);
            assertThat(gradients).containsKeys("score.weight", "score.bias");
            Map<String, Double> measured = null;
            for (String layout : List.of("padding_free=false", "padding_free=true")) {
                for (String more : List.of(
                        "micro_batch_tokens=1",
                        "micro_batch_tokens=22",
                        "micro_batch_tokens=1000000",
                        "gradient_checkpointing=true")) {
                    StepLoop loop = process(decoder, Plain.optimisation(layout, more), normalise, lastOnly);
                    Map<String, Double> got =
                            loop.learn(optimizer, store, store.rows()).values();
                    assertThat(got.get("loss")).as(layout + more).isCloseTo(want, within(1e-5));
                    Plain.assertSame(Plain.gradients(decoder, optimizer), gradients, 1e-4);
                    Map<String, Double> now = loop.evaluate(store, store.rows()).values();
                    measured = measured == null ? now : measured;
                    for (Map.Entry<String, Double> one : measured.entrySet()) {
                        assertThat(now.get(one.getKey())).as(one.getKey()).isCloseTo(one.getValue(), within(1e-4));
                    }
                }
            }
            assertThat(measured).containsKeys("prm/step_accuracy", "prm/step_auc", "prm/f1", "prm/ece");
            assertThat(measured.get("best_of_n/problems")).isEqualTo(1); // two rows have one prompt
            assertThat(measured.get("labels/positive_share")).isCloseTo(5 / 8.0, within(1e-9));
        }
    }

    @Test
    void theScorerGivesTheScoresThatWereMeasured() {
        Decoder decoder = classifier();
        try (Weights weights = decoder.weights();
                TokenStore store = Stores.of(folder, ROWS)) {
            List<double[]> scores = new Scorer(decoder)
                    .steps(
                            ROWS.stream()
                                    .map(row -> joined(row.prompt(), row.completion()))
                                    .toList(),
                            ROWS.stream()
                                    .map(row -> Arrays.stream(row.ends())
                                            .map(end -> row.prompt().length + end)
                                            .toArray())
                                    .toList());
            assertThat(scores).extracting(one -> one.length).containsExactly(3, 1, 4, 2);
            double loss = 0;
            int labelled = 0;
            for (int row = 0; row < ROWS.size(); row++) {
                double[] labels = ROWS.get(row).labels();
                for (int j = 0; j < labels.length; j++) {
                    if (!Double.isNaN(labels[j])) {
                        double c = scores.get(row)[j];
                        loss -= labels[j] * Math.log(c) + (1 - labels[j]) * Math.log(1 - c);
                        labelled++;
                    }
                }
            }
            StepLoop loop = process(decoder, Plain.optimisation(), ProcessReward.Normalise.GLOBAL, false);
            assertThat(loop.evaluate(store, store.rows()).values().get("loss"))
                    .isCloseTo(loss / labelled, within(1e-5));
        }
    }

    private static final List<TokenJudged> JUDGED = List.of(
            new TokenJudged(ids(1, 3), ids(2, 4), true),
            new TokenJudged(ids(1, 3), ids(3, 1), false),
            new TokenJudged(ids(4, 6), ids(5, 2), false));

    private static double plainOutcome(Decoder decoder, ReadAt readAt) {
        try (Scope scope = Scope.open()) {
            Tensor sum = null;
            int places = 0;
            for (TokenJudged row : JUDGED) {
                int[] ids = joined(row.prompt(), row.completion());
                int first = readAt == ReadAt.LAST ? ids.length - 1 : row.prompt().length;
                Tensor z = decoder.hidden(Layout.of(List.of(ids)))
                        .narrow(0, first, ids.length - first)
                        .matmul(decoder.head().transpose(0, 1));
                Tensor loss =
                        Functional.logSigmoid(row.desirable() ? z : z.neg()).sum();
                sum = sum == null ? loss : sum.add(loss);
                places += ids.length - first;
            }
            Tensor mean = sum.div(-places);
            mean.backward();
            return mean.item();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"LAST", "TOKENS"})
    void outcomesAtTheLastTokenOrAtAll(String where) {
        Decoder decoder = scorer();
        ReadAt readAt = ReadAt.valueOf(where);
        try (Weights weights = decoder.weights();
                TokenStore store = Stores.of(folder, JUDGED);
                AdamW optimizer = new AdamW(weights.all(), Plain.optimisation().adam())) {
            double want = plainOutcome(decoder, readAt);
            Map<String, double[]> gradients = Plain.gradients(decoder, optimizer);
            for (String way : List.of("micro_batch_tokens=1", "micro_batch_tokens=1000000", "padding_free=false")) {
                StepLoop loop = outcome(decoder, Plain.optimisation(way), readAt, false);
                Map<String, Double> got =
                        loop.learn(optimizer, store, store.rows()).values();
                assertThat(got.get("loss")).isCloseTo(want, within(1e-5));
                Plain.assertSame(Plain.gradients(decoder, optimizer), gradients, 1e-4);
                assertThat(loop.evaluate(store, store.rows()).values())
                        .containsKeys("accuracy", "auc", "brier", "recall/good", "best_of_n/accuracy");
            }
        }
    }

    @Test
    void aFrozenBackboneHasTheSameGradientOfItsHead() {
        Decoder decoder = classifier();
        try (Weights weights = decoder.weights();
                TokenStore store = Stores.of(folder, ROWS)) {
            StepLoop frozen = new StepLoop(
                    decoder,
                    Plain.optimisation("micro_batch_tokens=22"),
                    new ProcessReward(new ProcessReward.Config(ProcessReward.Normalise.GLOBAL)),
                    new StepLoop.Reading(
                            Places.steps(false), Places.steps(false), StepMeasures::ofSteps, Aggregate.MIN),
                    Optional.empty(),
                    true);
            assertThat(frozen.trained(decoder)).containsOnlyKeys("score.weight", "score.bias");
            double[] bias;
            try (AdamW optimizer =
                    new AdamW(frozen.trained(decoder), Plain.optimisation().adam())) {
                frozen.learn(optimizer, store, store.rows());
                bias = optimizer.gradient("score.bias").toDoubles();
            }
            weights.all()
                    .forEach((name, tensor) ->
                            assertThat(tensor.hasGrad()).as(name).isEqualTo(name.startsWith("score.")));
            Decoder again = classifier(); // whose gradients nothing was added to
            try (Weights others = again.weights();
                    AdamW optimizer =
                            new AdamW(others.all(), Plain.optimisation().adam())) {
                plain(again, false, false);
                double[] want = optimizer.gradient("score.bias").toDoubles();
                assertThat(Math.abs(want[0])).isGreaterThan(1e-3);
                assertThat(bias[0]).isCloseTo(want[0], within(1e-5));
                assertThat(bias[1]).isCloseTo(want[1], within(1e-5));
            }
        }
    }

    @Test
    void aStepInWhichNothingIsLabelledIsNoFault() {
        Decoder decoder = classifier();
        List<Example> rows = List.of(new TokenSteps(ids(1, 2), ids(2, 4), new int[] {1, 3}, new double[] {1, UNKNOWN}));
        try (Weights weights = decoder.weights();
                TokenStore store = Stores.of(folder, rows);
                AdamW optimizer = new AdamW(weights.all(), Plain.optimisation().adam())) {
            StepLoop loop = process(decoder, Plain.optimisation(), ProcessReward.Normalise.GLOBAL, true);
            assertThat(loop.learn(optimizer, store, store.rows()).values()).isEqualTo(Map.of("loss", 0.0));
        }
    }
}
