package dev.plumb.objective;

import dev.plumb.config.Setting;
import dev.plumb.tensor.Functional;
import dev.plumb.tensor.Tensor;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * Direct preference optimisation (arXiv 2305.18290) and its variants.
 *
 * <p>With S the log-probability of a completion (sum over its tokens), D = S − S_ref its log-ratio, and w, l the chosen and
 * the rejected completion of a prompt, equation 7 is
 *
 * <p>L = − E log σ(u), u = β (s(D_w) − s(D_l)), s(D) = D.
 *
 * <p>Variants change one part each: the loss of a pair ({@code loss_type}, formulas in {@link LossType}), the score s ({@code f_divergence_type}), how tokens add
 * up to S ({@code ld_alpha}), the weight of a pair ({@code use_weighting}). Departures from the papers: exponents of the
 * f-divergences stop at 30, where the gradient becomes 0 ({@code fdiv/clamped_frac} counts them).
 */
public final class Dpo implements PreferenceObjective {
    private static final double LARGEST_EXPONENT = 30;
    private final Config config;

    /**
     * The objective.
     *
     * @param config its settings
     */
    public Dpo(Config config) {
        this.config = config;
    }

    /** Losses of a pair, with x = β D_w and y = β D_l its rewards and ε label smoothing. */
    public enum LossType {
        /** −log σ(u); with label smoothing ε the conservative −(1−ε) log σ(u) − ε log σ(−u). */
        SIGMOID,
        /** The unbiased estimate under flips with probability ε, arXiv 2403.00409. */
        ROBUST,
        /** max(0, 1 − u), arXiv 2305.10425. */
        HINGE,
        /** −log σ(β (D_w / L_w − D_l / L_l)), arXiv 2411.15124. */
        SIGMOID_NORM,
        /** The negative log-likelihood of the chosen completions, arXiv 2404.19733. */
        SFT,
        /** σ(u) (log σ(u) − log(1−ε)) + σ(−u) (log σ(−u) − log ε), arXiv 2402.00856. */
        EXO_PAIR,
        /** −log σ(x) − ½ log σ(−x) − ½ log σ(−y), arXiv 2402.05369. */
        NCA_PAIR,
        /** −log σ(x) − log σ(−y): BCO without its shift, arXiv 2404.04656. */
        BCO_PAIR,
        /** (D_w − 1/2β)² + (D_l + 1/2β)², arXiv 2405.00675. */
        SPPO_HARD,
        /** σ(−x) + σ(y), for chosen completions that are better than the policy's own, arXiv 2408.06266. */
        APO_ZERO,
        /** σ(x) + σ(−u), for chosen completions that are worse than those, arXiv 2408.06266. */
        APO_DOWN,
        /** (1−m) log(1 + e^−u) + m e^−u with m = σ(u/τ), arXiv 2406.08414. */
        DISCOPOP,
        /** Sigmoid of S_w − S_l less S_ref,w − S_ref,l, each sorted over all pairs of a step, arXiv 2406.05882. */
        AOT,
        /** Sigmoid of D_w less D_l, each sorted over all pairs of a step, arXiv 2406.05882. */
        AOT_UNPAIRED;

        boolean usesSmoothing() {
            return this == SIGMOID || this == ROBUST || this == EXO_PAIR || comparesRanks();
        }

        /** Whether it is a function of u, which alone an f-divergence is defined for: constants of a prompt drop out. */
        boolean comparesScores() {
            return this == SIGMOID || this == ROBUST || this == HINGE || this == EXO_PAIR || this == DISCOPOP;
        }

        /** Whether pairs are made anew by rank. */
        boolean comparesRanks() {
            return this == AOT || this == AOT_UNPAIRED;
        }

        private String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Divergences that keep the policy near the reference, arXiv 2309.16240. */
    public enum Divergence {
        /** s(D) = D. */
        REVERSE_KL,
        /** s(D) = −e^−D. */
        FORWARD_KL,
        /** s(D) = log σ(D). */
        JS_DIVERGENCE,
        /** s(D) = −e^−αD / α. */
        ALPHA_DIVERGENCE
    }

