package dev.plumb.objective;

import dev.plumb.config.Setting;
import java.util.Optional;

/**
 * Settings of proximal policy optimisation, see {@link Ppo}.
 *
 * @param variant which form
 * @param klCoef β
 * @param klEstimator k
 * @param klController whether β adapts
 * @param klTarget what it adapts to, nats a completion
 * @param klHorizon how slowly
 * @param targetKl at what drift the rest of a rollout is left
 * @param rewardClip bound of scores
 * @param missingEosPenalty the number of the rule for completions that were cut off
 * @param missingEosRule what it does
 * @param bootstrapTruncated whether values go on after the cut of a completion
 * @param whitenRewards whether token rewards are scaled
 * @param gamma γ
 * @param lam λ
 * @param cliprange ε below 1
 * @param cliprangeHigh ε above 1; always present once bound
 * @param dualClip c
 * @param cliprangeValue ε_v, 0 for none
 * @param vfCoef weight of the value loss
 * @param entropyCoef weight of the bonus for uncertainty
 * @param stepRewards what scores of steps pay
 * @param stepAlpha α
 * @param stepThreshold η
 * @param stepTemperature T
 */
public record PpoConfig(
        @Setting(
                doc = "paper, or seed: one ratio, advantage and value an answer, no whitening, for teaching.",
                byDefault = "paper",
                source = "arXiv 1707.06347, 1909.08593")
        Variant variant,

        @Setting(
                doc = "Strength of the pull towards the reference: nats that come off the reward of each token.",
                byDefault = "0.05",
                min = 0,
                source = "TRL; InstructGPT 0.02")
        double klCoef,

        @Setting(
                doc = "Estimator of that KL, k1 or k3: both are unbiased as rewards.",
                byDefault = "k1",
                source = "TRL; Schulman 2020")
        KlEstimator klEstimator,

        @Setting(
                doc = "fixed, or adaptive: kl_coef follows the measured KL, towards kl_target.",
                byDefault = "fixed",
                source = "arXiv 1909.08593, section 2.2")
        KlController klController,

        @Setting(
                doc = "The KL of a whole answer that adaptive aims at, in nats.",
                byDefault = "6.0",
                min = 0,
                aboveMin = true,
                source = "arXiv 1909.08593")
        double klTarget,

        @Setting(
                doc = "How slowly adaptive follows, in answers.",
                byDefault = "10000",
                min = 0,
                aboveMin = true,
                source = "arXiv 1909.08593")
        double klHorizon,

        @Setting(
                doc = "Leave the rest of a rollout once the next tokens' mean of ρ − 1 − log ρ is above 1.5 times this;"
                        + " 0.01 to 0.05 is usual.",
                min = 0,
                aboveMin = true,
                source = "arXiv 2403.17031")
        Optional<Double> targetKl,

        @Setting(
                doc = "Bound of scores, on both sides, before the KL and the rule for cut answers; 10 in OpenRLHF.",
                min = 0,
                aboveMin = true,
                source = "OpenRLHF")
        Optional<Double> rewardClip,

        @Setting(
                doc =
                        "For answers cut off at the length limit: what missing_eos_rule takes off their score, puts in its"
                                + " place or multiplies it by; 1.0 is usual. Without it nothing is done.",
                source = "TRL")
        Optional<Double> missingEosPenalty,

        @Setting(
                doc = "subtract missing_eos_penalty, replace the score by it, or scale the score by it.",
                byDefault = "subtract",
                source = "TRL: subtract")
        MissingEosRule missingEosRule,

        @Setting(
                doc =
                        "For answers cut off at the length limit: count what the value function expects after the cut, as if"
                                + " they went on. Without it nothing comes after the cut, as after an end. Not with"
                                + " missing_eos_penalty, which says what a cut costs.",
                byDefault = "false",
                source = "arXiv 1712.00378")
        boolean bootstrapTruncated,

        @Setting(
                doc = "Divide token rewards by their standard deviation over the rollout; their mean stays.",
                byDefault = "false",
                source = "TRL")
        boolean whitenRewards,

        @Setting(
                doc = "What a reward counts one token earlier; below 1 answers become shorter.",
                byDefault = "1.0",
                min = 0,
                max = 1,
                source = "TRL; InstructGPT")
        double gamma,

        @Setting(
                doc = "How far advantages look ahead: 1 trusts rewards only, 0 the critic only.",
                byDefault = "0.95",
                min = 0,
                max = 1,
                source = "arXiv 1506.02438; TRL")
        double lam,

        @Setting(
                doc = "How far below 1 the ratio of new to old probability may go.",
                byDefault = "0.2",
                min = 0,
                max = 1,
                source = "arXiv 1707.06347")
        double cliprange,

        @Setting(doc = "How far above 1; cliprange if not given.", min = 0, source = "arXiv 2503.14476")
        Optional<Double> cliprangeHigh,

        @Setting(
                doc = "Bound of the loss of a bad token, in advantages, once it became more probable; 3 in verl.",
                min = 1,
                aboveMin = true,
                source = "arXiv 1912.09729")
        Optional<Double> dualClip,

        @Setting(
                doc =
                        "How far a value may move in a rollout, in units of the reward; 0 does not bound it. Too little for"
                                + " large rewards: watch val/clipfrac_avg.",
                byDefault = "0.2",
                min = 0,
                source = "TRL; OpenRLHF 0.5")
        double cliprangeValue,

        @Setting(doc = "Weight of the value loss.", byDefault = "0.1", min = 0, source = "TRL")
        double vfCoef,

        @Setting(
                doc = "Bonus for the entropy of the policy, in nats a token.",
                byDefault = "0.0",
                min = 0,
                source = "TRL")
        double entropyCoef,

        @Setting(
                doc =
                        "What scores of steps by process_reward_model pay, each at its step's last token, beside the reward"
                                + " of the answer: outcome_only (nothing), min_form (about the least), delta and clip (bounded,"
                                + " whatever the number of steps), sum (pays for many steps).",
                byDefault = "outcome_only",
                source = "arXiv 2504.15275, 2410.15115, 2312.08935")
        StepCredit stepRewards,

        @Setting(doc = "Weight of step_rewards beside the reward of the answer.", byDefault = "1.0", min = 0)
        double stepAlpha,

        @Setting(
                doc = "With step_rewards: clip, the score from which on a step costs nothing.",
                byDefault = "0.5",
                min = 0,
                max = 1,
                source = "arXiv 2410.15115")
        double stepThreshold,

        @Setting(
                doc = "With step_rewards: min_form, how sharply the least score is picked.",
                byDefault = "0.1",
                min = 0,
                aboveMin = true,
                source = "arXiv 2504.15275")
        double stepTemperature) {
    private static final double KL_TARGET = 6;
    private static final double KL_HORIZON = 10000;
    private static final double CLIPRANGE_VALUE = 0.2;
    private static final double GAMMA = 1;
    private static final double LAMBDA = 0.95;

    /** Forms. */
    public enum Variant {
        /** Token by token. */
        PAPER,
        /** Completion by completion. */
        SEED
    }

    /** What becomes of β. */
    public enum KlController {
        /** It stays. */
        FIXED,
        /** It follows the measured KL. */
        ADAPTIVE
    }

    /** What happens to the score of a completion that was cut off. */
    public enum MissingEosRule {
        /** Less the number. */
        SUBTRACT,
        /** The number in its place. */
        REPLACE,
        /** Times the number, 0 to 1. */
        SCALE
    }

    /** Settles what depends on another setting. */
    public PpoConfig {
        if (klEstimator == KlEstimator.K2) {
            throw new IllegalArgumentException("kl_estimator: k2 is biased as a reward: use k1 or k3");
        }
        if (klController == KlController.ADAPTIVE && klCoef == 0) {
            throw new IllegalArgumentException(
                    "kl_controller: adaptive multiplies kl_coef, which is 0: start it at 0.2, or use kl_controller: fixed");
        }
        double number = missingEosPenalty.orElse(0.0);
        if (missingEosRule == MissingEosRule.SCALE && (number < 0 || number > 1 || missingEosPenalty.isEmpty())) {
            throw new IllegalArgumentException(
                    "missing_eos_rule: scale needs a missing_eos_penalty from 0 to 1: a factor of the score");
        }
        if (missingEosRule == MissingEosRule.REPLACE && missingEosPenalty.isEmpty()) {
            throw new IllegalArgumentException(
                    "missing_eos_rule: replace needs a missing_eos_penalty: the score of answers that were cut off");
        }
        if (missingEosRule == MissingEosRule.SUBTRACT && number < 0) {
            throw new IllegalArgumentException(
                    "missing_eos_penalty is taken off the score, so below 0 it would reward cut answers: use "
                            + -number);
        }
        if (bootstrapTruncated && missingEosPenalty.isPresent()) {
            throw new IllegalArgumentException(
                    "bootstrap_truncated takes cut answers as going on, and missing_eos_penalty as"
                            + " ended badly: leave one of them out");
        }
        if (klController == KlController.FIXED && (klTarget != KL_TARGET || klHorizon != KL_HORIZON)) {
            throw new IllegalArgumentException("kl_target and kl_horizon say how kl_coef follows the measured KL, and"
                    + " kl_controller: fixed lets it stay: leave them out, or use kl_controller: adaptive");
        }
        if (klCoef == 0 && klEstimator != KlEstimator.K1) {
            throw new IllegalArgumentException(
                    "kl_estimator says how the KL is estimated that kl_coef weighs, which is 0:"
                            + " leave it out, or raise kl_coef");
        }
        boolean whole = variant == Variant.SEED;
        if (whole
                && (whitenRewards
                        || stepRewards != StepCredit.OUTCOME_ONLY
                        || entropyCoef > 0
                        || dualClip.isPresent()
                        || cliprangeHigh.orElse(cliprange) != cliprange
                        || cliprangeValue != CLIPRANGE_VALUE
                        || bootstrapTruncated
                        || gamma != GAMMA
                        || lam != LAMBDA)) {
            throw new IllegalArgumentException(
                    "variant: seed has one value and one advantage for a whole answer, and so no"
                            + " whiten_rewards, step_rewards, entropy_coef, dual_clip, cliprange_high, cliprange_value,"
                            + " bootstrap_truncated, gamma or lam: leave them out, or use variant: paper");
        }
        cliprangeHigh = Optional.of(cliprangeHigh.orElse(cliprange));
    }
}
