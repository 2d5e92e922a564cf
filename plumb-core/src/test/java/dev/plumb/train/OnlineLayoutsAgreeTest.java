package dev.plumb.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.plumb.config.PlumbException;
import dev.plumb.config.YamlSource;
import dev.plumb.data.Stores;
import dev.plumb.data.TokenPrompt;
import dev.plumb.data.TokenSequence;
import dev.plumb.data.TokenStore;
import dev.plumb.model.Adapter;
import dev.plumb.model.Decoder;
import dev.plumb.model.Layout;
import dev.plumb.model.Models;
import dev.plumb.model.Weights;
import dev.plumb.objective.Experience;
import dev.plumb.objective.Loss;
import dev.plumb.objective.Measure;
import dev.plumb.objective.PolicyBatch;
import dev.plumb.objective.PolicyObjective;
import dev.plumb.reward.RewardInput;
import dev.plumb.reward.RewardPart;
import dev.plumb.reward.RewardScores;
import dev.plumb.reward.RewardSet;
import dev.plumb.reward.Score;
import dev.plumb.reward.StepScores;
import dev.plumb.tensor.DType;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.Functional;
import dev.plumb.tensor.NoGrad;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import dev.plumb.text.Tokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * However the completions of a rollout are laid out, split into micro-batches and run backward: loss, metrics and gradients of
 * policy and value function are those of autograd on each sequence alone, in the step right after the rollout and in a later
 * one, when the policy has moved.
 */
class OnlineLayoutsAgreeTest {
    private static final int VOCABULARY = 50;
    private static final int GROUP = 4;
    private static final double VALUE = 2e-5;
    private static final double GRADIENT = 2e-4;
    private static final double[] NONE = {};

    @TempDir
    private Path folder;

    private Path tokens;

    @BeforeEach
    void make() {
        tokens = TinyRun.make(folder).model();
    }

    /** A policy, its reference and a value function of random weights. */
    private record Models3(Decoder policy, Decoder reference, Decoder critic) implements AutoCloseable {
        static Models3 of(String name) {
            int window = name.equals("window") ? 4 : 0;
            double cap = name.equals("capped logits") ? 2 : 0;
            var shape = Models.llama(VOCABULARY, 24, 2, 4, 2, window, cap);
            Decoder policy = new Decoder(shape, Weights.random(shape, 0.3, 1, Device.CPU));
            if (name.startsWith("adapter")) {
                Adapter adapter = Adapter.fresh(
                        new Adapter.Settings(3, 6, List.of("q_proj", "up_proj"), false, name.equals("adapter, dora")),
                        policy,
                        1);
                move(adapter.parameters(), values(adapter.parameters()), 0.2);
                policy = policy.with(adapter);
            }
            Decoder reference = new Decoder(shape, Weights.random(shape, 0.3, 2, Device.CPU));
            var scoring = shape.scoring(1);
            Decoder critic = new Decoder(scoring, Weights.random(scoring, 0.3, 3, Device.CPU));
            if (name.equals("adapter of both")) {
                Adapter adapter = Adapter.fresh(
                        new Adapter.Settings(2, 4, List.of("v_proj", "down_proj"), false, false), critic, 2);
                move(adapter.parameters(), values(adapter.parameters()), 0.2);
                critic = critic.with(adapter);
            }
            return new Models3(policy, reference, critic);
        }

        @Override
        public void close() {
            try (Weights one = policy.weights();
                    Weights two = reference.weights();
                    Weights three = critic.weights()) {
                policy.adapter().ifPresent(Adapter::close);
                critic.adapter().ifPresent(Adapter::close);
            }
        }

        /** The same with a value function on the policy's own states; only its head is to be closed. */
        Models3 sharing() {
            return new Models3(policy, reference, policy.scoring(3));
        }
    }

    private static Map<String, double[]> values(Map<String, Tensor> parameters) {
        Map<String, double[]> out = new LinkedHashMap<>();
        parameters.forEach(
                (name, tensor) -> out.put(name, tensor.detach().reshape(-1).toDoubles()));
        return out;
    }

    /** Sets parameters to given values and noise, the same at each call. */
    private static void move(Map<String, Tensor> parameters, Map<String, double[]> values, double noise) {
        Random random = new Random(4);
        try (Scope scope = Scope.open();
                NoGrad guard = NoGrad.open()) {
            parameters.forEach((name, tensor) -> {
                double[] moved = Arrays.stream(values.get(name))
                        .map(value -> value + noise * random.nextGaussian())
                        .toArray();
                tensor.copyInPlace(
                        Tensor.of(moved, Device.CPU).to(DType.FLOAT32).reshape(tensor.shape()));
            });
        }
    }

