package dev.plumb.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.plumb.config.Binder;
import dev.plumb.config.PlumbException;
import dev.plumb.config.YamlSource;
import dev.plumb.data.Stores;
import dev.plumb.data.TokenJudged;
import dev.plumb.data.TokenStore;
import dev.plumb.model.Decoder;
import dev.plumb.model.Models;
import dev.plumb.model.Weights;
import dev.plumb.objective.Kto;
import dev.plumb.objective.Loss;
import dev.plumb.objective.UnpairedBatch;
import dev.plumb.objective.UnpairedObjective.Mismatched;
import dev.plumb.objective.UnpairedObjective.Step;
import dev.plumb.tensor.DType;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The whole step is one batch: its reference point, loss, metrics and gradients are those of the plain computation. */
class UnpairedLoopTest {
    private static final int MAX_LENGTH = 12;
    private static final int[] A = {1, 2, 3};
    private static final int[] B = {4, 5};
    private static final int[] C = {6, 7, 8, 9, 10};

    /** Two neighbours with one prompt, and an answer that is too long behind the longest prompt. */
    private static final List<TokenJudged> ROWS = List.of(
            new TokenJudged(A, new int[] {11, 12}, true),
            new TokenJudged(A, new int[] {13}, false),
            new TokenJudged(C, new int[] {14, 15, 16}, true),
            new TokenJudged(B, new int[] {17, 18, 19, 20, 21, 22, 23, 24, 25}, true),
            new TokenJudged(A, new int[] {26, 27, 28, 29}, false));

    /** Whose answer each row borrows: the next one's, but never one to the same prompt. */
    private static final int[] LENDERS = {2, 2, 3, 4, 2};

    @TempDir
    private Path folder;

    private static Decoder random(long seed) {
        var shape = Models.llama(50, 24, 2, 4, 2);
        return new Decoder(shape, Weights.random(shape, 0.3, seed, Device.CPU));
    }

    private static Kto kto(String... settings) {
        return new Kto(Binder.bind(Kto.Config.class, YamlSource.commandLine().with(List.of(settings))));
    }

    private static UnpairedLoop loop(Decoder decoder, Decoder reference, Optimisation way, Kto kto) {
        Policy frozen = new Policy(reference, false);
        return new UnpairedLoop(
                decoder, way, kto, part -> frozen.score(part.packing()).logps(), Optional.of(frozen), MAX_LENGTH);
    }

    @ParameterizedTest
    @ValueSource(strings = {"loss_type=kto", "loss_type=apo_zero_unpaired", "loss_type=seed"})
    void anySplitAndLayoutIsThePlainComputation(String lossType) {
        Kto kto = kto(lossType, "beta=0.3", "desirable_weight=1.2");
        Decoder decoder = random(1);
        Decoder reference = random(2);
        try (Weights weights = decoder.weights();
                Weights others = reference.weights();
                TokenStore store = Stores.of(folder, ROWS);
                AdamW optimizer = new AdamW(weights.all(), Plain.optimisation().adam())) {
            Map<String, Double> want = plain(decoder, reference, kto);
            Map<String, double[]> gradients = Plain.gradients(decoder, optimizer);
            if (kto.needsMismatched()) {
                assertThat(want.get("kl")).isGreaterThan(0.1); // or the reference point would not be tested
            }
            for (String layout : List.of("padding_free=false", "share_prompts=false", "share_prompts=true")) {
                for (String more : List.of(
                        "micro_batch_tokens=1",
                        "micro_batch_tokens=12",
                        "micro_batch_tokens=1000000",
                        "gradient_checkpointing=true")) {
                    UnpairedLoop loop = loop(decoder, reference, Plain.optimisation(layout, more), kto);
                    Metrics learnt = loop.learn(optimizer, store, store.rows());
                    Plain.assertSame(Plain.gradients(decoder, optimizer), gradients, 1e-4);
                    Metrics measured = loop.evaluate(store, store.rows());
                    want.forEach((metric, value) -> {
                        for (Metrics got : List.of(learnt, measured)) {
                            assertThat(got.values().get(metric))
                                    .as(metric + " with " + layout + " " + more)
                                    .isCloseTo(value, within(1e-5 * Math.max(1, Math.abs(value))));
                        }
                    });
                }
            }
        }
    }

