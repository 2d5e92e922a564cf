package dev.plumb.objective;

import dev.plumb.config.Setting;
import java.util.Locale;
import java.util.Optional;

/**
 * Settings of group-relative policy optimisation and its relatives, see {@link Grpo}.
 *
 * @param lossType which loss
 * @param importanceSamplingLevel whose ratio of new to old probability it uses
 * @param epsilon how far below 1 a ratio may go; absent only where nothing is clipped
 * @param epsilonHigh how far above 1; absent only where nothing is clipped
 * @param delta δ, a bound of the ratio for bad completions too
 * @param ratioCap the bound of cispo's weight
 * @param allowUnusualEpsilon whether ε may be of another order than the level needs
 * @param sapoTemperaturePos τ of good completions
 * @param sapoTemperatureNeg τ of bad completions
 * @param vespoKPos k of good completions
 * @param vespoLambdaPos λ of good completions
 * @param vespoKNeg k of bad completions
 * @param vespoLambdaNeg λ of bad completions
 * @param beta β, weight of the KL to the reference
 * @param klEstimator how it is estimated; always present once bound
 * @param klIn where it goes
 * @param useBiasCorrectionKl whether the estimate in the loss is multiplied by the ratio
 * @param scaleRewards what centred rewards are divided by; always present once bound
 * @param std how standard deviations are computed
 * @param advantageEps what is added to them; always present once bound
 * @param multiObjectiveAggregation how several rewards become one
 * @param supervision whether completions or their steps are judged
 * @param stepMean whether a token gets the mean of later steps and not the sum
 * @param topEntropyQuantile share of tokens that are learnt from, the most uncertain ones
 * @param entropyCoef weight of the bonus for uncertainty
 * @param useAdaptiveEntropy whether that weight follows the entropy
 * @param entropyTarget the entropy below which the bonus is given
 * @param entropyCoefDelta by how much the weight moves
 * @param entropyCoefMin the least weight
 * @param entropyCoefMax the largest
 * @param offPolicyMaskThreshold how far a bad completion may have become improbable
 * @param maskTruncatedCompletions whether completions that were cut off are not learnt from
 * @param truncatedInBaseline whether their rewards count in the group's mean and spread
 */