    private static List<String[]> ways() {
        List<String[]> ways = new ArrayList<>();
        for (String layout : List.of("padding_free=false", "share_prompts=false", "share_prompts=true")) {
            for (String more : List.of(
                    "micro_batch_tokens=1",
                    "micro_batch_tokens=70",
                    "micro_batch_tokens=1000000",
                    "gradient_checkpointing=true")) {
                ways.add(new String[] {layout, more});
            }
        }
        return ways;
    }

    private static OnlineJob job(String method, String settings, String... way) {
        List<String> all = new ArrayList<>(
                List.of("method=" + method, "model=given", "data=given.jsonl", "output=out", "reward_funcs=[length]"));
        all.addAll(List.of(
                "num_generations=" + GROUP,
                "num_iterations=2",
                "num_mini_batches=1",
                "per_device_train_batch_size=12",
                "max_completion_length=30"));
        all.addAll(Arrays.asList(settings.split(" ")));
        all.addAll(Arrays.asList(way));
        return (OnlineJob) Methods.job(YamlSource.commandLine().with(all));
    }

    /** Completions of one token and of many, and prompts likewise. */
    private static List<Written> written() {
        Random random = new Random(7);
        int[] prompts = {1, 20, 3};
        int[][] lengths = {{1, 30, 2, 5}, {3, 3, 1, 17}, {30, 1, 1, 4}};
        List<Written> out = new ArrayList<>();
        for (int row = 0; row < prompts.length; row++) {
            int[] prompt = random.ints(prompts[row], 0, VOCABULARY).toArray();
            for (int length : lengths[row]) {
                int[] ids = random.ints(length, 0, VOCABULARY).toArray();
                double[] drawn = random.doubles(length, -6, -2).toArray();
                out.add(new Written(row, prompt, ids, length < 30, drawn, NONE, NONE, NONE, NONE));
            }
        }
        return out;
    }

    /** Texts of two tokens and of many, with some or all of them trained. */
    private static List<TokenSequence> texts() {
        Random random = new Random(8);
        List<TokenSequence> out = new ArrayList<>();
        for (int length : new int[] {2, 25, 9, 3, 14}) {
            int[] ids = random.ints(length, 0, VOCABULARY).toArray();
            boolean[] trained = new boolean[length];
            for (int t = 1; t < length; t++) {
                trained[t] = t == 1 || random.nextInt(3) > 0;
            }
            out.add(new TokenSequence(ids, trained));
        }
        return out;
    }

    /** Numbers of a completion and of its steps that follow from it; one has none. */
    private static final RewardSet REWARDS = new RewardSet(List.of(RewardPart.of(
            "some",
            inputs -> inputs.stream()
                    .map(input -> input.ids().length == 17
                            ? Score.notApplicable()
                            : Score.of(
                                    new Random(Arrays.hashCode(input.ids())).nextInt(5) - 2,
                                    steps(input.ids()),
                                    List.of()))
                    .toList())));

    /** A step ends at about every third token, and some tokens follow the last. */
    private static StepScores steps(int... ids) {
        Random random = new Random(ids.length);
        int[] ends = IntStream.range(0, ids.length)
                .filter(t -> random.nextInt(3) == 0)
                .toArray();
        return new StepScores(random.doubles(ends.length).toArray(), ends);
    }

    private static RewardScores scores(List<Written> written) {
        return REWARDS.scores(written.stream()
                .map(one -> new RewardInput("", "", one.ids().length, one.stopped(), Map.of(), one.ids()))
                .toList());
    }