    /** Loss, metrics and gradients by autograd alone, each sequence by itself. */
    private static Map<String, Double> plain(Decoder decoder, Decoder reference, Kto kto) {
        try (Scope scope = Scope.open()) {
            List<Tensor> logps = new ArrayList<>();
            List<Tensor> references = new ArrayList<>();
            List<Integer> sequence = new ArrayList<>();
            float[] lengths = new float[ROWS.size()];
            boolean[] desirable = new boolean[ROWS.size()];
            double[] ours = new double[ROWS.size()];
            double[] theirs = new double[ROWS.size()];
            for (int row = 0; row < ROWS.size(); row++) {
                TokenJudged judged = ROWS.get(row);
                int[] ids = concat(judged.prompt(), judged.completion());
                logps.add(Plain.logps(decoder, ids, judged.completion().length));
                references.add(Plain.logps(reference, ids, judged.completion().length));
                for (int t = 0; t < judged.completion().length; t++) {
                    sequence.add(row);
                }
                lengths[row] = judged.completion().length;
                desirable[row] = judged.desirable();
                int[] lent = ROWS.get(LENDERS[row]).completion();
                lent = Arrays.copyOf(lent, Math.min(lent.length, MAX_LENGTH - judged.prompt().length));
                int[] mismatched = concat(judged.prompt(), lent);
                ours[row] = Plain.logps(decoder, mismatched, lent.length).sum().item();
                theirs[row] =
                        Plain.logps(reference, mismatched, lent.length).sum().item();
            }
            UnpairedBatch batch = new UnpairedBatch(
                    Tensor.cat(0, logps),
                    Tensor.cat(0, references).detach(),
                    Tensor.of(sequence.stream().mapToInt(i -> i).toArray(), Device.CPU),
                    Tensor.of(lengths, Device.CPU).to(DType.FLOAT32),
                    desirable);
            Loss loss = kto.loss(batch, new Step(3, 2, new Mismatched(ours, theirs)));
            loss.value().backward();
            Map<String, Double> metrics = new LinkedHashMap<>();
            metrics.put("loss", loss.value().item());
            loss.measures().forEach(measure -> metrics.put(measure.name(), measure.sum() / measure.count()));
            return metrics;
        }
    }

    private static int[] concat(int[] a, int[] b) {
        return IntStream.concat(Arrays.stream(a), Arrays.stream(b)).toArray();
    }

    @Test
    void answersAreBorrowedFromOtherPrompts() {
        try (TokenStore store = Stores.of(folder, ROWS)) {
            assertThat(lenders(store, List.of(0L, 1L, 2L, 3L, 4L))).containsExactly(2L, 2L, 3L, 4L, 2L);
            assertThat(lenders(store, List.of(3L, 2L))).containsExactly(2L, 3L);
            assertThat(lenders(store, List.of(2L, 0L, 1L))).containsExactly(0L, 2L, 2L);
            // Alone, or among the same prompts only: from elsewhere, always the same, and never from a row with this
            // prompt.
            for (List<Long> rows : List.of(List.of(2L), List.of(0L, 1L, 4L))) {
                List<Long> found = lenders(store, rows);
                assertThat(found).hasSameSizeAs(rows).isEqualTo(lenders(store, rows));
                for (int i = 0; i < rows.size(); i++) {
                    assertThat(ROWS.get(found.get(i).intValue()).prompt())
                            .isNotEqualTo(ROWS.get(rows.get(i).intValue()).prompt());
                }
            }
        }
    }

    private static List<Long> lenders(TokenStore store, List<Long> rows) {
        return Mismatch.of(store, rows, MAX_LENGTH).pairs().stream()
                .map(Mismatch.Pair::lender)
                .toList();
    }

