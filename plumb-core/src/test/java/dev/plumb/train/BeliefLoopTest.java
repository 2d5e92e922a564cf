package dev.plumb.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.plumb.config.Binder;
import dev.plumb.config.PlumbException;
import dev.plumb.config.YamlSource;
import dev.plumb.data.Opinions;
import dev.plumb.data.RowKind;
import dev.plumb.data.Stores;
import dev.plumb.data.TokenBelief;
import dev.plumb.data.TokenStore;
import dev.plumb.model.Decoder;
import dev.plumb.model.Models;
import dev.plumb.model.Weights;
import dev.plumb.objective.BeliefBatch;
import dev.plumb.objective.BeliefObjective;
import dev.plumb.objective.Gdpo;
import dev.plumb.objective.Loss;
import dev.plumb.objective.PreferenceBatch;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Any layout and split is the plain computation, and a model comes to hold beliefs as people do, where DPO does not. */
class BeliefLoopTest {
    private static final int[] NAMES = {30, 31, 32};
    private static final double[] P = {0.2, 0.3, 0.5};
    private static final double[] Q = {0, 0.9, 0.1};
    private static final List<TokenBelief> ROWS = List.of(
            row(new int[] {1, 2, 3}, 2, new int[] {40, 41}, new int[] {11, 12}, new int[] {13}, P),
            row(new int[] {1, 2, 3}, 0, new int[] {42}, new int[] {14}, new int[] {15, 16, 17}, P),
            row(new int[] {4}, 1, new int[] {}, new int[] {18, 19, 20, 21}, new int[] {22, 23}, Q),
            row(new int[] {5, 6, 7, 8}, 1, new int[] {43, 44, 45}, new int[] {24}, new int[] {25}, P));

    @TempDir
    private Path folder;

    private static TokenBelief row(
            int[] prompt, int belief, int[] words, int[] chosen, int[] rejected, double[] probabilities) {
        return new TokenBelief(
                prompt,
                concat(new int[] {NAMES[belief]}, words),
                chosen,
                rejected,
                belief,
                NAMES,
                new Opinions(probabilities, new double[0], 0));
    }

    private static int[] concat(int[] a, int[] b) {
        return IntStream.concat(Arrays.stream(a), Arrays.stream(b)).toArray();
    }

    private static Decoder random(long seed) {
        var shape = Models.llama(50, 24, 2, 4, 2);
        return new Decoder(shape, Weights.random(shape, 0.3, seed, Device.CPU));
    }

    private static Gdpo gdpo(String... settings) {
        return new Gdpo(Binder.bind(Gdpo.Config.class, YamlSource.commandLine().with(List.of(settings))));
    }

    private static BeliefTargets targets(TokenStore store, TokenStore eval) {
        BeliefSettings given = Binder.bind(BeliefSettings.class, YamlSource.commandLine());
        return BeliefTargets.of(given, true, store, eval);
    }