    @ParameterizedTest
    @CsvSource({
        "grouped heads, grpo, beta=0.04 temperature=1.3 entropy_coef=0.05 loss_type=grpo",
        "window, grpo, temperature=0.7 mask_truncated_completions=true",
        "capped logits, grpo, temperature=1.3 entropy_coef=0.05 importance_sampling_level=sequence",
        "grouped heads, grpo, loss_type=dr_grpo top_entropy_quantile=0.5",
        "grouped heads, grpo, loss_type=cispo kl_in=reward beta=0.1",
        "grouped heads, grpo, top_p=0.9 beta=0.04 loss_type=grpo",
        "grouped heads, ppo, repetition_penalty=1.2 importance_sampling_mode=geometric_keep",
        "grouped heads, grpo, use_adaptive_entropy=true entropy_coef=0.05 entropy_target=9",
        "adapter, grpo, beta=0.04 temperature=1.3 entropy_coef=0.05",
        "'adapter, dora', ppo, kl_coef=0.1 entropy_coef=0.05",
        "grouped heads, rloo, loss_type=ratio beta=0.05",
        "window, reinforce_plus_plus, temperature=1.3",
        "grouped heads, ppo, kl_coef=0.1 temperature=1.3 entropy_coef=0.05 kl_controller=adaptive",
        "capped logits, ppo, variant=seed",
        "grouped heads, grpo, supervision=process process_reward_model=given reward_weights=[0]",
        "window, grpo, supervision=process process_reward_model=given reward_weights=[0] step_mean=true beta=0.04",
        "grouped heads, ppo, step_rewards=min_form process_reward_model=given",
        "grouped heads, ppo, step_rewards=sum process_reward_model=given step_alpha=0.3 whiten_rewards=true",
        "window, ppo, bootstrap_truncated=true",
        "grouped heads, ppo, vf_backbone_grad=0.3 vf_coef=2",
        "adapter, ppo, vf_backbone_grad=1 temperature=1.3 vf_coef=2",
        "adapter, ppo, vf_backbone_grad=0 vf_coef=2",
        "adapter of both, ppo, vf_coef=2 kl_coef=0.1 entropy_coef=0.1",
        "capped logits, ppo, temperature=1.3 ptx_data=texts.jsonl ptx_coef=0.7 ptx_batch_size=3",
        "adapter, grpo, temperature=0.7 ptx_data=texts.jsonl ptx_coef=2"
    })
    void gradientsAreThoseOfPlainAutograd(String model, String method, String settings) {
        Optional<Double> share = job(method, settings).critic().flatMap(CriticSettings::vfBackboneGrad);
        try (Models3 all = Models3.of(model);
                TokenStore store = Stores.of(folder, List.of(new TokenPrompt(new int[] {1}, "{}")));
                TokenStore texts = Stores.of(tokens, texts());
                Tokenizer tokenizer = Tokenizer.load(tokens)) {
            List<Written> written = written();
            boolean valued = method.equals("ppo");
            Models3 models = share.isPresent() ? all.sharing() : all;
            Critic critic =
                    share.map(part -> Critic.on(models.critic(), part)).orElseGet(() -> Critic.of(models.critic()));
            Map<String, Tensor> trained = new LinkedHashMap<>(models.policy().trained());
            if (valued) {
                trained.putAll(critic.trained());
            }
            Map<String, double[]> start = values(trained);
            try (AdamW optimizer = new AdamW(trained, Plain.optimisation().adam())) {
                PlainStep plain = new PlainStep(models, job(method, settings), valued);
                plain.collect(written);
                Map<String, Double> first = plain.learn(0);
                Map<String, double[]> firstGradients = gradients(trained, optimizer);
                move(trained, start, 0.02);
                Map<String, Double> second = plain.learn(1);
                Map<String, double[]> secondGradients = gradients(trained, optimizer);
                assertThat(second.get("loss")).isNotCloseTo(first.get("loss"), within(1e-3));
                for (String[] way : ways()) {
                    OnlineJob job = job(method, settings, way);
                    Optional<PtxTerm> ptx = job.ptxData()
                            .map(data -> new PtxTerm(models.policy(), job, texts, store, Stores.order(texts)));
                    OnlineLoop loop =
                            loop(models, valued ? Optional.of(critic) : Optional.empty(), job, tokenizer, store, ptx);
                    move(trained, start, 0);
                    loop.take(new Schedule.Turn(0, 0, 0, List.of()), written, scores(written), NONE);
                    assertSame(loop.learn(optimizer, store, List.of()), first, way);
                    Plain.assertSame(gradients(trained, optimizer), firstGradients, GRADIENT);
                    move(trained, start, 0.02);
                    loop.begin(store, new Schedule.Turn(1, 0, 1, List.of()));
                    assertSame(loop.learn(optimizer, store, List.of()), second, way);
                    Plain.assertSame(gradients(trained, optimizer), secondGradients, GRADIENT);
                }
            }
            share.ifPresent(part -> models.critic().head().close());
        }
    }

