package dev.plumb.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.plumb.data.Example;
import dev.plumb.data.Judgement;
import dev.plumb.data.Stores;
import dev.plumb.data.TokenPair;
import dev.plumb.data.TokenRanked;
import dev.plumb.data.TokenStore;
import dev.plumb.hub.Checkpoint;
import dev.plumb.model.Architecture;
import dev.plumb.model.Decoder;
import dev.plumb.model.Layout;
import dev.plumb.model.Models;
import dev.plumb.model.Weights;
import dev.plumb.objective.BradleyTerry;
import dev.plumb.objective.Davidson;
import dev.plumb.objective.PlackettLuce;
import dev.plumb.objective.Ranking;
import dev.plumb.objective.RaoKupper;
import dev.plumb.objective.RewardBatch;
import dev.plumb.objective.RewardObjective;
import dev.plumb.tensor.DType;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.NoGrad;
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
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Rewards and their gradients are the same however rows are laid out, split and computed: those of autograd alone. */
class RewardLoopTest {
    private static final Path GOLDENS = Path.of("src/test/resources/goldens/models");
    private static final BradleyTerry OBJECTIVE = new BradleyTerry(new BradleyTerry.Config(0.02, 0.1));

    @TempDir
    private Path folder;

    static Stream<String> models() {
        return Stream.of("grouped heads", "window", "gemma2_reward", "gpt2_unscaled", "opt_unbiased", "phi3_partial");
    }

    private static Decoder model(String name) {
        return switch (name) {
            case "grouped heads" -> random(0);
            case "window" -> random(4);
            default ->
                Checkpoint.loadForScoring(GOLDENS.resolve(name), Optional.of(DType.FLOAT32), Device.CPU, 3, 1)
                        .decoder();
        };
    }

    private static Decoder random(int window) {
        Architecture shape = Models.llama(50, 24, 2, 4, 2, window, 0).scoring(1);
        return new Decoder(shape, Weights.random(shape, 0.3, 1, Device.CPU));
    }

    @ParameterizedTest
    @MethodSource("models")
    void allWaysAgree(String name) {
        Decoder decoder = model(name);
        List<TokenPair> pairs = pairs(decoder);
        try (Weights weights = decoder.weights();
                AdamW optimizer = new AdamW(weights.all(), Plain.optimisation().adam());
                TokenStore store = Stores.of(folder, pairs)) {
            double[] rewards = new double[2 * pairs.size()];
            double want = plain(decoder, pairs, rewards);
            Map<String, double[]> gradients = Plain.gradients(decoder, optimizer);
            for (String layout : List.of("padding_free=false", "share_prompts=false", "share_prompts=true")) {
                for (String more : List.of(
                        "micro_batch_tokens=1",
                        "micro_batch_tokens=64",
                        "micro_batch_tokens=1000000",
                        "gradient_checkpointing=true")) {
                    RewardLoop loop = new RewardLoop(
                            decoder,
                            Plain.optimisation(layout, more),
                            OBJECTIVE,
                            false,
                            Optional.empty(),
                            Optional.empty());
                    Map<String, Double> got =
                            loop.learn(optimizer, store, store.rows()).values();
                    assertMetrics(got, want, rewards);
                    Plain.assertSame(Plain.gradients(decoder, optimizer), gradients, 1e-4);
                    assertMetrics(loop.evaluate(store, store.rows()).values(), want, rewards);
                }
            }
        }
    }

    private static void assertMetrics(Map<String, Double> got, double loss, double[] rewards) {
        int pairs = rewards.length / 2;
        double margin = 0;
        double right = 0;
        for (int i = 0; i < pairs; i++) {
            margin += (rewards[i] - rewards[pairs + i]) / pairs;
            right += rewards[i] > rewards[pairs + i] ? 1.0 / pairs : 0;
        }
        assertThat(got.get("loss")).isCloseTo(loss, within(2e-5 * Math.max(1, loss)));
        assertThat(got.get("margin")).isCloseTo(margin, within(1e-4));
        assertThat(got.get("accuracy")).isCloseTo(right, within(1e-9));
        assertThat(got.get("ties")).isZero();
        assertThat(got.get("min_reward")).isCloseTo(Arrays.stream(rewards).min().orElseThrow(), within(1e-4));
        assertThat(got.get("max_reward")).isCloseTo(Arrays.stream(rewards).max().orElseThrow(), within(1e-4));
        assertThat(got.get("mean_reward"))
                .isCloseTo(Arrays.stream(rewards).average().orElseThrow(), within(1e-4));
    }

