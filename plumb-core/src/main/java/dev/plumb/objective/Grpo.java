package dev.plumb.objective;

import dev.plumb.objective.Experience.Steps;
import dev.plumb.objective.GrpoConfig.Aggregation;
import dev.plumb.objective.GrpoConfig.KlIn;
import dev.plumb.objective.GrpoConfig.Level;
import dev.plumb.objective.GrpoConfig.Supervision;
import dev.plumb.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Group-relative policy optimisation (arXiv 2402.03300) and its relatives: completions of one prompt are compared with each
 * other, so that no value function is needed.
 *
 * <p>Of G completions to a prompt with rewards r, each token of completion i has the advantage
 *
 * <p>Â_i = (r_i − mean(r)) / (std(r) + eps),
 *
 * <p>and with ρ_t = e^(ℓ_t − ℓ_old,t) equation 3 has the token terms
 *
 * <p>f_t = −min(ρ_t Â_i, clip(ρ_t, 1 − ε, 1 + ε_high) Â_i) + β k3(ℓ_t − ℓ_ref,t).
 *
 * <p>Loss types differ in f or in how it is averaged over rows i of L_i tokens:
 *
 * <ul>
 *   <li>{@code grpo}: 1/B Σ_i 1/L_i Σ_t f; {@code dapo} (arXiv 2503.14476): Σ f / Σ_i L_i, over the whole step; {@code bnpo}: the
 *       same, as a mean over a micro-batch would depend on how a step is split; {@code dr_grpo} (arXiv 2503.20783): Σ f / (B
 *       L_max).
 *   <li>{@code delta} (arXiv 2505.07291): ρ is bounded by δ before it is clipped.
 *   <li>{@code importance_sampling_level} (GSPO, arXiv 2507.18071): s_i = exp(1/L_i Σ_t (ℓ_t − ℓ_old,t)) in place of ρ_t;
 *       {@code sequence_token} has its value, and the gradient of ρ_t.
 *   <li>{@code cispo} (arXiv 2506.13585): f = −sg(min(ρ, cap)) Â ℓ, averaged as dapo: every token keeps a gradient.
 *   <li>{@code sapo} (arXiv 2511.20347): f = −4/τ σ(τ (ρ − 1)) Â, τ by the sign of Â, averaged as grpo.
 *   <li>{@code luspo} (arXiv 2602.05261): the clipped term of s_i times L_i, mean over completions.
 *   <li>{@code vespo} (arXiv 2602.10693): f = −sg(w^k e^(λ (1 − w))) Â ℓ with w = Π_t ρ_t, k and λ by the sign of Â, averaged as
 *       dapo. Weights of the sampler's mismatch enter w.
 *   <li>{@code seed}: 1/B Σ_i (−Â_i S_i + β (S_i − S_ref,i)), S = Σ_t ℓ_t; {@code seed_sum} without 1/B.
 * </ul>
 *
 * <p>{@code use_adaptive_entropy} (Skywork-OR1, arXiv 2505.22312): with H_k the mean entropy of rollout k under the policy that
 * wrote it, α_k = c_k where H_k ≤ target and 0 elsewhere, c_{k+1} = c_k ± Δ likewise, within bounds. TRL moves c after each step.
 *
 * <p>{@code supervision: process} (arXiv 2402.03300, section 4.1.3): with z the scores of all steps of the G completions, z-scored
 * together, Â_t is the sum of z over the steps that end at t or later; with {@code step_mean} their mean.
 *
 * <p>Departures: ℓ − ℓ_old is kept within ±20. Groups whose rewards are all equal have advantage exactly 0. The metric kl is the
 * mean of k3 whatever is trained on. {@code off_policy_mask_threshold} compares with ℓ_old, not with what the sampler reported:
 * both are the same model here. Tokens that {@code top_entropy_quantile} leaves out have advantage 0 and keep their KL; they
 * count in clip shares as not clipped.
 */
public final class Grpo implements PolicyObjective {
    private static final double SMALLEST_WEIGHT = 1e-8;
    private static final double LARGEST_LOG_WEIGHT = 20;
    private final GrpoConfig config;

    /**
     * The objective.
     *
     * @param config its settings
     */
    public Grpo(GrpoConfig config) {
        this.config = config;
    }