    /** How the likelihood term averages. */
    public enum NllReduction {
        /** The mean over pairs of the mean over tokens, as in the paper. */
        SEQUENCE_MEAN,
        /** The mean over all chosen tokens of the step, as in TRL. */
        TOKEN_MEAN
    }

    /**
     * Settings of DPO.
     *
     * @param beta β
     * @param lossType losses of a pair
     * @param lossWeights a factor a loss
     * @param labelSmoothing ε
     * @param fDivergenceType the score s
     * @param fDivergenceAlpha its α
     * @param ldAlpha weight of the surplus of the longer completion
     * @param useWeighting whether pairs are weighed by their probability under the policy
     * @param nllReduction how the likelihood term averages
     * @param discopopTau τ
     */
    public record Config(
            @Setting(
                    doc = "Strength of the pull towards the reference: small lets the policy move far, large keeps it"
                            + " close.",
                    byDefault = "0.1",
                    min = 0,
                    aboveMin = true,
                    source = "arXiv 2305.18290 eq. 7; default of paper and TRL")
            double beta,

            @Setting(
                    doc = "sigmoid, robust, hinge, sigmoid_norm (length-normalised), exo_pair, nca_pair, bco_pair,"
                            + " sppo_hard, apo_zero (chosen answers better than the model's own), apo_down (worse than"
                            + " those), discopop, aot and aot_unpaired (compare all answers of a step by rank, and read"
                            + " them twice), or sft (likelihood of the chosen answer); several add up with"
                            + " loss_weights.",
                    byDefault = "[sigmoid]",
                    source = "arXiv 2305.18290, 2403.00409, 2305.10425, 2411.15124, 2402.00856, 2402.05369, 2404.04656,"
                            + " 2405.00675, 2408.06266, 2406.08414, 2406.05882, 2404.19733; TRL")
            List<LossType> lossType,

            @Setting(doc = "A factor for each loss of loss_type; none means 1 each.", byDefault = "[]", source = "TRL")
            List<Double> lossWeights,

            @Setting(
                    doc =
                            "Probability that a label is flipped: conservative with sigmoid and aot, unbiased with robust;"
                                    + " exo_pair needs one.",
                    byDefault = "0.0",
                    min = 0,
                    max = 0.5,
                    belowMax = true,
                    source = "cDPO (Mitchell 2023); robust: arXiv 2403.00409; exo_pair: arXiv 2402.00856")
            double labelSmoothing,

            @Setting(
                    doc = "Divergence from the reference: reverse_kl, forward_kl, js_divergence or"
                            + " alpha_divergence.",
                    byDefault = "reverse_kl",
                    source = "arXiv 2309.16240")
            Divergence fDivergenceType,

            @Setting(
                    doc = "α of the alpha divergence as in the paper; 0 is the reverse KL, 1 the forward KL. TRL's"
                            + " f_alpha_divergence_coef is 1 − α.",
                    byDefault = "0.5",
                    min = -1,
                    max = 1,
                    source = "arXiv 2309.16240, table 1")
            double fDivergenceAlpha,

            @Setting(
                    doc = "Weight of the tokens that the longer completion has more than the shorter; 1 is plain DPO,"
                            + " 0 ignores them.",
                    min = 0,
                    max = 1,
                    source = "LD-DPO, arXiv 2409.06411")
            Optional<Double> ldAlpha,

            @Setting(
                    doc = "Weigh pairs by how likely the present policy would write them.",
                    byDefault = "false",
                    source = "WPO, arXiv 2406.11827")
            boolean useWeighting,

            @Setting(
                    doc = "Average of the sft term: sequence_mean (paper) or token_mean (TRL).",
                    byDefault = "sequence_mean",
                    source = "arXiv 2404.19733 eq. 1")
            NllReduction nllReduction,

            @Setting(
                    doc = "Temperature of discopop's change from the logistic to the exponential loss.",
                    byDefault = "0.05",
                    min = 0,
                    aboveMin = true,
                    source = "arXiv 2406.08414; TRL")
            double discopopTau) {
        /** Checks what single ranges cannot. */
        public Config {
            lossType = List.copyOf(lossType);
            lossWeights =
                    lossWeights.isEmpty() ? lossType.stream().map(type -> 1.0).toList() : List.copyOf(lossWeights);
            if (lossType.isEmpty()) {
                throw new IllegalArgumentException("loss_type names no loss");
            }
            if (lossWeights.size() != lossType.size()) {
                throw new IllegalArgumentException("loss_weights has " + lossWeights.size() + " numbers for "
                        + lossType.size() + " losses in loss_type");
            }
            if (labelSmoothing > 0 && lossType.stream().noneMatch(LossType::usesSmoothing)) {
                throw new IllegalArgumentException(
                        "label_smoothing is used by sigmoid, robust, exo_pair and aot only, not by "
                                + words(lossType, type -> true));
            }
            if (labelSmoothing == 0 && lossType.contains(LossType.EXO_PAIR)) {
                throw new IllegalArgumentException("exo_pair needs a label_smoothing above 0, such as 1e-3");
            }
            String reverseOnly = words(lossType, type -> type != LossType.SFT && !type.comparesScores());
            if (fDivergenceType != Divergence.REVERSE_KL && !reverseOnly.isEmpty()) {
                throw new IllegalArgumentException(reverseOnly + ": defined for f_divergence_type: reverse_kl only");
            }
            if (useWeighting && lossType.stream().anyMatch(LossType::comparesRanks)) {
                throw new IllegalArgumentException(
                        "use_weighting weighs pairs of the data, but aot compares others: leave one of them out");
            }
        }

        private static String words(List<LossType> types, Predicate<LossType> wanted) {
            return types.stream().filter(wanted).map(LossType::word).collect(Collectors.joining(", "));
        }
    }

