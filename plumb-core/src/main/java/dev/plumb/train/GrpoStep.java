package dev.plumb.train;

import dev.plumb.config.Binder;
import dev.plumb.config.YamlSource;
import dev.plumb.data.Example;
import dev.plumb.data.TokenPrompt;
import dev.plumb.data.TokenStore;
import dev.plumb.model.Decoder;
import dev.plumb.model.Generator;
import dev.plumb.model.Sampling;
import dev.plumb.objective.Experience;
import dev.plumb.objective.Grpo;
import dev.plumb.objective.GrpoConfig;
import dev.plumb.objective.PolicyObjective;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * A step of GRPO as {@link TrainBench} times it: draw, reward, judge, learn, by the parts that {@link OnlineLoop} is made of, with
 * a reward that reads token ids where that reads text.
 */
final class GrpoStep implements Loop {
    private static final int GROUP = 8;
    private static final int LENGTH = 64;

    private final Decoder decoder;
    private final PolicyObjective objective =
            new Grpo(Binder.bind(GrpoConfig.class, YamlSource.commandLine().with(List.of("loss_type=grpo"))));
    private final RolloutLearner learner;
    private long seed;

    GrpoStep(Decoder decoder, Optimisation optimisation) {
        this.decoder = decoder;
        Policy policy = new Policy(decoder, false);
        RolloutScorer scorer = new RolloutScorer(
                policy,
                Optional.empty(),
                Optional.empty(),
                optimisation.tokensPerPass(decoder.device()),
                optimisation.style());
        this.learner =
                new RolloutLearner(policy, Optional.empty(), objective, scorer, optimisation.gradientCheckpointing());
    }

    @Override
    public Metrics learn(AdamW optimizer, TokenStore store, List<Long> rows) {
        List<int[]> prompts = rows.stream()
                .map(row -> ((TokenPrompt) store.get(row)).prompt())
                .toList();
        List<Generator.Completion> made = new Generator(decoder, rows.size() * GROUP)
                .generate(
                        new Generator.Request(prompts, 0, GROUP),
                        Sampling.of(LENGTH, 1, Set.of(), seed++),
                        Generator.Watcher.NONE);
        List<Written> written = new ArrayList<>();
        List<double[]> rewards = new ArrayList<>();
        for (int i = 0; i < made.size(); i++) {
            int[] ids = made.get(i).ids();
            written.add(Written.drawn(rows.get(i / GROUP), prompts.get(i / GROUP), made.get(i)));
            rewards.add(new double[] {
                IntStream.of(ids).filter(id -> id % 2 == 0).count() / (double) ids.length
            });
        }
        Experience experience = new Experience(
                GROUP,
                rewards,
                new double[] {1},
                written.stream().map(Written::drawn).toList(),
                List.of(),
                new boolean[written.size()],
                List.of(),
                List.of(),
                new double[0]);
        PolicyObjective.Credit credit = objective.credit(experience, objective.start());
        List<Integer> all = IntStream.range(0, written.size()).boxed().toList();
        Metrics measured = new Metrics();
        learner.learn(
                optimizer,
                new Rollout(all.size(), GROUP, written, credit, List.of(), false),
                all,
                new PolicyObjective.Step(all.size(), (long) all.size() * LENGTH, LENGTH, credit.memory()),
                true,
                measured);
        return measured;
    }

    @Override
    public Metrics evaluate(TokenStore store, List<Long> rows) {
        throw new UnsupportedOperationException("a benchmark only learns");
    }

    @Override
    public int[] prompt(Example row) {
        return ((TokenPrompt) row).prompt();
    }
}