    @Test
    void withoutAnyOtherPromptThereIsNoReferencePointAndThatIsCounted() {
        List<TokenJudged> same = List.of(ROWS.get(0), ROWS.get(1), ROWS.get(4));
        Decoder decoder = random(1);
        Decoder reference = random(2);
        try (Weights weights = decoder.weights();
                Weights others = reference.weights();
                TokenStore store = Stores.of(folder, same)) {
            Map<String, Double> got = loop(decoder, reference, Plain.optimisation(), kto())
                    .evaluate(store, store.rows())
                    .values();
            assertThat(got).containsEntry("kl", 0.0).containsEntry("kl_missing", 3.0);
            assertThat(got.get("loss")).isFinite();
        }
    }

    @Test
    void aReferenceThatIsAnotherModelIsRefusedAtTheStart() {
        Decoder decoder = random(1);
        Decoder reference = random(2);
        try (Weights weights = decoder.weights();
                Weights others = reference.weights();
                TokenStore store = Stores.of(folder, ROWS);
                AdamW optimizer = new AdamW(weights.all(), Plain.optimisation().adam())) {
            UnpairedLoop right = loop(decoder, decoder, Plain.optimisation(), kto("undesirable_weight=2"));
            double loss = right.learn(optimizer, store, store.rows()).values().get("loss");
            assertThat(loss).isCloseTo((3 * 1 + 2 * 2) / 5.0 / 2, within(1e-6));
            right.requireSoundStart(loss);
            UnpairedLoop wrong = loop(decoder, reference, Plain.optimisation(), kto());
            double other = wrong.learn(optimizer, store, store.rows()).values().get("loss");
            assertThatThrownBy(() -> wrong.requireSoundStart(other))
                    .isInstanceOf(PlumbException.class)
                    .hasMessageContaining("not the model that is trained");
        }
    }

    @Test
    void aRunLearnsToTellGoodFromBadOnHeldOutRowsAndGoesOnAsIfUnbroken() {
        TinyRun tiny = TinyRun.make(folder);
        String[] settings = {
            "max_steps: 16", "per_device_train_batch_size: 16", "micro_batch_tokens: 1000", "save_steps: 8"
        };
        RunLayout run = tiny.train("kto", "kto", settings);
        List<MetricsLog.Entry> evals = TinyRun.entries(run, MetricsLog.Split.EVAL);
        Map<String, Double> before = evals.get(0).values();
        Map<String, Double> after = evals.get(evals.size() - 1).values();
        assertThat(before).containsEntry("rewards/margins", 0.0).containsEntry("kl", 0.0);
        assertThat(before.get("loss")).isCloseTo(0.5, within(1e-6));
        assertThat(after.get("rewards/margins")).isGreaterThan(1);
        assertThat(after.get("loss")).isLessThan(0.4);
        tiny.assertResumes(8, run);
    }

    @Test
    void aStoredReferenceServesLossesWithoutAReferencePointOnly() {
        TinyRun tiny = TinyRun.make(folder);
        Path refused = tiny.yaml("kto", "refused", "precompute_ref_log_probs: true");
        assertThatThrownBy(() -> TinyRun.job(refused))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining("precompute_ref_log_probs cannot serve loss_type: kto");
        String[] settings = {"max_steps: 4", "loss_type: apo_zero_unpaired", "micro_batch_tokens: 300"};
        RunLayout frozen = tiny.train("kto", "frozen", settings);
        String[] more = Arrays.copyOf(settings, 4);
        more[3] = "precompute_ref_log_probs: true";
        TrainingProcess process = // one with a home of its own, where references are kept
                TrainingProcess.start(tiny.yaml("kto", "stored", more), false);
        assertThat(process.end()).as(process.output()).isZero();
        assertThat(TinyRun.distance(tiny.layout("stored"), frozen)).isLessThan(1e-4);
    }
}
