package dev.plumb.objective;

import dev.plumb.objective.PolicyBatch.Critic;
import dev.plumb.objective.PpoConfig.KlController;
import dev.plumb.objective.PpoConfig.Variant;
import dev.plumb.tensor.DType;
import dev.plumb.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Proximal policy optimisation (arXiv 1707.06347) from rewards of completions, with a value function (arXiv 1909.08593,
 * 2203.02155).
 *
 * <p>Rewards of tokens: r_t = −β k(ℓ_old,t − ℓ_ref,t), and the score at the last token. Scores are bounded first, then the rule
 * for cut completions is applied. With V the value before each token, 0 after the last (with {@code bootstrap_truncated} the value
 * there, where a completion was cut off), arXiv 1506.02438 has
 *
 * <p>δ_t = r_t + γ V_{t+1} − V_t, A_t = δ_t + γλ A_{t+1}, R_t = A_t + V_t,
 *
 * <p>and Â is A less its mean, over its standard deviation, of all tokens of the rollout. With ρ_t = e^(ℓ_t − ℓ_old,t), over the
 * tokens of a step,
 *
 * <p>L = mean max(−ρ Â, −clip(ρ, 1 − ε, 1 + ε_high) Â) + vf_coef · ½ mean max((V − R)², (V_c − R)²) − entropy_coef · mean H,
 *
 * <p>V_c = V_old + clip(V − V_old, −ε_v, ε_v). With {@code dual_clip} (arXiv 1912.09729, equation 5) the first term is at most
 * −c Â where Â &lt; 0. {@code adaptive} (arXiv 1909.08593, equation 4): after a rollout of n completions β ← β (1 + clip(KL /
 * target − 1, −0.2, 0.2) n / horizon).
 *
 * <p>Departures: the score stands at the last token, as in OpenRLHF; TRL puts it one position later, where the completion left
 * room, which with λ &lt; 1 changes the advantages. Completions without a score are not learnt from.
 *
 * <p>{@code seed}: completion by completion, R̃ = score − β (S_old − S_ref), Â = R̃ − V of the first token, L = mean max(−ρ Â,
 * −clip(ρ) Â) + vf_coef · mean (V − R̃)² with ρ = e^(S − S_old).
 */
public final class Ppo implements PolicyObjective {
    private static final double FURTHEST_STEP = 0.2;
    private static final double PATIENCE = 1.5;
    private final PpoConfig config;

    /**
     * The objective.
     *
     * @param config its settings
     */
    public Ppo(PpoConfig config) {
        this.config = config;
    }

    @Override
    public double[] start() {
        return new double[] {config.klCoef()};
    }

    @Override
    public Credit credit(Experience experience, double[] memory) {
        double beta = memory[0];
        double[] scores = scores(experience);
        boolean[] kept = new boolean[scores.length];
        for (int i = 0; i < scores.length; i++) {
            kept[i] = experience.length(i) > 0 && !Double.isNaN(scores[i]);
        }
        List<double[]> advantages;
        List<double[]> returns = new ArrayList<>();
        if (config.variant() == Variant.SEED) {
            advantages = ofSequences(experience, scores, beta, returns);
        } else {
            advantages = Moments.whitened(ofTokens(experience, scores, beta, kept, returns), false);
        }
        List<Measure> measures = new ArrayList<>(RolloutMeasures.of(experience, advantages));
        rolloutMeasures(experience, scores, kept, beta, measures);
        criticMeasures(experience, kept, returns, measures);
        double next = config.klController() == KlController.FIXED ? beta : adapted(beta, experience, kept);
        return new Credit(advantages, returns, kept, new double[] {next}, measures);
    }

