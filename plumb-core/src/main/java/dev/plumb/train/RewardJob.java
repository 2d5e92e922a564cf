package dev.plumb.train;

import dev.plumb.config.Inline;
import dev.plumb.config.PlumbException;
import dev.plumb.config.Setting;
import dev.plumb.data.Preflight;
import dev.plumb.data.RowKind;
import dev.plumb.objective.BradleyTerry;
import dev.plumb.objective.Davidson;
import dev.plumb.objective.PlackettLuce;
import dev.plumb.objective.RaoKupper;
import dev.plumb.objective.RewardObjective;
import java.util.Locale;
import java.util.Optional;

/**
 * A reward model.
 *
 * @param run what every run has
 * @param optimisation how weights are updated
 * @param learningRate the learning rate after warm-up
 * @param numTrainEpochs how often the data are gone through
 * @param freezeBackbone whether only the head is trained
 * @param numHeads how many rewards the model learns to give
 * @param bootstrap whether each head weighs the rows anew
 * @param lossType which objective
 * @param ties what becomes of ties
 * @param pairs settings of the objective of pairs
 * @param orders settings of the objective of whole orders
 */
public record RewardJob(
        @Inline RunSettings run,
        @Inline Optimisation optimisation,

        @Setting(
                doc = "Learning rate after warm-up; about 1e-3 with freeze_backbone.",
                byDefault = "1e-5",
                min = 0,
                aboveMin = true,
                source = "InstructGPT: 9e-6; TRL's 1e-4 is for adapters")
        double learningRate,

        @Setting(
                doc = "How often the data are gone through. More than once soon learns the pairs by heart.",
                byDefault = "1.0",
                min = 0,
                aboveMin = true,
                source = "InstructGPT, arXiv 2203.02155, appendix C.2")
        double numTrainEpochs,

        @Setting(
                doc = "Train the head alone and leave the language model below it as it is: less memory and time, and"
                        + " less is learnt.",
                byDefault = "false")
        boolean freezeBackbone,

        @Setting(
                doc =
                        "How many heads the model has, each giving a reward of its own, started from a seed of its own. Where they"
                                + " disagree the model knows little: score and eval make one reward of them (aggregation). Other tools"
                                + " load several as a classifier of so many labels.",
                byDefault = "1",
                min = 1,
                max = 1000,
                source = "arXiv 2310.02743")
        int numHeads,

        @Setting(
                doc =
                        "With num_heads above 1, let each head weigh each row by a number of its own, drawn from a Poisson"
                                + " distribution of mean 1, as if it had drawn rows of its own.",
                byDefault = "true",
                source = "Oza and Russell 2001")
        boolean bootstrap,

        @Setting(
                doc =
                        "bradley_terry: all pairs of a ranking of which one is better, their mean a ranking; plackett_luce: the"
                                + " likelihood of the whole order. Of a pair both are the same.",
                byDefault = "bradley_terry",
                source = "arXiv 2203.02155, equation 1; Plackett 1975, Luce 1959")
        LossType lossType,

        @Setting(
                doc =
                        "What becomes of a tie, a row with tie: true or two completions of one rank. drop: it says nothing; half:"
                                + " either answer is better with probability 1/2; rao_kupper, davidson: models with a probability of"
                                + " ties, which train one more number, kept in the model's folder.",
                byDefault = "drop",
                source = "Rao and Kupper 1967; Davidson 1970")
        Ties ties,

        @Inline BradleyTerry.Config pairs,
        @Inline PlackettLuce.Config orders)
        implements Job {

    /** Objectives. */
    public enum LossType {
        /** Pairs. */
        BRADLEY_TERRY,
        /** Whole orders. */
        PLACKETT_LUCE
    }

    /** What becomes of ties. */
    public enum Ties {
        /** They say nothing. */
        DROP,
        /** Soft labels of ½. */
        HALF,
        /** Too near to be told apart. */
        RAO_KUPPER,
        /** A third outcome. */
        DAVIDSON
    }

    /** Checks what single ranges cannot. */
    public RewardJob {
        boolean ofPairs = pairs.centerRewardsCoefficient() > 0 || pairs.labelSmoothing() > 0;
        if (lossType == LossType.PLACKETT_LUCE && ofPairs) {
            throw new IllegalArgumentException(
                    "center_rewards_coefficient and label_smoothing are of pairs; leave them out,"
                            + " or choose loss_type: bradley_terry");
        }
        boolean modelled = ties == Ties.RAO_KUPPER || ties == Ties.DAVIDSON;
        if (lossType == LossType.PLACKETT_LUCE && ties != Ties.DROP) {
            throw new IllegalArgumentException("ties other than drop are of pairs; choose loss_type: bradley_terry");
        }
        if (modelled && ofPairs) {
            throw new IllegalArgumentException("center_rewards_coefficient and label_smoothing have no place in ties:"
                    + " rao_kupper and davidson; leave them out, or choose ties: half or drop");
        }
        if (lossType == LossType.BRADLEY_TERRY && (orders.rankingTopK() > 0 || !orders.perChoice())) {
            throw new IllegalArgumentException(
                    "ranking_top_k and per_choice are of whole orders; leave them out, or choose loss_type: plackett_luce");
        }
    }

    @Override
    public RowKind rows() {
        return RowKind.COMPARISON;
    }

    @Override
    public int scores() {
        return numHeads;
    }

    Optional<Bootstrap> bootstraps() {
        return bootstrap && numHeads > 1 ? Optional.of(new Bootstrap(run.seed())) : Optional.empty();
    }

    RewardObjective objective() {
        if (lossType == LossType.PLACKETT_LUCE) {
            return new PlackettLuce(orders);
        }
        return switch (ties) {
            case RAO_KUPPER -> new RaoKupper();
            case DAVIDSON -> new Davidson();
            default -> new BradleyTerry(pairs, ties == Ties.HALF);
        };
    }

    /** Says what becomes of the ties that were found, and refuses rows that would all say nothing. */
    void sayOf(Preflight.Rankings found) {
        if (found.pairs() == 0 && ties == Ties.DROP) {
            throw new PlumbException(
                    "All rows are ties, which say nothing with ties: drop; choose ties: half, rao_kupper or"
                            + " davidson, or add rows of which one answer is better.");
        }
        System.out.println(found.ties() + " ties " + (ties == Ties.DROP ? "say nothing" : "are learnt") + ", as ties: "
                + ties.name().toLowerCase(Locale.ROOT) + " asks.");
    }
}
