package dev.plumb.objective;

import static org.assertj.core.api.Assertions.assertThat;

import dev.plumb.objective.PolicyObjective.Credit;
import dev.plumb.objective.PolicyObjective.Step;
import dev.plumb.tensor.DType;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.Functional;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * The smallest policy there is, one distribution over five tokens, learns by every method to write the one that is rewarded:
 * credit, loss and gradient fit together, also over two steps a rollout.
 */
class BanditTest {
    private static final int VOCABULARY = 5;
    private static final int WANTED = 3;
    private static final int GROUP = 4;
    private static final int ROWS = 16;
    private static final int LENGTH = 2;
    private static final int ROLLOUTS = 40;

    private static Grpo grpo(String settings) {
        return new Grpo(PolicyRows.config(GrpoConfig.class, List.of(settings.split(" "))));
    }

    @TestFactory
    Stream<DynamicTest> everyMethodLearns() {
        List<PolicyObjective> methods = new ArrayList<>();
        List<String> names = new ArrayList<>();
        for (String settings : List.of(
                "loss_type=grpo beta=0.01",
                "loss_type=dr_grpo",
                "loss_type=dapo",
                "loss_type=bnpo",
                "loss_type=cispo",
                "loss_type=sapo",
                "loss_type=luspo importance_sampling_level=sequence epsilon=0.05",
                "loss_type=vespo",
                "loss_type=seed",
                "importance_sampling_level=sequence_token epsilon=0.05",
                "top_entropy_quantile=0.5",
                "kl_in=reward beta=0.01")) {
            methods.add(grpo(settings));
            names.add("grpo " + settings);
        }
        for (Rloo.LossType type : Rloo.LossType.values()) {
            methods.add(new Rloo(PolicyRows.config(
                    Rloo.Config.class,
                    List.of("beta=0", "loss_type=" + type.name().toLowerCase()))));
            names.add("rloo " + type);
        }
        methods.add(new Reinforce(PolicyRows.config(Reinforce.Config.class, List.of())));
        names.add("reinforce");
        methods.add(new ReMax(PolicyRows.config(ReMax.Config.class, List.of())));
        names.add("remax");
        for (String variant : List.of("paper", "baseline")) {
            methods.add(new ReinforcePlusPlus(
                    PolicyRows.config(ReinforcePlusPlus.Config.class, List.of("variant=" + variant))));
            names.add("reinforce++ " + variant);
        }
        for (String variant : List.of("paper", "seed")) {
            methods.add(new Ppo(PolicyRows.config(PpoConfig.class, List.of("variant=" + variant, "vf_coef=1"))));
            names.add("ppo " + variant);
        }
        for (String settings : List.of("loss_type=sigmoid", "loss_type=ipo", "beta=0.5")) {
            methods.add(new OnlineDpo(PolicyRows.config(OnlineDpo.Config.class, List.of(settings))));
            names.add("online dpo " + settings);
        }
        for (String settings : List.of("keep_per_prompt=1", "keep_per_prompt=2 min_reward=0.5", "beta=0.01")) {
            methods.add(new Raft(PolicyRows.config(Raft.Config.class, List.of(settings.split(" ")))));
            names.add("raft " + settings);
        }
        return IntStream.range(0, names.size())
                .mapToObj(i -> DynamicTest.dynamicTest(names.get(i), () -> learns(methods.get(i))));
    }

    private static void learns(PolicyObjective objective) {
        double[] logits = new double[VOCABULARY];
        double[] value = {0};
        double[] memory = objective.start();
        Random random = new Random(17);
        for (int k = 0; k < ROLLOUTS; k++) {
            List<int[]> written = new ArrayList<>();
            List<double[]> rewards = new ArrayList<>();
            for (int i = 0; i < ROWS; i++) {
                int[] tokens = new int[LENGTH];
                for (int t = 0; t < LENGTH; t++) {
                    tokens[t] = draw(logits, random);
                }
                written.add(tokens);
                rewards.add(new double[] {reward(tokens)});
            }
            memory = step(objective, logits, value, memory, written, rewards);
        }
        assertThat(Math.exp(logSoftmax(logits)[WANTED])).isGreaterThan(0.6); // from 0.2
    }