    private static Map<String, double[]> gradients(Map<String, Tensor> trained, AdamW optimizer) {
        Map<String, double[]> out = new LinkedHashMap<>();
        try (Scope scope = Scope.open();
                NoGrad guard = NoGrad.open()) {
            for (String name : trained.keySet()) {
                out.put(name, optimizer.gradient(name).reshape(-1).toDoubles());
                optimizer.gradient(name).zeroInPlace();
            }
        }
        return out;
    }

    private static void assertSame(Metrics got, Map<String, Double> want, String... way) {
        Map<String, Double> values = got.values();
        want.forEach((metric, value) -> assertThat(values.get(metric))
                .as(metric + " with " + String.join(" ", way))
                .isCloseTo(value, within(VALUE * Math.max(1, Math.abs(value)))));
    }

    /** The same by each sequence alone, with the whole of its logits and nothing but autograd. */
    private static final class PlainStep {
        private final Models3 models;
        private final OnlineJob job;
        private final PolicyObjective objective;
        private final boolean valued;
        private List<Written> written = List.of();
        private List<double[]> old = List.of();
        private List<double[]> values = List.of();
        private List<double[]> weights = List.of();
        private RewardScores scores = scores(List.of());
        private Optional<PolicyObjective.Credit> credit = Optional.empty();

        PlainStep(Models3 models, OnlineJob job, boolean valued) {
            this.models = models;
            this.job = job;
            this.objective = job.policy();
            this.valued = valued;
        }

        void collect(List<Written> rollout) {
            written = rollout;
            scores = scores(rollout);
            boolean[] stopped = new boolean[rollout.size()];
            List<double[]> rewards = new ArrayList<>();
            old = numbers(one -> logps(models.policy(), one));
            values = numbers(this::values);
            List<double[]> drawn = rollout.stream().map(Written::drawn).toList();
            weights = job.online()
                    .correction()
                    .map(correction -> correction.of(old, drawn).weights())
                    .orElse(List.of());
            List<double[]> entropies = numbers(this::entropies);
            for (int i = 0; i < stopped.length; i++) {
                stopped[i] = rollout.get(i).stopped();
                rewards.add(new double[] {scores.values()[0][i]});
            }
            Experience experience = new Experience(
                    GROUP,
                    rewards,
                    scores.weights(),
                    old,
                    objective.needsReference() ? numbers(one -> logps(models.reference(), one)) : List.of(),
                    stopped,
                    objective.creditNeedsEntropies() ? entropies : List.of(),
                    valued ? values : List.of(),
                    NONE,
                    objective.needsValuesAtCuts() ? valuesAtCuts() : NONE,
                    rollout.stream()
                            .map(one -> one.ids().length == 17 ? StepScores.NONE : steps(one.ids()))
                            .map(one -> new Experience.Steps(one.scores(), one.ends()))
                            .toList());
            credit = Optional.of(objective.credit(experience, objective.start()));
        }

        private interface Of {
            Tensor tensor(Written one);
        }

        private List<double[]> numbers(Of of) {
            try (Scope scope = Scope.open()) {
                return written.stream()
                        .map(one -> of.tensor(one).detach().toDoubles())
                        .toList();
            }
        }

        private static int[] whole(Written one) {
            return IntStream.concat(Arrays.stream(one.prompt()), Arrays.stream(one.ids()))
                    .toArray();
        }

        /** The tempered distributions that the tokens of a completion are drawn from, [tokens, vocabulary]. */
        private Tensor distributions(Decoder decoder, Written one) {
            double temperature = job.online().temperature();
            Tensor all = Functional.logSoftmax(
                    Plain.distributions(decoder, whole(one)).div(temperature), 1);
            return all.narrow(0, one.prompt().length - 1L, one.ids().length);
        }

        private Tensor logps(Decoder decoder, Written one) {
            Tensor ids = Tensor.of(one.ids(), Device.CPU).unsqueeze(1);
            return distributions(decoder, one).gather(1, ids).reshape(one.ids().length);
        }

        private Tensor entropies(Written one) {
            Tensor logs = distributions(models.policy(), one);
            Tensor ones = Tensor.zeros(DType.FLOAT32, Device.CPU, VOCABULARY, 1).add(1);
            return logs.exp().mul(logs).matmul(ones).neg().reshape(one.ids().length);
        }

        private Tensor values(Written one) {
            int n = one.ids().length;
            double back = job.critic().flatMap(CriticSettings::vfBackboneGrad).orElse(1.0);
            Tensor states = models.critic().hidden(Layout.of(List.of(whole(one))));
            states = states.mul(back).add(states.detach().mul(1 - back));
            return Functional.linear(
                            states.narrow(0, one.prompt().length - 1L, n),
                            models.critic().head())
                    .reshape(n);
        }