    @Override
    public Loss loss(PreferenceBatch batch, Step step) {
        Tensor policy = sums(batch, batch.policy()); // S, [2 pairs]
        Tensor reference = sums(batch, batch.reference().orElseThrow()).detach();
        Tensor logRatios = policy.sub(reference); // D
        Tensor scores = score(logRatios); // s(D)

        Tensor share = Tensor.zeros(policy.dtype(), policy.device());
        for (int i = 0; i < config.lossType().size(); i++) {
            LossType type = config.lossType().get(i);
            Tensor term;
            if (type == LossType.SFT) {
                term = likelihood(batch, step);
            } else {
                Tensor gap = switch (type) {
                    case SIGMOID_NORM -> gap(batch, logRatios.div(batch.lengths()));
                    case AOT -> sorted(gap(batch, policy)).sub(sorted(gap(batch, reference)));
                    case AOT_UNPAIRED -> sorted(batch.chosen(logRatios)).sub(sorted(batch.rejected(logRatios)));
                    default -> gap(batch, scores);
                };
                Tensor rewards = logRatios.mul(config.beta());
                Tensor losses = DpoLosses.of(
                        type, config, gap.mul(config.beta()), batch.chosen(rewards), batch.rejected(rewards));
                term = weigh(batch, losses).sum().div(step.pairs());
            }
            share = share.add(term.mul(config.lossWeights().get(i)));
        }
        return new Loss(share, measures(batch, policy.detach(), logRatios.detach(), scores.detach()));
    }

    /** Chosen less rejected, [pairs]. */
    private static Tensor gap(PreferenceBatch batch, Tensor perSequence) {
        return batch.chosen(perSequence).sub(batch.rejected(perSequence));
    }

    private static Tensor sorted(Tensor perPair) {
        return perPair.sort(false).values();
    }