    private static double[] step(
            PolicyObjective objective,
            double[] logits,
            double[] value,
            double[] memory,
            List<int[]> written,
            List<double[]> rewards) {
        double[] old = logSoftmax(logits);
        double[] uniform = new double[VOCABULARY];
        Arrays.fill(uniform, -Math.log(VOCABULARY));
        boolean[] stopped = new boolean[ROWS];
        Arrays.fill(stopped, true);
        double[] greedy = new double[ROWS / GROUP];
        int best = IntStream.range(0, VOCABULARY).reduce(0, (a, b) -> logits[b] > logits[a] ? b : a);
        Arrays.fill(greedy, best == WANTED ? 1 : 0);
        List<double[]> values =
                written.stream().map(row -> new double[] {value[0], value[0]}).toList();
        Credit credit = objective.credit(
                new Experience(
                        GROUP,
                        rewards,
                        new double[] {1},
                        of(written, old),
                        of(written, uniform),
                        stopped,
                        of(written, Arrays.stream(old).map(l -> -l).toArray()), // as if these were entropies
                        values,
                        greedy),
                memory);
        int[] kept = IntStream.range(0, ROWS).filter(i -> credit.kept()[i]).toArray();
        List<int[]> learnt = Arrays.stream(kept).mapToObj(written::get).toList();
        int rows = kept.length;
        int steps = rows == 0 ? 0 : objective.onPolicyOnly() ? 1 : 2;
        for (int s = 0; s < steps; s++) {
            try (Scope scope = Scope.open()) {
                Tensor z = Tensor.of(logits, Device.CPU).requiresGrad(true);
                Tensor v = Tensor.of(value, Device.CPU).requiresGrad(true);
                int[] flat = learnt.stream().flatMapToInt(Arrays::stream).toArray();
                Tensor logps = Functional.logSoftmax(z, 0).indexSelect(0, Tensor.of(flat, Device.CPU));
                PolicyBatch batch = new PolicyBatch(
                        rows,
                        logps,
                        flat(of(learnt, old)),
                        Optional.of(flat(of(learnt, uniform))),
                        flat(of(kept, credit.advantages())),
                        Optional.empty(),
                        logps.detach().mul(0), // of no interest
                        objective.needsCritic()
                                ? Optional.of(new PolicyBatch.Critic(
                                        v.expand(rows * LENGTH),
                                        flat(of(kept, values)),
                                        flat(of(kept, credit.returns()))))
                                : Optional.empty(),
                        Tensor.of(
                                IntStream.range(0, rows * LENGTH)
                                        .map(t -> t / LENGTH)
                                        .toArray(),
                                Device.CPU),
                        Tensor.full(LENGTH, DType.FLOAT64, Device.CPU, rows));
                objective
                        .loss(batch, new Step(rows, rows * LENGTH, LENGTH))
                        .value()
                        .backward();
                double[] gradient = z.grad().toDoubles();
                double length =
                        Math.sqrt(Arrays.stream(gradient).map(g -> g * g).sum());
                for (int i = 0; i < VOCABULARY; i++) {
                    logits[i] -= 0.1 * gradient[i] / Math.max(1e-12, length); // the same speed for every scale of loss
                }
                if (objective.needsCritic()) {
                    value[0] -= 0.5 * v.grad().toDoubles()[0];
                }
            }
        }
        return credit.memory();
    }

    private static double reward(int[] tokens) {
        return Arrays.stream(tokens).filter(t -> t == WANTED).count() / (double) LENGTH;
    }

    private static int draw(double[] logits, Random random) {
        double[] logps = logSoftmax(logits);
        double left = random.nextDouble();
        for (int v = 0; v < VOCABULARY - 1; v++) {
            left -= Math.exp(logps[v]);
            if (left < 0) {
                return v;
            }
        }
        return VOCABULARY - 1;
    }

    private static double[] logSoftmax(double[] logits) {
        double mass = Arrays.stream(logits).map(Math::exp).sum();
        return Arrays.stream(logits).map(z -> z - Math.log(mass)).toArray();
    }

    private static List<double[]> of(List<int[]> written, double[] perToken) {
        return written.stream()
                .map(row -> Arrays.stream(row).mapToDouble(t -> perToken[t]).toArray())
                .toList();
    }

    private static List<double[]> of(int[] kept, List<double[]> rows) {
        return Arrays.stream(kept).mapToObj(rows::get).toList();
    }

    private static Tensor flat(List<double[]> rows) {
        return Tensor.of(PolicyRows.flat(rows), Device.CPU);
    }
}