    @Override
    public Credit credit(Experience experience, double[] memory) {
        int rows = experience.rows();
        boolean[] kept = new boolean[rows];
        for (int i = 0; i < rows; i++) {
            kept[i] = experience.length(i) > 0 && (experience.stopped()[i] || !config.maskTruncatedCompletions());
        }
        List<double[]> advantages = config.supervision() == Supervision.PROCESS
                ? ofSteps(experience)
                : GroupAdvantages.spread(ofRewards(experience), experience);
        List<Measure> measures = new ArrayList<>(RolloutMeasures.of(experience, advantages));
        if (config.topEntropyQuantile() < 1) {
            advantages = uncertain(advantages, experience, kept, measures);
        }
        double[] next = config.useAdaptiveEntropy() ? adapted(memory[0], experience, kept) : memory;
        return new Credit(advantages, List.of(), kept, next, measures);
    }

    /** The weight of the entropy from the next rollout on, and that of this one. */
    private double[] adapted(double weight, Experience experience, boolean[] kept) {
        double[] entropies = IntStream.range(0, kept.length)
                .filter(i -> kept[i])
                .mapToObj(experience.entropies()::get)
                .flatMapToDouble(Arrays::stream)
                .toArray();
        if (entropies.length == 0) {
            return new double[] {weight, 0};
        }
        boolean low = Arrays.stream(entropies).average().orElseThrow() <= config.entropyTarget();
        double next = low ? weight + config.entropyCoefDelta() : weight - config.entropyCoefDelta();
        double bounded = Math.max(config.entropyCoefMin(), Math.min(config.entropyCoefMax(), next));
        return new double[] {bounded, low ? weight : 0};
    }

    @Override
    public double[] start() {
        return config.useAdaptiveEntropy() ? new double[] {config.entropyCoef(), 0} : new double[0];
    }

    private double[] ofRewards(Experience experience) {
        double eps = config.advantageEps().orElseThrow();
        if (config.multiObjectiveAggregation() == Aggregation.NORMALIZE_THEN_SUM) {
            List<double[]> rewards = new ArrayList<>();
            for (int i = 0; i < experience.rows(); i++) {
                double[] row = experience.rewards().get(i).clone();
                if (outOfBaseline(experience, i)) {
                    Arrays.fill(row, Double.NaN);
                }
                rewards.add(row);
            }
            return GroupAdvantages.normalisedThenSummed(
                    rewards, experience.weights(), experience.groupSize(), config.std(), eps);
        }
        double[] rewards = experience.rewardSums();
        if (config.klIn() == KlIn.REWARD && config.beta() > 0) {
            double[] kl = config.klEstimator().orElseThrow().sums(experience);
            for (int i = 0; i < rewards.length; i++) {
                rewards[i] -= config.beta() * kl[i];
            }
        }
        for (int i = 0; i < rewards.length; i++) {
            rewards[i] = outOfBaseline(experience, i) ? Double.NaN : rewards[i];
        }
        return GroupAdvantages.scaled(
                rewards, experience.groupSize(), config.scaleRewards().orElseThrow(), config.std(), eps);
    }

    private boolean outOfBaseline(Experience experience, int row) {
        return config.maskTruncatedCompletions()
                && !config.truncatedInBaseline()
                && !experience.stopped()[row];
    }

    private List<double[]> ofSteps(Experience experience) {
        if (experience.steps().isEmpty()) {
            throw new IllegalArgumentException(
                    "supervision: process needs rewards of steps, and nothing gave any: name a"
                            + " process reward model, or use supervision: outcome");
        }
        List<Steps> steps = IntStream.range(0, experience.rows())
                .mapToObj(i -> outOfBaseline(experience, i)
                        ? Steps.NONE
                        : experience.steps().get(i))
                .toList();
        return GroupAdvantages.process(
                experience.groupSize(),
                steps,
                experience.lengths(),
                config.std(),
                config.advantageEps().orElseThrow(),
                config.stepMean());
    }