    private static BeliefLoop loop(
            Decoder decoder, Decoder reference, Optimisation way, Gdpo gdpo, BeliefTargets targets) {
        Policy frozen = new Policy(reference, false);
        return new BeliefLoop(
                decoder,
                way,
                gdpo,
                gdpo.needsReference()
                        ? Optional.of(part -> frozen.score(part.packing()).logps())
                        : Optional.empty(),
                targets);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "variant=paper",
                "variant=paper_two_terms",
                "variant=calibration_only",
                "variant=conditional_only",
                "variant=seed"
            })
    void anySplitAndLayoutIsThePlainComputation(String variant) {
        Gdpo gdpo = gdpo(variant, "beta=0.3", "w_cal=1.5");
        Decoder decoder = random(1);
        Decoder reference = random(2);
        try (Weights weights = decoder.weights();
                Weights others = reference.weights();
                TokenStore store = Stores.of(folder.resolve("train"), ROWS);
                TokenStore eval = Stores.of(folder.resolve("eval"), List.of(ROWS.get(3)));
                AdamW optimizer = new AdamW(weights.all(), Plain.optimisation().adam())) {
            BeliefTargets targets = targets(store, eval);
            Map<String, Double> want = plain(decoder, reference, gdpo, targets, store);
            Map<String, double[]> gradients = Plain.gradients(decoder, optimizer);
            for (String layout : List.of("padding_free=false", "share_prompts=false", "share_prompts=true")) {
                for (String more : List.of(
                        "micro_batch_tokens=1",
                        "micro_batch_tokens=16",
                        "micro_batch_tokens=1000000",
                        "gradient_checkpointing=true")) {
                    BeliefLoop loop = loop(decoder, reference, Plain.optimisation(layout, more), gdpo, targets);
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

    /** Loss, metrics and gradients by autograd alone, each sequence by itself and all its logits at once. */
    private static Map<String, Double> plain(
            Decoder decoder, Decoder reference, Gdpo gdpo, BeliefTargets targets, TokenStore store) {
        int rows = ROWS.size();
        try (Scope scope = Scope.open()) {
            List<Tensor> ours = new ArrayList<>();
            List<Tensor> theirs = new ArrayList<>();
            List<Tensor> beliefs = new ArrayList<>();
            List<Tensor> prefixes = new ArrayList<>();
            List<Integer> sequence = new ArrayList<>();
            List<Integer> prefixRow = new ArrayList<>();
            double[] lengths = new double[2 * rows];
            double[] prefixLengths = new double[rows];
            double[][] shares = new double[rows][];
            double[] weights = new double[rows];
            int[] held = new int[rows];
            for (int side = 0; side < 2; side++) {
                for (int i = 0; i < rows; i++) {
                    TokenBelief row = ROWS.get(i);
                    int[] answer = side == 0 ? row.chosen() : row.rejected();
                    int[] ids = concat(gdpo.conditions() ? row.conditioned() : row.prompt(), answer);
                    ours.add(Plain.logps(decoder, ids, answer.length));
                    theirs.add(Plain.logps(reference, ids, answer.length));
                    for (int t = 0; t < answer.length; t++) {
                        sequence.add(side * rows + i);
                    }
                    lengths[side * rows + i] = answer.length;
                }
            }
            for (int i = 0; i < rows; i++) {
                TokenBelief row = ROWS.get(i);
                beliefs.add(Plain.distributions(decoder, row.conditioned())
                        .select(0, row.prompt().length - 1L)
                        .indexSelect(0, Tensor.of(row.names(), Device.CPU))
                        .unsqueeze(0));
                prefixes.add(Plain.logps(decoder, row.conditioned(), row.prefix().length));
                for (int t = 0; t < row.prefix().length; t++) {
                    prefixRow.add(i);
                }
                prefixLengths[i] = row.prefix().length;
                shares[i] = targets.shares(store, i);
                held[i] = row.belief();
                weights[i] = targets.weight(store, i, held[i]);
            }
            Tensor logps = Tensor.cat(0, ours);
            BeliefBatch batch = new BeliefBatch(
                    new PreferenceBatch(
                            rows,
                            logps,
                            Optional.of(Tensor.cat(0, theirs).detach()),
                            ints(sequence),
                            Tensor.of(new int[sequence.size()], Device.CPU),
                            Tensor.of(lengths, Device.CPU).to(logps.dtype()),
                            Optional.empty()),
                    Tensor.cat(0, beliefs),
                    shares,
                    held,
                    Tensor.cat(0, prefixes),
                    ints(prefixRow),
                    Tensor.of(prefixLengths, Device.CPU).to(logps.dtype()),
                    weights);
            // Belief 2 for the first row and 1 for the third; 0 and 1 of the others are held by fewer.
            Loss loss = gdpo.loss(batch, new BeliefObjective.Step(rows, 2));
            loss.value().backward();
            Map<String, Double> metrics = new LinkedHashMap<>();
            metrics.put("loss", loss.value().item());
            loss.measures().forEach(measure -> metrics.put(measure.name(), measure.sum() / measure.count()));
            return metrics;
        }
    }

    private static Tensor ints(List<Integer> values) {
        return Tensor.of(values.stream().mapToInt(i -> i).toArray(), Device.CPU);
    }

    @Test
    void aReferenceThatIsAnotherModelIsRefusedAtTheStart() {
        Decoder decoder = random(1);
        Decoder reference = random(2);
        try (Weights weights = decoder.weights();
                Weights others = reference.weights();
                TokenStore store = Stores.of(folder.resolve("train"), ROWS);
                TokenStore eval = Stores.of(folder.resolve("eval"), List.of(ROWS.get(3)));
                AdamW optimizer = new AdamW(weights.all(), Plain.optimisation().adam())) {
            BeliefTargets targets = targets(store, eval);
            BeliefLoop right = loop(decoder, decoder, Plain.optimisation(), gdpo(), targets);
            Map<String, Double> start =
                    right.learn(optimizer, store, store.rows()).values();
            assertThat(start.get("loss/pref")).isCloseTo(Math.log(2), within(1e-6));
            assertThat(start.get("loss/cal")).isGreaterThan(-Math.log(start.get("belief/mass")));
            right.requireSoundStart(start.get("loss"));
            BeliefLoop wrong = loop(decoder, reference, Plain.optimisation(), gdpo(), targets);
            double loss = wrong.learn(optimizer, store, store.rows()).values().get("loss");
            assertThatThrownBy(() -> wrong.requireSoundStart(loss))
                    .isInstanceOf(PlumbException.class)
                    .hasMessageContaining("not the model that is trained");
        }
    }

    /** Two kinds of prompts about which seven and six of ten people are of one mind. */
    private static final double[][] SHARES = {{0.7, 0.3}, {0.4, 0.6}};

    private static final String[] WORDS = {"burns", "sleeps"};

    /** A table of annotators: who voices what, ten people a prompt. */
    private Path annotators(boolean statedInAnswers) throws IOException {
        List<String> lines = new ArrayList<>();
        Random random = new Random(4);
        for (int prompt = 0; prompt < 40; prompt++) {
            int kind = prompt % 2;
            for (int person = 0; person < 10; person++) {
                int belief = person < 10 * SHARES[kind][0] ? 0 : 1;
                ObjectNode row = new JsonMapper().createObjectNode();
                String chosen = " the lamp " + WORDS[belief];
                String rejected = " the lamp " + WORDS[1 - belief];
                row.put("prompt", (kind == 0 ? "the keeper " : "a boat ") + "row " + prompt + ": ");
                row.put("chosen", statedInAnswers ? belief + "<" + WORDS[belief] + ">" + chosen : chosen);
                row.put("rejected", statedInAnswers ? 1 - belief + "<" + WORDS[1 - belief] + ">" + rejected : rejected);
                row.put("belief_id", belief).put("belief_text", WORDS[belief]);
                lines.add(random.nextInt(lines.size() + 1), row.toString());
            }
        }
        return Files.write(folder.resolve(statedInAnswers ? "stated.jsonl" : "annotators.jsonl"), lines);
    }

    /** Fine-tuned first, as both methods are to be; then the one follows the annotators and the other their majority. */
    @Test
    void beliefsAreSpreadAsPeoplesAreWhereDpoFollowsTheMajority() throws IOException {
        TinyRun tiny = TinyRun.make(folder);
        String beliefs = "data: {files: [" + annotators(false) + "], eval_share: 0.2}";
        String pairs = "data: {files: [" + annotators(true) + "], eval_share: 0.2}";
        String demonstrations =
                "data: {files: [{path: " + annotators(true) + ", columns: {completion: chosen}}], eval_share: 0.2}";
        String[] way = {"per_device_train_batch_size: 32", "micro_batch_tokens: 4000", "learning_rate: 1e-2"};
        RunLayout sft = tiny.train("sft", "sft", with(way, demonstrations, "max_steps: 40"));
        String model = "model: " + sft.finalModel();
        String counts = "belief: {estimator: counts}";
        RunLayout gdpo =
                tiny.train("gdpo", "gdpo", with(way, beliefs, model, counts, "max_steps: 40", "save_steps: 20"));
        RunLayout dpo = tiny.train("dpo", "dpo", with(way, pairs, model, "max_steps: 40"));

        List<MetricsLog.Entry> held = TinyRun.entries(gdpo, MetricsLog.Split.EVAL);
        Map<String, Double> before = held.get(0).values();
        Map<String, Double> after = held.get(held.size() - 1).values();
        assertThat(before.get("rewards/accuracies")).isEqualTo(0.5);
        assertThat(after.get("rewards/accuracies")).isGreaterThan(0.95);
        assertThat(after.get("rewards/accuracies_minority")).isGreaterThan(0.9);
        assertThat(after.get("belief/mass")).isGreaterThan(0.98);
        assertThat(after.get("belief/js_distance")).isLessThan(0.06);

        // What DPO left, measured in the same way: the first evaluation of a run that starts from its model.
        RunLayout measured = tiny.train(
                "gdpo", "measured", with(way, beliefs, "model: " + dpo.finalModel(), counts, "max_steps: 1"));
        Map<String, Double> ofDpo =
                TinyRun.entries(measured, MetricsLog.Split.EVAL).get(0).values();
        assertThat(ofDpo.get("belief/js_distance")).isGreaterThan(2 * after.get("belief/js_distance"));
        assertThat(ofDpo.get("belief/entropy")).isLessThan(ofDpo.get("belief/target_entropy") - 0.1);
        tiny.assertResumes(20, gdpo);
        assertThat(gdpo.finalModel()).exists();
    }

    private static String[] with(String[] way, String... more) {
        List<String> all = new ArrayList<>(List.of(way));
        all.addAll(List.of(more));
        return all.toArray(String[]::new);
    }

    @Test
    void theRowsOfTheMethodAreThoseAboutBeliefs() {
        Job job = Methods.job(YamlSource.commandLine().with(List.of("method=gdpo", "model=m", "data=d")));
        assertThat(job.rows()).isEqualTo(RowKind.BELIEF);
    }
}