        /** What the value function says of the last token of those that were cut off. */
        private double[] valuesAtCuts() {
            try (Scope scope = Scope.open()) {
                return written.stream()
                        .mapToDouble(one -> one.stopped()
                                ? 0
                                : Functional.linear(
                                                models.critic()
                                                        .hidden(Layout.of(List.of(whole(one))))
                                                        .narrow(0, whole(one).length - 1L, 1),
                                                models.critic().head())
                                        .detach()
                                        .item())
                        .toArray();
            }
        }

        /** Loss and metrics of all completions in one batch; gradients stay with the parameters. */
        Map<String, Double> learn(int phase) {
            PolicyObjective.Credit of = credit.orElseThrow();
            List<Integer> kept = IntStream.range(0, written.size())
                    .filter(i -> of.kept()[i])
                    .boxed()
                    .toList();
            try (Scope scope = Scope.open()) {
                List<Integer> sequence = new ArrayList<>();
                List<Integer> lengths = new ArrayList<>();
                for (int i : kept) {
                    for (int t = 0; t < written.get(i).ids().length; t++) {
                        sequence.add(lengths.size());
                    }
                    lengths.add(written.get(i).ids().length);
                }
                List<double[]> reference = numbers(one -> logps(models.reference(), one));
                PolicyBatch batch = new PolicyBatch(
                        kept.size(),
                        joined(kept, one -> logps(models.policy(), one)),
                        tensor(kept, old),
                        objective.needsReference() ? Optional.of(tensor(kept, reference)) : Optional.empty(),
                        tensor(kept, of.advantages()),
                        weights.isEmpty() ? Optional.empty() : Optional.of(tensor(kept, weights)),
                        joined(kept, this::entropies),
                        valued
                                ? Optional.of(new PolicyBatch.Critic(
                                        joined(kept, this::values), tensor(kept, values), tensor(kept, of.returns())))
                                : Optional.empty(),
                        ints(sequence),
                        ints(lengths).to(DType.FLOAT32));
                Loss loss = objective.loss(
                        batch,
                        new PolicyObjective.Step(
                                kept.size(),
                                sequence.size(),
                                job.run().maxCompletionLength().orElseThrow(),
                                of.memory()));
                loss.value().backward();
                Map<String, Double> out = new LinkedHashMap<>();
                out.put("loss", loss.value().item());
                out.put("ratio/ess", effective(batch));
                out.put("entropy", batch.entropies().sum().item() / sequence.size());
                Stream.concat(loss.measures().stream(), phase == 0 ? of.measures().stream() : Stream.empty())
                        .forEach(measure -> out.put(
                                measure.name(),
                                measure.fold() == Measure.Fold.MEAN ? measure.sum() / measure.count() : measure.sum()));
                if (job.ptxData().isPresent()) {
                    double nll = learnTexts(phase);
                    out.put("loss/ptx_avg", nll);
                    out.merge("loss", job.ptx().ptxCoef() * nll, Double::sum);
                }
                return out;
            }
        }

        /** (Σ w)² / (n Σ w²) with w the ratio of each token times the weight of its draw. */
        private static double effective(PolicyBatch batch) {
            double[] now = batch.logps().detach().toDoubles();
            double[] old = batch.oldLogps().toDoubles();
            double[] draws = batch.weights().map(Tensor::toDoubles).orElse(new double[0]);
            double sum = 0;
            double squares = 0;
            for (int t = 0; t < now.length; t++) {
                double weight = Math.exp(now[t] - old[t]) * (draws.length > 0 ? draws[t] : 1);
                sum += weight;
                squares += weight * weight;
            }
            return sum * sum / (now.length * squares);
        }

        /** The mean over tokens of the texts of a step, which are drawn from nothing and so have no temperature. */
        private double learnTexts(int step) {
            int rows = job.ptx().ptxBatchSize().orElse(job.optimisation().rowsPerStep());
            List<TokenSequence> texts = texts();
            List<Tensor> logps = new ArrayList<>();
            for (int at = step * rows; at < (step + 1) * rows; at++) {
                TokenSequence text = texts.get(at % texts.size());
                Tensor all = Plain.logps(models.policy(), text.ids());
                for (int t = 1; t < text.ids().length; t++) {
                    if (text.trained()[t]) {
                        logps.add(all.narrow(0, t - 1L, 1));
                    }
                }
            }
            Tensor nll = Tensor.cat(0, logps).sum().div(-logps.size());
            nll.mul(job.ptx().ptxCoef()).backward();
            return nll.item();
        }