    /** Advantage 0 for tokens of less entropy than the (1 − q) quantile of all that are learnt from. */
    private List<double[]> uncertain(
            List<double[]> advantages, Experience experience, boolean[] kept, List<Measure> measures) {
        double[] sorted = IntStream.range(0, kept.length)
                .filter(i -> kept[i])
                .mapToObj(experience.entropies()::get)
                .flatMapToDouble(Arrays::stream)
                .sorted()
                .toArray();
        if (sorted.length == 0) {
            return advantages;
        }
        double place = (1 - config.topEntropyQuantile()) * (sorted.length - 1);
        int below = (int) Math.floor(place);
        int above = Math.min(below + 1, sorted.length - 1);
        double least = sorted[below] + (place - below) * (sorted[above] - sorted[below]);
        measures.add(Measure.of("entropy/threshold", least));
        List<double[]> out = new ArrayList<>();
        for (int i = 0; i < kept.length; i++) {
            double[] row = advantages.get(i).clone();
            double[] entropies = experience.entropies().get(i);
            for (int t = 0; t < row.length; t++) {
                row[t] = entropies[t] >= least ? row[t] : 0;
            }
            out.add(row);
        }
        return out;
    }

    @Override
    public Loss loss(PolicyBatch batch, Step step) {
        Tensor u = PolicyTerms.logRatios(batch); // [tokens]
        Tensor ratio = ratio(batch, u);
        List<Measure> measures = new ArrayList<>();
        Tensor terms = keepNear(terms(batch, u, ratio, measures), batch, measures);
        Tensor policy = reduced(terms, batch, step);
        Tensor share = policy;
        if (config.beta() > 0 && config.klIn() == KlIn.LOSS) {
            Tensor kl = config.klEstimator()
                    .orElseThrow()
                    .of(batch.logps().sub(batch.refLogps().orElseThrow()));
            kl = config.useBiasCorrectionKl() ? kl.mul(ratio) : kl;
            share = share.add(reduced(kl.mul(config.beta()), batch, step));
        }
        measures.add(PolicyTerms.share("policy_loss", policy, batch, step));
        if (learnsEntropies()) {
            Tensor entropy = batch.entropies().sum().div(Math.max(1, step.tokens()));
            double weight = config.useAdaptiveEntropy() ? step.memory()[1] : config.entropyCoef();
            share = share.sub(entropy.mul(weight));
            measures.add(new Measure("entropy_coef", weight * batch.rows(), batch.rows()));
        }
        measures.add(new Measure("ratio/mean", ratio.detach().sum().item(), ratio.numel()));
        measures.addAll(PolicyTerms.klMeasures(batch));
        return new Loss(share, measures);
    }

    /** ρ, or what stands for it, [tokens]. */
    private Tensor ratio(PolicyBatch batch, Tensor u) {
        if (config.importanceSamplingLevel() == Level.TOKEN) {
            return u.exp();
        }
        Tensor lengths = batch.lengths().to(u.dtype()).clampMin(1);
        Tensor s = batch.spread(batch.sums(u).div(lengths)).exp();
        return config.importanceSamplingLevel() == Level.SEQUENCE
                ? s
                : s.detach().mul(u.sub(u.detach()).exp());
    }

    /** f without the KL, [tokens]. */
    private Tensor terms(PolicyBatch batch, Tensor u, Tensor ratio, List<Measure> measures) {
        Tensor advantages = batch.advantages();
        return switch (config.lossType()) {
            case GRPO, DR_GRPO, DAPO, BNPO, LUSPO -> {
                double low = config.epsilon().orElseThrow();
                double high = config.epsilonHigh().orElseThrow();
                Tensor bounded = ratio;
                if (config.delta().isPresent()) {
                    bounded = ratio.clampMax(config.delta().get());
                }
                measures.addAll(PolicyTerms.clipMeasures(batch, bounded, low, high));
                Tensor inside = ratio.clampMin(1 - low).clampMax(1 + high);
                Tensor surrogate = bounded.mul(advantages).minimum(inside.mul(advantages));
                yield PolicyTerms.weighted(surrogate.neg(), batch);
            }
            case CISPO -> {
                double cap = config.ratioCap().orElseThrow();
                Tensor above = ratio.detach().gt(cap).and(advantages.gt(0)).to(u.dtype());
                measures.add(new Measure("cispo_clip_ratio", above.sum().item(), above.numel()));
                Tensor weight = ratio.detach().clampMax(cap).mul(advantages);
                yield PolicyTerms.weighted(weight.mul(batch.logps()).neg(), batch);
            }
            case SAPO -> {
                Tensor positive = advantages.gt(0).to(u.dtype());
                Tensor tau = positive.mul(config.sapoTemperaturePos() - config.sapoTemperatureNeg())
                        .add(config.sapoTemperatureNeg());
                Tensor gate = ratio.sub(1).mul(tau).sigmoid().mul(4).div(tau);
                yield PolicyTerms.weighted(gate.mul(advantages).neg(), batch);
            }
            case VESPO -> {
                Tensor weight = smoothWeight(batch, u.detach());
                measures.add(new Measure("vespo/phi_seq_mean", weight.sum().item(), batch.rows()));
                yield batch.spread(weight).mul(advantages).mul(batch.logps()).neg();
            }
            case SEED, SEED_SUM -> advantages.mul(batch.logps()).neg();
        };
    }