    /** Scores as they are added: bounded, then with the rule for cut completions. */
    private double[] scores(Experience experience) {
        double[] out = experience.rewardSums();
        for (int i = 0; i < out.length; i++) {
            double bound = config.rewardClip().orElse(Double.POSITIVE_INFINITY);
            out[i] = Math.max(-bound, Math.min(bound, out[i]));
            if (!experience.stopped()[i] && config.missingEosPenalty().isPresent() && !Double.isNaN(out[i])) {
                double number = config.missingEosPenalty().get();
                out[i] = switch (config.missingEosRule()) {
                    case SUBTRACT -> out[i] - number;
                    case REPLACE -> number;
                    case SCALE -> out[i] * number;
                };
            }
        }
        return out;
    }

    /** A of each token, NaN where a completion is not learnt from; collects R. */
    private List<double[]> ofTokens(
            Experience experience, double[] scores, double beta, boolean[] kept, List<double[]> returns) {
        List<double[]> rewards = tokenRewards(experience, scores, beta);
        if (config.whitenRewards()) {
            for (int i = 0; i < kept.length; i++) {
                if (!kept[i]) {
                    Arrays.fill(rewards.get(i), Double.NaN); // counts in no mean
                }
            }
            rewards = Moments.whitened(rewards, true);
        }
        List<double[]> out = new ArrayList<>();
        for (int i = 0; i < scores.length; i++) {
            double[] values = experience.values().get(i);
            double after = config.bootstrapTruncated() ? experience.valuesAtCuts()[i] : 0;
            double[] row = TokenRewards.advantages(rewards.get(i), values, after, config.gamma(), config.lam());
            double[] target = values.clone();
            for (int t = 0; t < row.length; t++) {
                row[t] = kept[i] ? row[t] : Double.NaN;
                target[t] += kept[i] ? row[t] : 0;
            }
            out.add(row);
            returns.add(target);
        }
        return out;
    }

    /** r_t with what steps pay. */
    List<double[]> tokenRewards(Experience experience, double[] scores, double beta) {
        List<double[]> out = TokenRewards.shaped(experience, scores, beta, config.klEstimator());
        if (config.stepRewards() == StepCredit.OUTCOME_ONLY) {
            return out;
        }
        if (experience.steps().isEmpty()) {
            throw new IllegalArgumentException(
                    "step_rewards needs scores of steps, and nothing gave any: name a process"
                            + " reward model, or use step_rewards: outcome_only");
        }
        for (int i = 0; i < out.size(); i++) {
            Experience.Steps steps = experience.steps().get(i);
            double[] pay = config.stepRewards()
                    .rewards(steps, config.stepAlpha(), config.stepThreshold(), config.stepTemperature());
            for (int j = 0; j < pay.length; j++) {
                out.get(i)[steps.ends()[j]] += pay[j];
            }
        }
        return out;
    }

    private List<double[]> ofSequences(Experience experience, double[] scores, double beta, List<double[]> returns) {
        double[] kl = config.klEstimator().sums(experience);
        double[] advantages = new double[scores.length];
        double[] targets = new double[scores.length];
        for (int i = 0; i < scores.length; i++) {
            double[] values = experience.values().get(i);
            targets[i] = Double.isNaN(scores[i]) ? 0 : scores[i] - beta * kl[i];
            advantages[i] = Double.isNaN(scores[i]) || values.length == 0 ? 0 : targets[i] - values[0];
        }
        returns.addAll(GroupAdvantages.spread(targets, experience));
        return GroupAdvantages.spread(advantages, experience);
    }

    private double adapted(double beta, Experience experience, boolean[] kept) {
        double[] kl = KlEstimator.K1.sums(experience);
        double sum = 0;
        int n = 0;
        for (int i = 0; i < kl.length; i++) {
            sum += kept[i] ? kl[i] : 0;
            n += kept[i] ? 1 : 0;
        }
        return n == 0 ? beta : adapted(beta, sum / n, n);
    }

    /** β after n completions of that mean KL. */
    double adapted(double beta, double kl, int n) {
        double error = kl / config.klTarget() - 1;
        double bounded = Math.max(-FURTHEST_STEP, Math.min(FURTHEST_STEP, error));
        return beta * (1 + bounded * n / config.klHorizon());
    }