    /** Each sequence alone, its reward read at its last token, and nothing but autograd. */
    private static double plain(Decoder decoder, List<TokenPair> pairs, double[] rewards) {
        try (Scope scope = Scope.open()) {
            List<Tensor> all = new ArrayList<>();
            for (boolean chosen : new boolean[] {true, false}) {
                for (TokenPair pair : pairs) {
                    int[] ids = whole(pair, chosen);
                    Tensor last = decoder.hidden(Layout.of(List.of(ids))).narrow(0, ids.length - 1L, 1);
                    all.add(last.matmul(decoder.head().transpose(0, 1)).reshape(1));
                }
            }
            Tensor both = Tensor.cat(0, all);
            System.arraycopy(both.detach().toDoubles(), 0, rewards, 0, rewards.length);
            List<Ranking> rankings = IntStream.range(0, pairs.size())
                    .mapToObj(i -> Ranking.pair(
                            i, pairs.size() + i, pairs.get(i).judgement().margin()))
                    .toList();
            RewardBatch batch = new RewardBatch(both, rankings);
            Tensor loss = OBJECTIVE
                    .loss(batch, new RewardObjective.Step(pairs.size()))
                    .value();
            loss.backward();
            return loss.item();
        }
    }

    private static int[] whole(TokenPair pair, boolean chosen) {
        return IntStream.concat(Arrays.stream(pair.prompt()), Arrays.stream(chosen ? pair.chosen() : pair.rejected()))
                .toArray();
    }

    @Test
    void theScorerGivesTheRewardsThatWereTrained() {
        Decoder decoder = model("grouped heads");
        List<TokenPair> pairs = pairs(decoder);
        try (Weights weights = decoder.weights();
                TokenStore store = Stores.of(folder, pairs)) {
            List<int[]> texts = Stream.of(true, false)
                    .flatMap(chosen -> pairs.stream().map(pair -> whole(pair, chosen)))
                    .toList();
            double[] rewards = new Scorer(decoder)
                    .rewards(texts).stream().mapToDouble(one -> one[0]).toArray();
            RewardLoop loop =
                    new RewardLoop(decoder, Plain.optimisation(), OBJECTIVE, false, Optional.empty(), Optional.empty());
            Map<String, Double> measured = loop.evaluate(store, store.rows()).values();
            assertMetrics(measured, measured.get("loss"), rewards);
        }
    }

    @Test
    void aFrozenBackboneStaysAndItsHeadLearnsTheSame() {
        Decoder decoder = model("grouped heads");
        List<TokenPair> pairs = pairs(decoder);
        try (Weights weights = decoder.weights();
                TokenStore store = Stores.of(folder, pairs)) {
            RewardLoop frozen = new RewardLoop(
                    decoder,
                    Plain.optimisation("micro_batch_tokens=64"),
                    OBJECTIVE,
                    true,
                    Optional.empty(),
                    Optional.empty());
            assertThat(frozen.trained(decoder)).containsOnlyKeys("score.weight");
            double[] head;
            try (AdamW optimizer =
                    new AdamW(frozen.trained(decoder), Plain.optimisation().adam())) {
                frozen.learn(optimizer, store, store.rows());
                head = optimizer.gradient("score.weight").reshape(-1).toDoubles();
            }
            weights.all()
                    .forEach((name, tensor) ->
                            assertThat(tensor.hasGrad()).as(name).isEqualTo(name.equals("score.weight")));
            try (AdamW optimizer = new AdamW(weights.all(), Plain.optimisation().adam())) {
                new RewardLoop(decoder, Plain.optimisation(), OBJECTIVE, false, Optional.empty(), Optional.empty())
                        .learn(optimizer, store, store.rows());
                double[] want = optimizer.gradient("score.weight").reshape(-1).toDoubles();
                for (int i = 0; i < want.length; i++) {
                    assertThat(head[i]).isCloseTo(want[i], within(1e-5));
                }
            }
        }
    }

