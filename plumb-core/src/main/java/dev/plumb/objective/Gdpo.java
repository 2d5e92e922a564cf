package dev.plumb.objective;

import dev.plumb.config.Setting;
import dev.plumb.tensor.Functional;
import dev.plumb.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * Group distributional preference optimisation (arXiv 2412.20299): the model's beliefs are to be spread as a group's are, and
 * each belief is to be voiced well. Not the other GDPO, group reward-decoupled normalisation (arXiv 2601.05242).
 *
 * <p>With q(b | x) the probability that the first token after prompt x is that of belief b, p* the group's shares, s_b the
 * statement of b that opens an answer, y_c and y_r an answer that voices b and one that voices another, both behind s_b, and
 * D(y) = log π(y | x, s_b) − log π_ref(y | x, s_b),
 *
 * <p>L = w_cal L_cal + w_pref L_pref + w_prefix L_prefix
 *
 * <p>L_cal = E Σ_b p*(b | x) (log p*(b | x) − log q(b | x)), which is KL(p* ‖ q/S) − log S with S = Σ_b q(b | x)
 *
 * <p>L_pref = − E log σ(β (D(y_c) − D(y_r)))
 *
 * <p>L_prefix = − E (mean over the tokens of s_b of log π). The paper describes the first two terms; the third is in its code
 * (BigBinnie/GDPO, loss {@code mpo}), and in the default here.
 *
 * <p>{@code seed} is L = Σ_b p*(b | x) (− log σ(β (D(y_c) − D(y_r)))) with answers behind the prompt alone: p* weighs the losses
 * of a prompt's rows, and contradictory rows meet at a margin of log(p/(1−p))/β.
 *
 * <p>Departures from the code: the mean of a step is over its rows however it is split; the bracket that closes s_b belongs to the
 * prefix (in the code to both answers, where it cancels); rows of the seed form are divided by their prompt's mean weight, so that
 * a step's scale does not depend on which rows it drew.
 */
public final class Gdpo implements BeliefObjective {
    private final Config config;

    /**
     * The objective.
     *
     * @param config its settings
     */
    public Gdpo(Config config) {
        this.config = config;
    }

    /** Which terms there are. */
    public enum Variant {
        /** All three, as released. */
        PAPER,
        /** Calibration and preference, as described. */
        PAPER_TWO_TERMS,
        /** Calibration and prefix: {@code mft} of the code. */
        CALIBRATION_ONLY,
        /** Preference alone: {@code cdpo} of the code. */
        CONDITIONAL_ONLY,
        /** DPO of the rows of a prompt, weighed by p*. */
        SEED;

        boolean calibrates() {
            return this == PAPER || this == PAPER_TWO_TERMS || this == CALIBRATION_ONLY;
        }

        boolean prefers() {
            return this != CALIBRATION_ONLY;
        }

        boolean learnsPrefix() {
            return this == PAPER || this == CALIBRATION_ONLY;
        }
    }

    /** What q is a share of. */
    public enum Calibration {
        /** Of the whole vocabulary, so that probability is drawn to the beliefs' tokens too. */
        FULL,
        /** Of the beliefs' tokens alone: KL(p* ‖ q/S). */
        RESTRICTED
    }

    /**
     * Settings of GDPO.
     *
     * @param variant which terms there are
     * @param beta β
     * @param wCal weight of L_cal
     * @param wPref weight of L_pref
     * @param wPrefix weight of L_prefix
     * @param calibration what q is a share of
     * @param labelSmoothing ε of L_pref
     * @param conditionOnBelief whether answers of the seed form stand behind s_b too
     */
    public record Config(
            @Setting(
                    doc =
                            "Which terms the loss has. paper: calibration of beliefs, preference of answers given the belief,"
                                    + " likelihood of the belief's statement; paper_two_terms: without the last;"
                                    + " calibration_only: without preference, and without a reference; conditional_only:"
                                    + " preference alone; seed: DPO in which a row counts as much as its belief has people.",
                    byDefault = "paper",
                    source = "arXiv 2412.20299; its code names them mpo, -, mft, cdpo, -")
            Variant variant,

            @Setting(
                    doc = "Strength of the pull towards the reference: small lets the policy move far, large keeps it"
                            + " close.",
                    byDefault = "0.1",
                    min = 0,
                    aboveMin = true,
                    source = "run_gdpo.sh of BigBinnie/GDPO")
            double beta,

            @Setting(
                    doc = "Weight of the calibration term. Raise it to 2, with half the learning rate, if"
                            + " belief/js_distance rises 20 % above its best.",
                    byDefault = "1.0",
                    min = 0,
                    source = "BigBinnie/GDPO: all weights 1")
            double wCal,

            @Setting(doc = "Weight of the preference term.", byDefault = "1.0", min = 0, source = "BigBinnie/GDPO")
            double wPref,

            @Setting(
                    doc = "Weight of the likelihood of the belief's statement.",
                    byDefault = "1.0",
                    min = 0,
                    source = "BigBinnie/GDPO, loss mpo")
            double wPrefix,

            @Setting(
                    doc =
                            "full: beliefs' probabilities are shares of the whole vocabulary, so that nothing leaks to other"
                                    + " tokens; restricted: shares of the beliefs' tokens alone.",
                    byDefault = "full",
                    source = "BigBinnie/GDPO")
            Calibration calibration,

            @Setting(
                    doc = "Probability that a row has its two answers the wrong way round.",
                    byDefault = "0.0",
                    min = 0,
                    max = 0.5,
                    belowMax = true,
                    source = "as for dpo")
            double labelSmoothing,

            @Setting(
                    doc = "With variant: seed, whether the answers stand behind a statement of their belief, as in the"
                            + " other variants.",
                    byDefault = "false")
            boolean conditionOnBelief) {
        /** Checks what single ranges cannot. */
        public Config {
            if (conditionOnBelief && variant != Variant.SEED) {
                throw new IllegalArgumentException(
                        "condition_on_belief is a choice of variant: seed alone; the others always do it");
            }
            if (!(variant.calibrates() && wCal > 0
                    || variant.prefers() && wPref > 0
                    || variant.learnsPrefix() && wPrefix > 0)) {
                throw new IllegalArgumentException("every term of the variant has weight 0");
            }
        }
    }