    /** S of each sequence; with LD-DPO the tokens beyond the shorter of a pair count α. */
    private Tensor sums(PreferenceBatch batch, Tensor logps) {
        if (config.ldAlpha().isEmpty()) {
            return batch.sums(logps);
        }
        Tensor shorter = batch.chosen(batch.lengths()).minimum(batch.rejected(batch.lengths()));
        Tensor shared = Tensor.cat(0, shorter, shorter).indexSelect(0, batch.sequence()); // [tokens]
        Tensor surplus = batch.place().to(shared.dtype()).ge(shared);
        double alpha = config.ldAlpha().get();
        return batch.sums(Tensor.where(surplus, logps.mul(alpha), logps));
    }

    private Tensor score(Tensor d) {
        double alpha = config.fDivergenceAlpha();
        return switch (config.fDivergenceType()) {
            case REVERSE_KL -> d;
            case FORWARD_KL -> d.neg().clampMax(LARGEST_EXPONENT).exp().neg();
            case JS_DIVERGENCE -> Functional.logSigmoid(d);
            case ALPHA_DIVERGENCE ->
                alpha == 0 // the limit, up to a constant that cancels
                        ? d
                        : d.mul(-alpha).clampMax(LARGEST_EXPONENT).exp().div(-alpha);
        };
    }

    /** WPO: w = exp(mean over tokens of ℓ − log Σ_v π(v)²) of both sides, no gradient, no renormalisation. */
    private Tensor weigh(PreferenceBatch batch, Tensor losses) {
        if (!config.useWeighting()) {
            return losses;
        }
        Tensor excess = batch.policy().detach().sub(batch.logSquaredMass().orElseThrow());
        Tensor mean = batch.sums(excess).div(batch.lengths());
        return losses.mul(batch.chosen(mean).add(batch.rejected(mean)).exp());
    }

    private Tensor likelihood(PreferenceBatch batch, Step step) {
        Tensor chosen = batch.chosen(batch.sums(batch.policy()));
        return switch (config.nllReduction()) {
            case SEQUENCE_MEAN ->
                chosen.div(batch.chosen(batch.lengths())).sum().div(-step.pairs());
            case TOKEN_MEAN -> chosen.sum().div(-step.chosenTokens());
        };
    }

    private List<Measure> measures(PreferenceBatch batch, Tensor policy, Tensor logRatios, Tensor scores) {
        double[] d = logRatios.toDoubles();
        double[] rewards = scores.mul(config.beta()).toDoubles();
        List<Measure> out = PreferenceMeasures.of(
                policy.toDoubles(), d, rewards, batch.lengths().toDoubles());
        if (config.lossType().contains(LossType.SFT)) {
            out.add(PreferenceMeasures.nll(batch, config.nllReduction() == NllReduction.TOKEN_MEAN));
        }
        if (config.fDivergenceType() == Divergence.FORWARD_KL
                || config.fDivergenceType() == Divergence.ALPHA_DIVERGENCE) {
            double factor = config.fDivergenceType() == Divergence.FORWARD_KL ? 1 : config.fDivergenceAlpha();
            double clamped = 0;
            for (double ratio : d) {
                clamped += -factor * ratio > LARGEST_EXPONENT ? 1 : 0;
            }
            out.add(new Measure("fdiv/clamped_frac", clamped, d.length));
        }
        return out;
    }

    @Override
    public boolean needsReference() {
        return true;
    }

    @Override
    public boolean needsSquaredMass() {
        return config.useWeighting();
    }

    @Override
    public boolean needsWholeStep() {
        return config.lossType().stream().anyMatch(LossType::comparesRanks);
    }

    @Override
    public double lossAtStart() {
        if (config.useWeighting()) {
            return Double.NaN;
        }
        double loss = 0;
        for (int i = 0; i < config.lossType().size(); i++) {
            double term = DpoLosses.atStart(config.lossType().get(i), config);
            loss += config.lossWeights().get(i) * term;
        }
        return loss;
    }
}
