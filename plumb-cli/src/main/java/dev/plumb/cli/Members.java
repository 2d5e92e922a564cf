package dev.plumb.cli;

import dev.plumb.config.PlumbException;
import dev.plumb.config.Setting;
import dev.plumb.hub.Checkpoint;
import dev.plumb.reward.Ensemble;
import dev.plumb.train.RewardScales;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * How several rewards of one answer become one, for commands that score.
 *
 * @param members further reward models
 * @param aggregation how they become one
 * @param ensembleK standard deviations that are taken off
 * @param ensembleW weight of the variance that is taken off
 */
record Members(
        @Setting(
                doc =
                        "Further reward models, folders or ids, whose rewards are taken together with those of model. They are to"
                                + " be on its scale, and to read its tokens.")
        List<Path> members,

        @Setting(
                doc =
                        "How several rewards, of members or of the heads of one model, become one: mean; min, the worst case;"
                                + " mean_minus_k_std; mean_minus_w_var.",
                byDefault = "mean",
                source = "arXiv 2310.02743")
        Ensemble.Aggregation aggregation,

        @Setting(doc = "k of mean_minus_k_std: standard deviations taken off.", byDefault = "1.0", min = 0)
        double ensembleK,

        @Setting(
                doc = "w of mean_minus_w_var: how much of the variance is taken off.",
                byDefault = "0.5",
                min = 0,
                source = "arXiv 2310.02743")
        double ensembleW) {
    /** Copies the list. */
    Members {
        members = List.copyOf(members);
    }

    /** Whether a model scores whole answers, rather than their steps or nothing at all. */
    static boolean isReward(Checkpoint model) {
        return model.decoder().architecture().isScoring()
                && !model.decoder().architecture().isClassifying();
    }

    Ensemble ensemble() {
        return new Ensemble(aggregation, ensembleK, ensembleW);
    }

    /**
     * Opens the further models.
     *
     * @param first the model, which stays the caller's
     * @return the others, to be closed
     * @throws PlumbException if one is no reward model of whole answers, or reads other tokens than the first
     */
    List<Checkpoint> open(Checkpoint first, Computing computing) {
        List<Checkpoint> others = new ArrayList<>();
        try {
            for (Path member : members) {
                Checkpoint other = Models.open(member, computing);
                others.add(other);
                if (!isReward(first) || !isReward(other)) {
                    throw new PlumbException(
                            "members: model and members must be reward models that score whole answers, and "
                                    + (isReward(first) ? member : first.folder()) + " is none.");
                }
                Models.requireSameTokens(first, other);
            }
        } catch (RuntimeException e) {
            others.forEach(Checkpoint::close);
            throw e;
        }
        return others;
    }

    /**
     * The scales that the models keep.
     *
     * @param first the model
     * @param others the further ones
     */
    RewardScales scales(Checkpoint first, List<Checkpoint> others) {
        List<Checkpoint> all = new ArrayList<>(List.of(first));
        all.addAll(others);
        return RewardScales.of(
                all.stream().map(Checkpoint::folder).toList(),
                all.stream().map(one -> one.decoder().architecture().outputs()).toList());
    }
}