    private void rolloutMeasures(
            Experience experience, double[] scores, boolean[] kept, double beta, List<Measure> measures) {
        double[] k1 = KlEstimator.K1.sums(experience);
        double[] kl = config.klEstimator().sums(experience);
        double kls = 0;
        double penalties = 0;
        double scored = 0;
        double surprise = 0;
        double ended = 0;
        int n = 0;
        for (int i = 0; i < scores.length; i++) {
            if (kept[i]) {
                n++;
                kls += k1[i];
                penalties -= beta * kl[i];
                scored += scores[i];
                surprise -= Arrays.stream(experience.oldLogps().get(i)).sum();
                ended += experience.stopped()[i] ? 1 : 0;
            }
        }
        measures.add(Measure.of("kl_coef", beta));
        measures.add(Measure.of("val/num_eos_tokens", ended));
        if (n == 0) {
            return;
        }
        if (!experience.refLogps().isEmpty()) {
            measures.add(new Measure("objective/kl", kls, n));
        }
        measures.add(new Measure("objective/entropy", surprise, n));
        measures.add(new Measure("objective/non_score_reward", penalties, n));
        measures.add(new Measure("objective/scores", scored, n));
        measures.add(new Measure("objective/rlhf_reward", scored + penalties, n));
    }

    /** How well values foresaw: 1 − Var(R − V) / Var(R), and the mean of V − R. */
    private void criticMeasures(Experience experience, boolean[] kept, List<double[]> returns, List<Measure> measures) {
        List<double[]> targets = new ArrayList<>();
        List<double[]> errors = new ArrayList<>();
        for (int i = 0; i < kept.length; i++) {
            if (kept[i]) {
                int length = config.variant() == Variant.SEED ? 1 : returns.get(i).length;
                double[] error = new double[length];
                for (int t = 0; t < length; t++) {
                    error[t] = returns.get(i)[t] - experience.values().get(i)[t];
                }
                errors.add(error);
                targets.add(Arrays.copyOf(returns.get(i), length));
            }
        }
        measures.addAll(foresight(errors, targets));
    }

    static List<Measure> foresight(List<double[]> errors, List<double[]> targets) {
        Moments error = Moments.of(errors);
        double spread = Moments.of(targets).squares();
        List<Measure> out = new ArrayList<>();
        if (spread > 0) {
            out.add(Measure.of("val/explained_variance", 1 - error.squares() / spread));
        }
        if (error.count() > 0) {
            out.add(new Measure("val/bias", -error.mean() * error.count(), error.count()));
        }
        return out;
    }

    @Override
    public Loss loss(PolicyBatch batch, Step step) {
        boolean sequences = config.variant() == Variant.SEED;
        Tensor u = sequences ? PolicyTerms.sequenceLogRatios(batch) : PolicyTerms.logRatios(batch);
        Tensor advantages = sequences ? PolicyTerms.means(batch.advantages(), batch) : batch.advantages();
        double count = Math.max(1, sequences ? step.rows() : step.tokens());
        List<Measure> measures = new ArrayList<>(driftMeasures(u.detach()));

        Tensor terms = policyTerms(u.exp(), advantages, measures);
        if (batch.weights().isPresent()) {
            Tensor weights = batch.weights().get();
            terms = terms.mul(sequences ? PolicyTerms.means(weights, batch) : weights);
        }
        Tensor policy = terms.sum().div(count);
        Tensor value = valueTerms(batch, measures).sum().div(count);
        Tensor share = policy.add(value.mul(config.vfCoef()));
        Tensor entropies = batch.entropies();
        if (learnsEntropies()) {
            share = share.sub(entropies.sum().mul(config.entropyCoef() / count));
        }
        measures.add(new Measure("policy/entropy_avg", entropies.detach().sum().item(), entropies.numel()));
        measures.add(PolicyTerms.share("loss/policy_avg", policy, batch, step));
        measures.add(PolicyTerms.share("loss/value_avg", value, batch, step));
        return new Loss(share, measures);
    }

