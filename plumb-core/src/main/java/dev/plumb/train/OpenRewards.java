package dev.plumb.train;

import dev.plumb.hub.Checkpoint;
import dev.plumb.reward.RewardPart;
import dev.plumb.reward.RewardSet;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Reward functions and reward models that are ready to score. */
public final class OpenRewards implements AutoCloseable {
    /** A model may score many long answers in one call. */
    private static final Duration DEADLINE = Duration.ofMinutes(30);

    private final RewardSet set;
    private final List<LearnedReward> models;

    private OpenRewards(RewardSet set, List<LearnedReward> models) {
        this.set = set;
        this.models = models;
    }

    /**
     * Opens rewards.
     *
     * @param settings which
     * @param policy the model that writes, in whose format and on whose device models score
     * @return the rewards, to be closed
     * @throws dev.plumb.config.PlumbException if one cannot work on this machine, or a model is no reward model
     */
    public static OpenRewards of(Rewards settings, Checkpoint policy) {
        List<RewardPart> parts = new ArrayList<>(settings.functions().parts());
        List<LearnedReward> models = new ArrayList<>();
        try {
            for (int i = 0; i < settings.rewardModels().size(); i++) {
                Path folder = settings.rewardModels().get(i);
                LearnedReward model = LearnedReward.open(
                        folder,
                        policy.folder(),
                        policy.decoder().weights().dtype(),
                        policy.decoder().device());
                models.add(model);
                parts.add(new RewardPart(
                        settings.rewardModels().size() == 1 ? "model" : "model_" + (i + 1),
                        model,
                        settings.rewardModelWeights().isEmpty()
                                ? 1
                                : settings.rewardModelWeights().get(i),
                        Optional.empty(),
                        Optional.empty(),
                        RewardPart.Normalise.NONE,
                        DEADLINE,
                        RewardPart.OnFailure.MASK));
            }
            return new OpenRewards(new RewardSet(parts), models);
        } catch (RuntimeException e) {
            models.forEach(LearnedReward::close);
            throw e;
        }
    }

    /**
     * All of them together.
     *
     * @return the set
     */
    public RewardSet set() {
        return set;
    }

    @Override
    public void close() {
        models.forEach(LearnedReward::close);
    }
}