    @Override
    public Loss loss(BeliefBatch batch, Step step) {
        Tensor weights = numbers(batch.weights(), batch.beliefs());
        Tensor share = Tensor.zeros(batch.beliefs().dtype(), batch.beliefs().device());
        List<Measure> measures = new ArrayList<>();

        Tensor calibration = calibration(batch); // [rows]
        measures.add(mean("loss/cal", calibration));
        if (config.variant().calibrates()) {
            share = share.add(calibration.sum().mul(config.wCal()));
        }
        if (config.variant().prefers()) {
            PreferenceBatch answers = batch.answers();
            Tensor policy = answers.sums(answers.policy()); // S, [2 rows]
            Tensor reference = answers.sums(answers.reference().orElseThrow()).detach();
            Tensor rewards = policy.sub(reference).mul(config.beta()); // β D
            Tensor preference = preference(answers.chosen(rewards).sub(answers.rejected(rewards))); // [rows]
            share = share.add(preference.mul(weights).sum().mul(config.wPref()));
            measures.add(mean(PREFERENCE_LOSS, preference));
            measures.addAll(margins(batch, policy.detach(), rewards.detach(), step));
        }
        if (conditions()) {
            Tensor prefix = prefix(batch); // [rows]
            measures.add(mean("loss/prefix_nll", prefix));
            if (config.variant().learnsPrefix()) {
                share = share.add(prefix.mul(weights).sum().mul(config.wPrefix()));
            }
        }
        measures.addAll(BeliefMeasures.of(batch));
        measures.add(selection(measures));
        return new Loss(share.div(step.rows()), measures);
    }

    private Tensor calibration(BeliefBatch batch) {
        int rows = batch.rows();
        int beliefs = batch.targets()[0].length;
        double[] target = new double[rows * beliefs];
        double[] entropy = new double[rows]; // −Σ p* log p*
        for (int row = 0; row < rows; row++) {
            System.arraycopy(batch.targets()[row], 0, target, row * beliefs, beliefs);
            entropy[row] = BeliefMeasures.entropy(batch.targets()[row]);
        }
        Tensor p = numbers(target, batch.beliefs()).reshape(rows, beliefs);
        Tensor logs = batch.beliefs();
        if (config.calibration() == Calibration.RESTRICTED) {
            logs = logs.sub(logs.logSumExp(1).unsqueeze(1));
        }
        Tensor held = logs.maskedFill(p.eq(0), 0); // 0 log 0 = 0
        return p.mul(held).sum(1).add(numbers(entropy, logs)).neg();
    }

    private Tensor preference(Tensor margins) {
        double smoothing = config.labelSmoothing();
        Tensor right = Functional.logSigmoid(margins);
        return smoothing == 0
                ? right.neg()
                : right.mul(smoothing - 1)
                        .sub(Functional.logSigmoid(margins.neg()).mul(smoothing));
    }

    private static Tensor prefix(BeliefBatch batch) {
        Tensor sums = Tensor.zeros(batch.prefix().dtype(), batch.prefix().device(), batch.rows())
                .indexAdd(0, batch.prefixRow(), batch.prefix());
        return sums.div(batch.prefixLengths()).neg();
    }

    private static List<Measure> margins(BeliefBatch batch, Tensor policy, Tensor rewards, Step step) {
        double[] logps = policy.toDoubles();
        double[] both = rewards.toDoubles();
        List<Measure> out =
                PreferenceMeasures.of(logps, both, batch.answers().lengths().toDoubles());
        out.addAll(BeliefMeasures.margins(batch, both, step));
        return out;
    }

    /** What a model is best chosen by: the whole loss hides that one of its terms is bought with another. */
    private static Measure selection(List<Measure> measures) {
        double sum = 0;
        double rows = 0;
        for (Measure measure : measures) {
            if (measure.name().equals("belief/js_distance") || measure.name().equals(PREFERENCE_LOSS)) {
                sum += measure.sum();
                rows = measure.count();
            }
        }
        return new Measure("loss/selection", sum, rows);
    }

    private static Measure mean(String name, Tensor perRow) {
        return Measure.mean(name, perRow.detach().toDoubles());
    }

    private static Tensor numbers(double[] values, Tensor like) {
        return Tensor.of(values, like.device()).to(like.dtype());
    }

    @Override
    public boolean needsReference() {
        return config.variant().prefers();
    }

    @Override
    public boolean conditions() {
        return config.variant() != Variant.SEED || config.conditionOnBelief();
    }
}