    /** φ = w^k e^(λ (1 − w)) of each completion, 1 on-policy, [rows]. */
    private Tensor smoothWeight(PolicyBatch batch, Tensor u) {
        Tensor logs = batch.sums(u);
        if (batch.weights().isPresent()) {
            Tensor mismatch = batch.weights().get().clampMin(SMALLEST_WEIGHT).log();
            logs = logs.add(batch.sums(mismatch.clampMax(LARGEST_LOG_WEIGHT)));
        }
        logs = logs.clampMin(Math.log(SMALLEST_WEIGHT)).clampMax(LARGEST_LOG_WEIGHT); // log w
        Tensor good = batch.sums(batch.advantages()).ge(0).to(u.dtype());
        Tensor k = good.mul(config.vespoKPos() - config.vespoKNeg()).add(config.vespoKNeg());
        Tensor lambda =
                good.mul(config.vespoLambdaPos() - config.vespoLambdaNeg()).add(config.vespoLambdaNeg());
        return k.mul(logs).add(lambda.mul(logs.exp().neg().add(1))).exp();
    }

    /** Leaves out completions with Â below 0 whose mean of ℓ_old − ℓ is above the threshold. */
    private Tensor keepNear(Tensor terms, PolicyBatch batch, List<Measure> measures) {
        if (config.offPolicyMaskThreshold().isEmpty()) {
            return terms;
        }
        Tensor lengths = batch.lengths().to(terms.dtype()).clampMin(1);
        Tensor fall = batch.sums(batch.oldLogps().sub(batch.logps().detach())).div(lengths); // [rows]
        Tensor far = fall.gt(config.offPolicyMaskThreshold().get())
                .and(batch.sums(batch.advantages()).lt(0))
                .to(terms.dtype());
        measures.add(new Measure("off_policy_mask_frac", far.sum().item(), batch.rows()));
        return terms.mul(batch.spread(far.neg().add(1)));
    }

    /** This part's share of the mean, as the loss type averages. */
    private Tensor reduced(Tensor terms, PolicyBatch batch, Step step) {
        double rows = Math.max(1, step.rows());
        return switch (config.lossType()) {
            case GRPO, SAPO -> {
                Tensor lengths = batch.lengths().to(terms.dtype()).clampMin(1);
                yield batch.sums(terms).div(lengths).sum().div(rows);
            }
            case DR_GRPO -> terms.sum().div(rows * step.maxLength());
            case DAPO, BNPO, CISPO, VESPO -> terms.sum().div(Math.max(1, step.tokens()));
            case LUSPO, SEED -> terms.sum().div(rows);
            case SEED_SUM -> terms.sum();
        };
    }

    @Override
    public boolean needsSteps() {
        return config.supervision() == Supervision.PROCESS;
    }

    @Override
    public boolean needsRewards() {
        return config.supervision() == Supervision.OUTCOME;
    }

    @Override
    public boolean needsReference() {
        return config.beta() > 0;
    }

    @Override
    public boolean creditNeedsLogps() {
        return config.beta() > 0 && config.klIn() == KlIn.REWARD;
    }

    @Override
    public boolean creditNeedsEntropies() {
        return config.topEntropyQuantile() < 1 || config.useAdaptiveEntropy();
    }

    @Override
    public boolean learnsEntropies() {
        return config.entropyCoef() > 0 || config.useAdaptiveEntropy();
    }

    @Override
    public boolean onPolicyOnly() {
        return config.lossType().isSeed();
    }

    @Override
    public int smallestGroup() {
        return 2;
    }
}
