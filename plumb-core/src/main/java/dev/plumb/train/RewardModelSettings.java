package dev.plumb.train;

import dev.plumb.config.Setting;
import dev.plumb.reward.Ensemble;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Models that judge whole answers.
 *
 * @param rewardModels folders of reward models
 * @param rewardModelWeights their weights
 * @param rewardModelAggregation how they become one reward; empty if each is one
 * @param ensembleK standard deviations that are taken off
 * @param ensembleW weight of the variance that is taken off
 * @param rewardModelNormalisation what becomes of the scales that they keep
 * @param rewardModelClip the largest magnitude of what a model gives
 */
public record RewardModelSettings(
        @Setting(
                doc =
                        "Reward models, checkpoint folders as the method reward writes them; each reads prompt and answer as"
                                + " text with its own tokenizer. TRL takes them in reward_funcs.")
        List<Path> rewardModels,

        @Setting(
                doc = "A weight for each of reward_models, or one for them all with reward_model_aggregation; 1 if not"
                        + " given.")
        List<Double> rewardModelWeights,

        @Setting(
                doc =
                        "Take reward_models, and the heads of one that has several, for an ensemble that gives one reward: mean;"
                                + " min, the worst case; mean_minus_k_std; mean_minus_w_var. Where members disagree, they know"
                                + " little, and a policy that learns to be there is paid less. reward/ensemble_std is how far they"
                                + " do. If not given, each model is a reward by itself, and they are added up.",
                source = "arXiv 2310.02743, 2312.09244")
        Optional<Ensemble.Aggregation> rewardModelAggregation,

        @Setting(doc = "k of mean_minus_k_std: standard deviations taken off; 1 if not given.", min = 0)
        Optional<Double> ensembleK,

        @Setting(
                doc = "w of mean_minus_w_var: how much of the variance is taken off; 0.5 if not given.",
                min = 0,
                source = "arXiv 2310.02743")
        Optional<Double> ensembleW,

        @Setting(
                doc =
                        "The scale of rewards. auto: (reward - mean) / standard deviation where a model's folder keeps them, as"
                                + " `plumb score` with normalisation=fit lets it; off: as the model gives them.",
                byDefault = "auto",
                source = "arXiv 2203.02155, 2009.01325")
        Scale rewardModelNormalisation,

        @Setting(
                doc = "The largest magnitude of a learned reward, after that; rewards beyond it are clipped.",
                min = 0,
                aboveMin = true,
                source = "OpenRLHF: 10")
        Optional<Double> rewardModelClip) {

    /** What becomes of the scales that models keep. */
    public enum Scale {
        /** They are used where there are any. */
        AUTO,
        /** They are not. */
        OFF
    }

    /** Checks that weights fit, and refuses what would do nothing. */
    public RewardModelSettings {
        rewardModels = List.copyOf(rewardModels);
        rewardModelWeights = List.copyOf(rewardModelWeights);
        int wanted = rewardModelAggregation.isPresent() ? 1 : rewardModels.size();
        if (!rewardModelWeights.isEmpty() && rewardModelWeights.size() != wanted) {
            throw new IllegalArgumentException("reward_model_weights has " + rewardModelWeights.size() + " weights for "
                    + (rewardModelAggregation.isPresent()
                            ? "the one reward that reward_model_aggregation makes"
                            : rewardModels.size() + " reward_models"));
        }
        if (rewardModels.isEmpty() && (rewardModelAggregation.isPresent() || rewardModelClip.isPresent())) {
            throw new IllegalArgumentException(
                    "reward_model_aggregation and reward_model_clip are of reward_models: name"
                            + " some, or leave them out");
        }
        requireUse("ensemble_k", ensembleK, Ensemble.Aggregation.MEAN_MINUS_K_STD, rewardModelAggregation);
        requireUse("ensemble_w", ensembleW, Ensemble.Aggregation.MEAN_MINUS_W_VAR, rewardModelAggregation);
    }

    private static void requireUse(
            String key, Optional<Double> given, Ensemble.Aggregation by, Optional<Ensemble.Aggregation> aggregation) {
        if (given.isPresent() && aggregation.filter(by::equals).isEmpty()) {
            throw new IllegalArgumentException(key + " is used by reward_model_aggregation: " + by + " only");
        }
    }

    /** The same without models that are not there yet. */
    RewardModelSettings without(Set<Path> toCome) {
        if (rewardModels.stream().noneMatch(toCome::contains)) {
            return this;
        }
        List<Path> there = rewardModels.stream()
                .filter(folder -> rewardModelAggregation.isEmpty() && !toCome.contains(folder))
                .toList();
        return new RewardModelSettings(
                there,
                List.of(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                rewardModelNormalisation,
                Optional.empty());
    }

    /** How several rewards become one, if they are to. */
    Optional<Ensemble> ensemble() {
        return rewardModelAggregation.map(by -> new Ensemble(by, ensembleK.orElse(1.0), ensembleW.orElse(0.5)));
    }

    /** Of a model, or of their ensemble, which is number 0. */
    double weight(int model) {
        return rewardModelWeights.isEmpty() ? 1 : rewardModelWeights.get(model);
    }
}