    /** Pairs and rankings of two to five answers in one step, some without any order. */
    static Stream<RewardObjective> objectives() {
        return Stream.of(
                OBJECTIVE,
                new PlackettLuce(new PlackettLuce.Config(2, true)),
                new BradleyTerry(new BradleyTerry.Config(0, 0), true),
                new RaoKupper(),
                new Davidson());
    }

    @ParameterizedTest
    @MethodSource("objectives")
    void rankingsAreTheSameHoweverTheyAreSplit(RewardObjective lists) {
        Decoder decoder = model("grouped heads");
        List<Example> rows = rankings(decoder);
        try (Weights weights = decoder.weights();
                AdamW optimizer = new AdamW(weights.all(), Plain.optimisation().adam());
                TokenStore store = Stores.of(folder, rows)) {
            Optional<TrainedNumber> number = TrainedNumber.of(lists, folder, store, Device.CPU);
            int counted = (int) rows.stream()
                    .filter(row -> lists.counts(Compared.of(row).ranking()))
                    .count();
            double want = plainly(decoder, rows, lists, counted, number.map(TrainedNumber::value));
            Map<String, double[]> gradients = Plain.gradients(decoder, optimizer);
            double byNumber = taken(number);
            for (String layout : List.of("padding_free=false", "share_prompts=false", "share_prompts=true")) {
                for (String more :
                        List.of("micro_batch_tokens=1", "micro_batch_tokens=64", "micro_batch_tokens=1000")) {
                    RewardLoop loop = new RewardLoop(
                            decoder, Plain.optimisation(layout, more), lists, false, number, Optional.empty());
                    Map<String, Double> got =
                            loop.learn(optimizer, store, store.rows()).values();
                    assertThat(got.get("loss")).isCloseTo(want, within(2e-5 * Math.max(1, want)));
                    assertThat(got.getOrDefault("rows_without_order", 0.0)).isEqualTo(rows.size() - counted);
                    Plain.assertSame(Plain.gradients(decoder, optimizer), gradients, 1e-4);
                    assertThat(taken(number)).isCloseTo(byNumber, within(1e-5));
                    assertThat(loop.evaluate(store, store.rows()).values().get("loss"))
                            .isCloseTo(want, within(2e-5 * Math.max(1, want)));
                }
            }
            assertThat(byNumber != 0).isEqualTo(number.isPresent());
            number.ifPresent(TrainedNumber::close);
        }
    }

    /** Each head's gradient is that of a model of this head alone whose rows weigh what it draws. */
    @Test
    void headsLearnEachByItself() {
        Architecture shape = Models.llama(50, 24, 2, 4, 2, 0, 0).scoring(3);
        Decoder decoder = new Decoder(shape, Weights.random(shape, 0.3, 1, Device.CPU));
        List<Example> rows = rankings(decoder);
        Bootstrap bootstrap = new Bootstrap(4);
        try (Weights weights = decoder.weights();
                AdamW optimizer = new AdamW(weights.all(), Plain.optimisation().adam());
                TokenStore store = Stores.of(folder, rows)) {
            double want = 0;
            for (int head = 0; head < 3; head++) {
                for (int row = 0; row < rows.size(); row++) {
                    Compared compared = Compared.of(rows.get(row));
                    if (!OBJECTIVE.counts(compared.ranking())) {
                        continue;
                    }
                    try (Scope scope = Scope.open()) {
                        Tensor rewards = rewards(decoder, compared).select(1, head);
                        int drawn = bootstrap.weight(head, row);
                        RewardBatch batch = new RewardBatch(
                                rewards, List.of(compared.ranking().weighing(drawn)));
                        long counted = rows.stream()
                                .filter(one -> OBJECTIVE.counts(Compared.of(one).ranking()))
                                .count();
                        Tensor loss = OBJECTIVE
                                .loss(batch, new RewardObjective.Step(counted))
                                .value()
                                .div(3);
                        loss.backward();
                        want += loss.item();
                    }
                }
            }
            Map<String, double[]> gradients = Plain.gradients(decoder, optimizer);
            for (String tokens : List.of("micro_batch_tokens=1", "micro_batch_tokens=64", "micro_batch_tokens=1000")) {
                RewardLoop loop = new RewardLoop(
                        decoder,
                        Plain.optimisation(tokens),
                        OBJECTIVE,
                        false,
                        Optional.empty(),
                        Optional.of(bootstrap));
                assertThat(loop.learn(optimizer, store, store.rows()).values().get("loss"))
                        .isCloseTo(want, within(2e-5 * Math.max(1, want)));
                Plain.assertSame(Plain.gradients(decoder, optimizer), gradients, 1e-4);
                assertThat(loop.evaluate(store, store.rows()).values().get("ensemble_std"))
                        .isPositive();
            }
        }
    }

