package dev.plumb.objective;

import dev.plumb.config.Setting;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Corrects for a sampler that is not quite the policy: another precision, another engine, older weights. With v_t = ℓ_old,t −
 * ℓ_sampler,t, both of the token drawn, policy terms are multiplied by weights without gradient; denominators stay those of all
 * tokens, and a KL in the loss is not weighted.
 *
 * <p>Sequence modes are unbiased, but Σ v grows with the length, so that they leave little of long completions.
 */
public final class SamplerMismatch {
    /** Measures the difference and corrects nothing. */
    public static final SamplerMismatch NONE = new SamplerMismatch(new Config(Mode.NONE, 1, Optional.empty()));

    private final Config config;

    /**
     * A correction.
     *
     * @param config its settings
     */
    public SamplerMismatch(Config config) {
        this.config = config;
    }

    /** What the weight of a token is. */
    public enum Mode {
        /** 1. */
        NONE,
        /** Min(e^v, C) (Yao et al. 2025, "Your efficient RL framework secretly brings you off-policy RL training"). */
        TOKEN_TRUNCATE,
        /** E^v, 0 outside [c, C]. */
        TOKEN_MASK,
        /** Min(e^Σv, C). */
        SEQUENCE_TRUNCATE,
        /** E^Σv, 0 outside [c, C]. */
        SEQUENCE_MASK,
        /** That of token_truncate, 0 for completions whose e^(mean v) is outside [c, C]. */
        GEOMETRIC_KEEP
    }

    /**
     * Settings of the correction.
     *
     * @param mode what the weight is
     * @param clipMax C
     * @param clipMin c
     */
    public record Config(
            @Setting(
                    doc = "none; token_truncate and token_mask weigh tokens, sequence_truncate and sequence_mask whole"
                            + " answers, geometric_keep drops answers whose mean is off and weighs tokens.",
                    byDefault = "none",
                    source = "TRL: sequence_mask, for an engine of its own; here the sampler is the policy")
            Mode mode,

            @Setting(
                    doc = "The largest weight; beyond it weights are cut, or answers and tokens dropped.",
                    byDefault = "3.0",
                    min = 1,
                    source = "TRL")
            double clipMax,

            @Setting(
                    doc = "The smallest weight that is not dropped; truncation is one-sided without it.",
                    min = 0,
                    max = 1,
                    source = "TRL")
            Optional<Double> clipMin) {}

    /**
     * Weights and what the difference is.
     *
     * @param weights of each token, [rows][tokens]; no rows with {@link Mode#NONE}
     * @param measures under TRL's names, sampling/…
     */
    public record Correction(List<double[]> weights, List<Measure> measures) {
        /** Copies the lists. */
        public Correction {
            weights = List.copyOf(weights);
            measures = List.copyOf(measures);
        }
    }

    /**
     * Compares what the sampler reported with what the policy says of the same tokens.
     *
     * @param oldLogps ℓ_old, [rows][tokens]
     * @param samplerLogps ℓ_sampler, [rows][tokens]
     * @return weights and metrics
     */
    public Correction of(List<double[]> oldLogps, List<double[]> samplerLogps) {
        List<double[]> weights = new ArrayList<>();
        double sum = 0;
        double most = 0;
        long tokens = 0;
        for (int i = 0; i < oldLogps.size(); i++) {
            double[] v = oldLogps.get(i).clone();
            for (int t = 0; t < v.length; t++) {
                v[t] -= samplerLogps.get(i)[t];
                sum += Math.abs(v[t]);
                most = Math.max(most, Math.abs(v[t]));
            }
            tokens += v.length;
            weights.add(weights(v));
        }
        List<Measure> measures = new ArrayList<>();
        if (tokens > 0) {
            measures.add(new Measure("sampling/sampling_logp_difference/mean", sum, tokens));
            measures.add(Measure.max("sampling/sampling_logp_difference/max", most));
            if (config.mode() != Mode.NONE) {
                double[] all = weights.stream().flatMapToDouble(Arrays::stream).toArray();
                String name = "sampling/importance_sampling_ratio/";
                measures.add(Measure.min(name + "min", Arrays.stream(all).min().getAsDouble()));
                measures.add(new Measure(name + "mean", Arrays.stream(all).sum(), tokens));
                measures.add(Measure.max(name + "max", Arrays.stream(all).max().getAsDouble()));
            }
        }
        return new Correction(config.mode() == Mode.NONE ? List.of() : weights, measures);
    }

    private double[] weights(double[] v) {
        double total = Arrays.stream(v).sum();
        double whole = Math.exp(total);
        double mean = v.length == 0 ? 1 : Math.exp(total / v.length);
        return Arrays.stream(v)
                .map(x -> switch (config.mode()) {
                    case NONE -> 1;
                    case TOKEN_TRUNCATE -> Math.min(Math.exp(x), config.clipMax());
                    case TOKEN_MASK -> inside(Math.exp(x));
                    case SEQUENCE_TRUNCATE -> Math.min(whole, config.clipMax());
                    case SEQUENCE_MASK -> inside(whole);
                    case GEOMETRIC_KEEP -> inside(mean) == 0 ? 0 : Math.min(Math.exp(x), config.clipMax());
                })
                .toArray();
    }

    private double inside(double weight) {
        return weight > config.clipMax() || weight < config.clipMin().orElse(0.0) ? 0 : weight;
    }
}