    private Tensor policyTerms(Tensor ratio, Tensor advantages, List<Measure> measures) {
        double high = config.cliprangeHigh().orElseThrow();
        Tensor terms = PolicyTerms.clipped(ratio, advantages, config.cliprange(), high);
        Tensor plain = ratio.mul(advantages).neg().detach();
        measures.add(frac("policy/clipfrac_avg", terms.detach().gt(plain)));
        if (config.dualClip().isPresent()) {
            Tensor most = advantages.mul(-config.dualClip().get());
            Tensor beyond = terms.detach().gt(most).and(advantages.lt(0));
            measures.add(frac("policy/clipfrac_dual", beyond));
            terms = Tensor.where(beyond, most, terms); // at the bound itself the gradient stays whole
        }
        return terms;
    }

    /** Squared errors of the values, of tokens or, with seed, of completions. */
    private Tensor valueTerms(PolicyBatch batch, List<Measure> measures) {
        Critic critic = batch.critic().orElseThrow();
        Tensor returns = critic.returns().detach();
        if (config.variant() == Variant.SEED) {
            Tensor first = firsts(batch);
            return critic.values()
                    .indexSelect(0, first)
                    .sub(returns.indexSelect(0, first))
                    .square();
        }
        Tensor plain = critic.values().sub(returns).square();
        double bound = config.cliprangeValue();
        if (bound == 0) {
            return plain.div(2);
        }
        Tensor old = critic.oldValues().detach();
        Tensor near = critic.values().sub(old).clampMin(-bound).clampMax(bound).add(old);
        Tensor clipped = near.sub(returns).square();
        measures.add(frac("val/clipfrac_avg", clipped.detach().gt(plain.detach())));
        return plain.maximum(clipped).div(2);
    }

    /** Where completions begin, [rows]. */
    private static Tensor firsts(PolicyBatch batch) {
        double[] lengths = batch.lengths().toDoubles();
        long[] out = new long[lengths.length];
        for (int i = 1; i < out.length; i++) {
            out[i] = out[i - 1] + Math.round(lengths[i - 1]);
        }
        return Tensor.of(out, batch.logps().device());
    }

    /** Of ρ = e^u; its variance is about 1, its mean under the policy that wrote. */
    private static List<Measure> driftMeasures(Tensor u) {
        Tensor less = u.expm1(); // ρ − 1
        double n = u.numel();
        return List.of(
                new Measure("policy/approxkl_avg", u.square().sum().item() / 2, n),
                new Measure("policy/approxkl_k1", -u.sum().item(), n),
                new Measure("policy/approxkl_k3", less.sub(u).sum().item(), n),
                new Measure("val/ratio", less.add(1).sum().item(), n),
                new Measure("val/ratio_var", less.square().sum().item(), n));
    }

    private static Measure frac(String name, Tensor conditions) {
        return new Measure(name, conditions.to(DType.FLOAT32).sum().item(), conditions.numel());
    }

    @Override
    public boolean stopsAt(double drift) {
        return config.targetKl().isPresent()
                && drift > PATIENCE * config.targetKl().get();
    }

    @Override
    public boolean needsSteps() {
        return config.stepRewards() != StepCredit.OUTCOME_ONLY;
    }

    @Override
    public boolean needsValuesAtCuts() {
        return config.bootstrapTruncated();
    }

    @Override
    public boolean needsReference() {
        return config.klCoef() > 0;
    }

    @Override
    public boolean creditNeedsLogps() {
        return true;
    }

    @Override
    public boolean learnsEntropies() {
        return config.entropyCoef() > 0;
    }

    @Override
    public boolean needsCritic() {
        return true;
    }
}