    /** Each completion alone behind its prompt, [completions, heads]. */
    private static Tensor rewards(Decoder decoder, Compared compared) {
        List<Tensor> rewards = new ArrayList<>();
        for (int[] completion : compared.completions()) {
            int[] ids = IntStream.concat(Arrays.stream(compared.prompt()), Arrays.stream(completion))
                    .toArray();
            Tensor last = decoder.hidden(Layout.of(List.of(ids))).narrow(0, ids.length - 1L, 1);
            rewards.add(last.matmul(decoder.head().transpose(0, 1)));
        }
        return Tensor.cat(0, rewards);
    }

    /** The gradient of a number beside the model, which is cleared. */
    private static double taken(Optional<TrainedNumber> number) {
        try (NoGrad guard = NoGrad.open()) {
            return number.map(one -> {
                        double gradient = one.value().grad().item();
                        one.value().grad().zeroInPlace();
                        return gradient;
                    })
                    .orElse(0.0);
        }
    }

    /** Each ranking by itself, each completion alone behind its prompt. */
    private static double plainly(
            Decoder decoder, List<Example> rows, RewardObjective lists, int counted, Optional<Tensor> number) {
        double sum = 0;
        for (Example row : rows) {
            Compared compared = Compared.of(row);
            if (!lists.counts(compared.ranking())) {
                continue;
            }
            try (Scope scope = Scope.open()) {
                Tensor rewards = rewards(decoder, compared).reshape(-1);
                RewardBatch batch = new RewardBatch(rewards, List.of(compared.ranking()), number);
                Tensor loss =
                        lists.loss(batch, new RewardObjective.Step(counted)).value();
                loss.backward();
                sum += loss.item();
            }
        }
        return sum;
    }

    private static List<Example> rankings(Decoder decoder) {
        Random random = new Random(8);
        int vocabulary = decoder.architecture().vocabularySize();
        List<Example> rows = new ArrayList<>(pairs(decoder).subList(0, 2));
        TokenPair last = pairs(decoder).get(5);
        for (Judgement judgement : List.of(new Judgement(0, 0.8, false), new Judgement(0, 1, true))) {
            rows.add(new TokenPair(last.prompt(), last.chosen(), last.rejected(), judgement));
        }
        for (int[] ranks : new int[][] {{2, 1}, {2, 4, 1, 3}, {1, 1}, {3, 1, 1}, {5, 2, 2, 1, 4}}) {
            List<int[]> completions = Arrays.stream(ranks)
                    .mapToObj(rank ->
                            random.ints(1 + random.nextInt(6), 0, vocabulary).toArray())
                    .toList();
            int[] prompt = random.ints(1 + random.nextInt(9), 0, vocabulary).toArray();
            rows.add(new TokenRanked(prompt, completions, ranks));
        }
        return rows;
    }

    /** Pairs with prompts and answers of one token and of many, answers of very different lengths, and some margins. */
    private static List<TokenPair> pairs(Decoder decoder) {
        Random random = new Random(7);
        int vocabulary = decoder.architecture().vocabularySize();
        int most = Math.min(40, decoder.architecture().contextLength());
        int half = most / 2;
        int[][] lengths = {
            {half, most - half, 1},
            {1, 1, most - 1},
            {1, 2, 2},
            {half, 1, 1},
            {2, most - 2, 3},
            {half, 3, half},
            {3, 2, 1}
        };
        return Arrays.stream(lengths)
                .map(l -> new TokenPair(
                        random.ints(l[0], 0, vocabulary).toArray(),
                        random.ints(l[1], 0, vocabulary).toArray(),
                        random.ints(l[2], 0, vocabulary).toArray(),
                        Judgement.of(l[0] % 2 == 0 ? 0.5 : 0)))
                .toList();
    }
}