public record GrpoConfig(
        @Setting(
                doc =
                        "grpo (each answer weighs the same), dr_grpo (each token, over a fixed length), dapo (each token),"
                                + " bnpo (as dapo), cispo (bounded weights, no clipping), sapo (soft gate), luspo (sequences by"
                                + " their length), vespo (sequences by a smooth weight), seed and seed_sum (neither ratio nor"
                                + " clipping, one step a rollout).",
                byDefault = "dapo",
                source =
                        "arXiv 2402.03300, 2503.20783, 2503.14476, 2506.13585, 2511.20347, 2602.05261, 2602.10693; TRL")
        LossType lossType,

        @Setting(
                doc = "Whose probability ratio is used: each token's, its sequence's (GSPO), or sequence_token: the"
                        + " sequence's value with each token's gradient.",
                byDefault = "token",
                source = "arXiv 2507.18071; TRL")
        Level importanceSamplingLevel,

        @Setting(
                doc = "How far below 1 the ratio of new to old probability may go before a token is no longer learnt"
                        + " from: 0.2 if not given, 0.0003 for sequences.",
                min = 0,
                max = 1,
                source = "arXiv 2402.03300, 2507.18071; TRL")
        Optional<Double> epsilon,

        @Setting(
                doc = "How far above 1: 0.28 if neither this nor epsilon is given, 0.0004 for sequences; epsilon"
                        + " if only that is.",
                min = 0,
                source = "arXiv 2503.14476, 2507.18071; TRL")
        Optional<Double> epsilonHigh,

        @Setting(
                doc = "Bound of the ratio itself, which holds for bad answers that became more probable too. Take one"
                        + " above 1 + epsilon_high.",
                min = 0,
                aboveMin = true,
                source = "INTELLECT-2, arXiv 2505.07291; TRL")
        Optional<Double> delta,

        @Setting(
                doc = "The largest weight of a token with cispo, 5 if not given. TRL's name for it is epsilon_high.",
                min = 0,
                aboveMin = true,
                source = "arXiv 2506.13585; TRL")
        Optional<Double> ratioCap,

        @Setting(
                doc =
                        "Allow an epsilon that the level makes useless: above 0.05 sequences are never clipped, below 0.01"
                                + " nearly all tokens are.",
                byDefault = "false")
        boolean allowUnusualEpsilon,

        @Setting(
                doc = "Sharpness of sapo's gate for good answers.",
                byDefault = "1.0",
                min = 0,
                aboveMin = true,
                source = "arXiv 2511.20347; TRL")
        double sapoTemperaturePos,

        @Setting(
                doc = "Sharpness of sapo's gate for bad answers.",
                byDefault = "1.05",
                min = 0,
                aboveMin = true,
                source = "arXiv 2511.20347; TRL")
        double sapoTemperatureNeg,

        @Setting(
                doc = "Power k of vespo's weight w^k e^(λ(1−w)), good answers.",
                byDefault = "2.0",
                min = 0,
                source = "arXiv 2602.10693; TRL")
        double vespoKPos,

        @Setting(doc = "λ of vespo's weight, good answers.", byDefault = "3.0", min = 0, source = "the same")
        double vespoLambdaPos,

        @Setting(doc = "Power k of vespo's weight, bad answers.", byDefault = "3.0", min = 0, source = "the same")
        double vespoKNeg,

        @Setting(doc = "λ of vespo's weight, bad answers.", byDefault = "2.0", min = 0, source = "the same")
        double vespoLambdaNeg,

        @Setting(
                doc =
                        "Strength of the pull towards the reference, a KL in nats; 0 needs no reference. 0.04 is usual with"
                                + " learned rewards.",
                byDefault = "0.0",
                min = 0,
                source = "arXiv 2402.03300: 0.04; TRL: 0")
        double beta,

        @Setting(
                doc = "Estimator of that KL: k3 if not given, k1 in the reward. k1 in the loss holds nothing, as its"
                        + " gradient is 0 in the mean, and is refused but for seed.",
                source = "Schulman 2020; arXiv 2402.03300 eq. 4")
        Optional<KlEstimator> klEstimator,

        @Setting(
                doc = "Where the KL goes: into the loss, token by token, or off the reward of the answer before groups"
                        + " are compared.",
                byDefault = "loss",
                source = "arXiv 2402.03300")
        KlIn klIn,

        @Setting(
                doc = "Multiply the KL in the loss by the probability ratio: unbiased when a rollout is learnt from in"
                        + " several steps.",
                byDefault = "false",
                source = "arXiv 2512.02556; TRL")
        boolean useBiasCorrectionKl,

        @Setting(
                doc = "What rewards less their group's mean are divided by: the standard deviation of the group, of the"
                        + " whole batch, or nothing. group if not given, none with dr_grpo.",
                source = "arXiv 2402.03300, 2508.08221, 2503.20783; TRL")
        Optional<Scale> scaleRewards,

        @Setting(
                doc = "Standard deviations over n − 1 (sample) or n (population).",
                byDefault = "sample",
                source = "TRL, verl and OpenRLHF: sample; the papers do not say")
        StandardDeviation std,

        @Setting(doc = "Added to standard deviations: 1e-4 if not given, 1e-8 with seed.", min = 0, source = "TRL")
        Optional<Double> advantageEps,

        @Setting(
                doc = "Several rewards: add them and compare sums, or compare each by itself in its group and add what"
                        + " comes out, so that none hides the others.",
                byDefault = "sum_then_normalize",
                source = "arXiv 2601.05242; TRL")
        Aggregation multiObjectiveAggregation,

        @Setting(
                doc =
                        "outcome: rewards of whole answers; process: scores of their steps by process_reward_model, compared"
                                + " with those of all steps of all answers to the prompt. A token gets the sum of what its own and"
                                + " later steps are worth.",
                byDefault = "outcome",
                source = "arXiv 2402.03300, section 4.1.3")
        Supervision supervision,

        @Setting(
                doc =
                        "With process: a token gets the mean of the steps from its own on, not their sum, so that splitting"
                                + " a step does not pay.",
                byDefault = "false")
        boolean stepMean,

        @Setting(
                doc = "Learn only from this share of the tokens, those whose distribution was most uncertain.",
                byDefault = "1.0",
                min = 0,
                aboveMin = true,
                max = 1,
                source = "arXiv 2506.01939; TRL")
        double topEntropyQuantile,

        @Setting(
                doc = "Bonus for the entropy of the policy, in nats a token.",
                byDefault = "0.0",
                min = 0,
                source = "TRL")
        double entropyCoef,

        @Setting(
                doc = "Let that bonus follow the entropy of each rollout: its weight starts at entropy_coef, grows by"
                        + " entropy_coef_delta where the entropy is at most entropy_target and falls by it elsewhere, and"
                        + " the bonus is given only where the entropy is at most the target.",
                byDefault = "false",
                source = "Skywork-OR1, arXiv 2505.22312; TRL, there after each step")
        boolean useAdaptiveEntropy,

        @Setting(doc = "That target, in nats a token.", byDefault = "0.2", min = 0, source = "TRL")
        double entropyTarget,

        @Setting(doc = "By how much the weight moves a rollout.", byDefault = "0.005", min = 0, source = "TRL")
        double entropyCoefDelta,

        @Setting(doc = "The least weight.", byDefault = "0.0", min = 0, source = "TRL")
        double entropyCoefMin,

        @Setting(doc = "The largest weight.", byDefault = "1.0", min = 0, source = "TRL")
        double entropyCoefMax,

        @Setting(
                doc =
                        "Leave out a bad answer once its mean log-probability fell by more than this since it was written.",
                min = 0,
                source = "arXiv 2512.02556 eq. 9; TRL")
        Optional<Double> offPolicyMaskThreshold,

        @Setting(
                doc = "Do not learn from answers that were cut off at the length limit.",
                byDefault = "false",
                source = "arXiv 2503.14476; TRL")
        boolean maskTruncatedCompletions,

        @Setting(
                doc = "Rewards of such answers still count in the mean and the spread of their group.",
                byDefault = "true",
                source = "TRL")
        boolean truncatedInBaseline) {
    private static final double TOKEN_LOW = 0.2;
    private static final double TOKEN_HIGH = 0.28;
    private static final double SEQUENCE_LOW = 3e-4;
    private static final double SEQUENCE_HIGH = 4e-4;
    private static final double LEAST_FOR_TOKENS = 0.01;
    private static final double LEAST_FOR_SEQUENCES = 1e-5;
    private static final double MOST_FOR_SEQUENCES = 0.05;

    /** Losses; formulas in {@link Grpo}. */
    public enum LossType {
        /** Clipped, mean over completions of the mean over tokens, arXiv 2402.03300. */
        GRPO,
        /** Clipped, sum over tokens divided by completions and a fixed length, arXiv 2503.20783. */
        DR_GRPO,
        /** Clipped, mean over all tokens of the step, arXiv 2503.14476. */
        DAPO,
        /** The same: TRL's type of this name averages over tokens of a micro-batch, which depends on how a step is split. */
        BNPO,
        /** Bounded weight without gradient times ℓ, mean over tokens, arXiv 2506.13585. */
        CISPO,
        /** Soft gate of the ratio, mean over completions of the mean over tokens, arXiv 2511.20347. */
        SAPO,
        /** Clipped sequence ratio times length, mean over completions, arXiv 2602.05261. */
        LUSPO,
        /** Smooth weight of the sequence without gradient times ℓ, mean over tokens, arXiv 2602.10693. */
        VESPO,
        /** −Â S + β (S − S_ref), mean over completions. */
        SEED,
        /** The same, summed: the gradient grows with the batch. */
        SEED_SUM;

        boolean clips() {
            return this == GRPO || this == DR_GRPO || this == DAPO || this == BNPO || this == LUSPO;
        }

        boolean isSeed() {
            return this == SEED || this == SEED_SUM;
        }
    }

    /** Whose ratio of new to old probability. */
    public enum Level {
        /** ρ_t = e^(ℓ − ℓ_old). */
        TOKEN,
        /** s = exp of the mean over tokens of ℓ − ℓ_old. */
        SEQUENCE,
        /** s in value, ρ_t in gradient. */
        SEQUENCE_TOKEN
    }

    /** Where the KL goes. */
    public enum KlIn {
        /** Into the loss. */
        LOSS,
        /** Off the reward. */
        REWARD
    }

    /** What centred rewards are divided by. */
    public enum Scale {
        /** The standard deviation of the group. */
        GROUP,
        /** That of all rewards of the rollout. */
        BATCH,
        /** Nothing. */
        NONE
    }

    /** How several rewards become one advantage. */
    public enum Aggregation {
        /** Weighted sum, then compared. */
        SUM_THEN_NORMALIZE,
        /** Compared one by one, then summed. */
        NORMALIZE_THEN_SUM
    }

    /** What is judged. */
    public enum Supervision {
        /** The completion. */
        OUTCOME,
        /** Its steps. */
        PROCESS
    }

    /** Settles what depends on another setting, and refuses what would do nothing or harm. */
    public GrpoConfig {
        boolean tokens = importanceSamplingLevel == Level.TOKEN;
        String type = word(lossType);
        if (!lossType.clips()) {
            refuse(
                    lossType == LossType.CISPO && epsilonHigh.isPresent(),
                    "loss_type: cispo does not clip; the bound of its weight is called ratio_cap here: write ratio_cap: "
                            + epsilonHigh.orElse(0.0) + " in place of epsilon_high");
            refuse(
                    epsilon.isPresent() || epsilonHigh.isPresent() || delta.isPresent(),
                    "loss_type: " + type + " does not clip: leave out epsilon, epsilon_high and delta");
        } else {
            refuse(
                    !allowUnusualEpsilon && epsilon.isPresent() && unusual(epsilon.get(), tokens),
                    unusualWords("epsilon", epsilon, tokens));
            refuse(
                    !allowUnusualEpsilon && epsilonHigh.isPresent() && unusual(epsilonHigh.get(), tokens),
                    unusualWords("epsilon_high", epsilonHigh, tokens));
            double usualHigh = tokens ? TOKEN_HIGH : SEQUENCE_HIGH;
            epsilonHigh = Optional.of(epsilonHigh.orElse(epsilon.orElse(usualHigh)));
            epsilon = Optional.of(epsilon.orElse(tokens ? TOKEN_LOW : SEQUENCE_LOW));
        }
        refuse(
                useAdaptiveEntropy && (entropyCoef < entropyCoefMin || entropyCoef > entropyCoefMax),
                "entropy_coef: " + entropyCoef + " is where the weight starts, and lies outside of entropy_coef_min: "
                        + entropyCoefMin + " and entropy_coef_max: " + entropyCoefMax);
        refuse(
                ratioCap.isPresent() && lossType != LossType.CISPO,
                "ratio_cap is used by loss_type: cispo only; leave it out, or bound ratios by delta");
        refuse(
                !tokens && (lossType == LossType.VESPO || lossType.isSeed()),
                "loss_type: " + type + " takes no importance_sampling_level: leave it out");
        refuse(tokens && lossType == LossType.LUSPO, "loss_type: luspo needs importance_sampling_level: sequence");
        refuse(
                klIn == KlIn.REWARD && multiObjectiveAggregation == Aggregation.NORMALIZE_THEN_SUM,
                "kl_in: reward needs one reward to take the KL off: use multi_objective_aggregation:"
                        + " sum_then_normalize, or kl_in: loss");
        refuse(
                klIn == KlIn.REWARD && useBiasCorrectionKl,
                "use_bias_correction_kl corrects a KL in the loss: use kl_in: loss");
        refuse(
                lossType.isSeed() && klEstimator.orElse(KlEstimator.K1) != KlEstimator.K1,
                "loss_type: " + type + " has the KL as k1: leave out kl_estimator");
        refuse(
                klIn == KlIn.LOSS && !lossType.isSeed() && klEstimator.equals(Optional.of(KlEstimator.K1)),
                "kl_estimator: k1 in the loss has gradient 0 in the mean and holds nothing: use k3 or k2, or kl_in:"
                        + " reward");
        refuse(
                supervision == Supervision.PROCESS
                        && (klIn == KlIn.REWARD || multiObjectiveAggregation == Aggregation.NORMALIZE_THEN_SUM),
                "supervision: process compares rewards of steps, not of answers: use kl_in: loss and"
                        + " multi_objective_aggregation: sum_then_normalize");
        refuse(
                supervision == Supervision.PROCESS && scaleRewards.orElse(Scale.GROUP) != Scale.GROUP,
                "supervision: process divides scores of steps by the deviation of those of their group: leave out"
                        + " scale_rewards");
        refuse(stepMean && supervision == Supervision.OUTCOME, "step_mean needs supervision: process");
        if (lossType == LossType.CISPO) {
            ratioCap = Optional.of(ratioCap.orElse(5.0));
        }
        boolean first = lossType.isSeed() || klIn == KlIn.REWARD;
        klEstimator = Optional.of(klEstimator.orElse(first ? KlEstimator.K1 : KlEstimator.K3));
        boolean undivided = lossType == LossType.DR_GRPO && supervision == Supervision.OUTCOME;
        scaleRewards = Optional.of(scaleRewards.orElse(undivided ? Scale.NONE : Scale.GROUP));
        advantageEps = Optional.of(advantageEps.orElse(lossType.isSeed() ? 1e-8 : 1e-4));
    }

    private static void refuse(boolean wrong, String why) {
        if (wrong) {
            throw new IllegalArgumentException(why);
        }
    }

    private static boolean unusual(double epsilon, boolean tokens) {
        return tokens ? epsilon < LEAST_FOR_TOKENS : epsilon < LEAST_FOR_SEQUENCES || epsilon > MOST_FOR_SEQUENCES;
    }

    private static String unusualWords(String name, Optional<Double> epsilon, boolean tokens) {
        return name + ": " + epsilon.orElse(0.0)
                + (tokens
                        ? " would clip nearly all tokens: take one of the order of 0.2, or set importance_sampling_level:"
                                + " sequence, or allow_unusual_epsilon: true"
                        : " is of the wrong order for the ratios of whole sequences: take one of the order of 0.0003"
                                + " (0.00001 to 0.05), or set importance_sampling_level: token, or"
                                + " allow_unusual_epsilon: true");
    }

    private static String word(LossType type) {
        return type.name().toLowerCase(Locale.ROOT);
    }
}