        private Tensor joined(List<Integer> rows, Of of) {
            return Tensor.cat(
                    0, rows.stream().map(i -> of.tensor(written.get(i))).toList());
        }

        private static Tensor tensor(List<Integer> rows, List<double[]> numbers) {
            double[] flat = rows.stream()
                    .flatMapToDouble(i -> Arrays.stream(numbers.get(i)))
                    .toArray();
            return Tensor.of(flat, Device.CPU).to(DType.FLOAT32);
        }

        private static Tensor ints(List<Integer> values) {
            return Tensor.of(values.stream().mapToInt(i -> i).toArray(), Device.CPU);
        }
    }

    @Test
    void aReferenceThatIsNotTheModelIsRefusedBeforeTheFirstUpdate() {
        try (Models3 models = Models3.of("grouped heads");
                TokenStore store = Stores.of(folder, List.of(new TokenPrompt(new int[] {1}, "{}")));
                Tokenizer tokenizer = Tokenizer.load(tokens)) {
            double right = start(new Models3(models.policy(), models.policy(), models.critic()), store, tokenizer);
            assertThat(right).isFinite();
            assertThatThrownBy(() -> start(models, store, tokenizer))
                    .isInstanceOf(PlumbException.class)
                    .hasMessageContaining("The reference is not the model that is trained");
        }
    }

    /** The first step of a run up to its update. */
    private static double start(Models3 models, TokenStore store, Tokenizer tokenizer) {
        Critic critic = Critic.of(models.critic());
        OnlineJob job = job("ppo", "kl_coef=0.1 top_p=0.9"); // nobody drew the answers, so the draws may be no policy's
        OnlineLoop loop = loop(models, Optional.of(critic), job, tokenizer, store, Optional.empty());
        Map<String, Tensor> trained = new LinkedHashMap<>(models.policy().trained());
        trained.putAll(critic.trained());
        List<Written> written = written();
        try (AdamW optimizer = new AdamW(trained, Plain.optimisation().adam())) {
            loop.take(new Schedule.Turn(0, 0, 0, List.of()), written, scores(written), NONE);
            double loss = loop.learn(optimizer, store, List.of()).values().get("loss");
            loop.requireSoundStart(loss);
            return loss;
        }
    }

    @Test
    void anAdapterLearnsWhatItsMergedModelWould() {
        try (Models3 models = Models3.of("adapter, dora");
                Weights copy = models.policy().weights().frozenCopy();
                TokenStore store = Stores.of(folder, List.of(new TokenPrompt(new int[] {1}, "{}")));
                Tokenizer tokenizer = Tokenizer.load(tokens)) {
            Decoder merged = new Decoder(models.policy().architecture(), copy)
                    .with(models.policy().adapter().orElseThrow())
                    .merge();
            Models3 whole = new Models3(merged, models.reference(), models.critic());
            Map<String, Double> want = learn(whole, store, tokenizer).values();
            assertThat(want.get("kl")).isGreaterThan(0.01);
            assertSame(learn(models, store, tokenizer), want, "an adapter");
        }
    }

    private static Metrics learn(Models3 models, TokenStore store, Tokenizer tokenizer) {
        List<Written> written = written();
        OnlineLoop loop = loop(
                models,
                Optional.empty(),
                job("grpo", "beta=0.04 temperature=1.3 entropy_coef=0.05"),
                tokenizer,
                store,
                Optional.empty());
        try (AdamW optimizer =
                new AdamW(models.policy().trained(), Plain.optimisation().adam())) {
            loop.take(new Schedule.Turn(0, 0, 0, List.of()), written, scores(written), NONE);
            return loop.learn(optimizer, store, List.of());
        }
    }

    private static OnlineLoop loop(
            Models3 models,
            Optional<Critic> critic,
            OnlineJob job,
            Tokenizer tokenizer,
            TokenStore store,
            Optional<PtxTerm> ptx) {
        return new OnlineLoop(
                models.policy(),
                Optional.of(models.reference()),
                critic,
                job,
                job.policy(),
                REWARDS,
                new Roller(models.policy(), tokenizer, Set.of(), job.online(), 30),
                Stores.order(store),
                ptx,
                Optional.empty());
    }
}
