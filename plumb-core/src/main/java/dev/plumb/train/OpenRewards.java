package dev.plumb.train;

import dev.plumb.data.StepFormat;
import dev.plumb.hub.Checkpoint;
import dev.plumb.reward.Aggregate;
import dev.plumb.reward.Reward;
import dev.plumb.reward.RewardPart;
import dev.plumb.reward.RewardSet;
import dev.plumb.text.Tokenizer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Reward functions and reward models that are ready to score. */
public final class OpenRewards implements AutoCloseable {
    /** What the reward of a process reward model is called. */
    static final String PROCESS = "process";

    /** A model may score many long answers in one call. */
    private static final Duration DEADLINE = Duration.ofMinutes(30);

    private final RewardSet set;
    private final List<RewardModel> models;
    private final List<String> notes;

    private OpenRewards(RewardSet set, List<RewardModel> models, List<String> notes) {
        this.set = set;
        this.models = models;
        this.notes = List.copyOf(notes);
    }

    /**
     * Opens rewards.
     *
     * @param settings which
     * @param policy the model that writes, in whose format and on whose device models score
     * @param tokenizer the policy's, which stays the caller's
     * @return the rewards, to be closed
     * @throws dev.plumb.config.PlumbException if one cannot work on this machine, or a model is no reward model
     */
    public static OpenRewards of(Rewards settings, Checkpoint policy, Tokenizer tokenizer) {
        List<RewardPart> parts = new ArrayList<>(settings.functions().parts());
        List<RewardModel> models = new ArrayList<>();
        List<String> notes = new ArrayList<>();
        try {
            parts.addAll(ofAnswers(settings.models(), policy, models, notes));
            ProcessRewardSettings process = settings.process();
            if (process.processRewardModel().isPresent()) {
                Path folder = process.processRewardModel().get();
                StepFormat format = StepFormat.of(folder, process.stepSeparator(), process.maxSolutionSteps());
                RewardModel model = RewardModel.open(folder, policy);
                models.add(model);
                Aggregate aggregate = process.processRewardAggregate().orElseThrow();
                parts.add(part(
                        PROCESS,
                        new StepReward(model, folder, format, tokenizer, aggregate),
                        process.weight(),
                        Optional.empty()));
                notes.add("process_reward_model: in answers " + format.words() + ".");
            }
            return new OpenRewards(new RewardSet(parts), models, notes);
        } catch (RuntimeException e) {
            models.forEach(RewardModel::close);
            throw e;
        }
    }

    /**
     * Opens rewards and closes them again, as {@link #of} would, and says what the user should know of them.
     *
     * @param settings which
     * @param toCome folders of models that are still to be made, of which nothing can be known
     * @param policy as for {@code of}
     * @param tokenizer as for it
     * @throws dev.plumb.config.PlumbException as {@code of} does
     */
    public static void check(Rewards settings, Set<Path> toCome, Checkpoint policy, Tokenizer tokenizer) {
        Rewards there = settings.without(toCome);
        if (!there.isEmpty()) {
            try (OpenRewards rewards = of(there, policy, tokenizer)) {
                rewards.notes().forEach(System.out::println);
            }
        }
    }

    /** Of models that judge whole answers, each by itself or all together. */
    private static List<RewardPart> ofAnswers(
            RewardModelSettings settings, Checkpoint policy, List<RewardModel> models, List<String> notes) {
        List<Path> folders = settings.rewardModels();
        for (Path folder : folders) {
            models.add(RewardModel.open(folder, policy));
        }
        boolean normalises = settings.rewardModelNormalisation() == RewardModelSettings.Scale.AUTO;
        int together = settings.ensemble().isPresent() ? folders.size() : 1;
        List<RewardPart> parts = new ArrayList<>();
        for (int i = 0; i < folders.size(); i += together) {
            List<Path> own = folders.subList(i, i + together);
            LearnedReward reward =
                    new LearnedReward(models.subList(i, i + together), own, normalises, settings.ensemble());
            String name = together == folders.size() ? "model" : "model_" + (i + 1);
            if (reward.isScaled()) {
                notes.add("reward_models: rewards of " + own + " are on the scale that is kept there ("
                        + RewardScales.FILE + "); reward_model_normalisation: off takes them as they are.");
            }
            parts.add(part(name, reward, settings.weight(i), settings.rewardModelClip()));
        }
        return parts;
    }

    private static RewardPart part(String name, Reward model, double weight, Optional<Double> clip) {
        return new RewardPart(
                name,
                model,
                weight,
                clip.map(most -> -most),
                clip,
                RewardPart.Normalise.NONE,
                DEADLINE,
                RewardPart.OnFailure.MASK);
    }

    /**
     * All of them together.
     *
     * @return the set
     */
    public RewardSet set() {
        return set;
    }

    /**
     * What the user should know of them, such as how steps are told where they are judged.
     *
     * @return sentences, for a run mostly none
     */
    public List<String> notes() {
        return notes;
    }

    @Override
    public void close() {
        models.forEach(RewardModel::close);
    }
}
