package dev.plumb.train;

import dev.plumb.config.PlumbException;
import dev.plumb.reward.Reward;
import dev.plumb.reward.RewardInput;
import dev.plumb.reward.Score;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;

/**
 * A reward model's score of prompt and answer. A model with the policy's tokenizer reads the very tokens; another one reads the
 * text with its own, closed with its end token where the answer ended of itself. What was cut off is read at its last token.
 */
final class LearnedReward implements Reward {
    private final RewardModel model;

    /**
     * A reward.
     *
     * @param model a reward model of one score, which stays the caller's
     * @param folder where it was found
     */
    LearnedReward(RewardModel model, Path folder) {
        if (model.shape().isClassifying()) {
            throw new PlumbException(folder + " is a process reward model, which judges steps: name it in"
                    + " process_reward_model in place of reward_models.");
        }
        if (!model.shape().isScoring() || model.shape().outputs() != 1) {
            throw new PlumbException(folder + " is no reward model of one score. Train one with `plumb train reward`.");
        }
        this.model = model;
    }

    @Override
    public List<Score> scores(List<RewardInput> inputs) {
        List<int[]> texts = inputs.stream().map(this::ids).toList();
        return RewardModel.inPasses(texts, ids -> ids.length, model.scorer()::rewards).stream()
                .map(score -> Score.of(score[0]))
                .toList();
    }

    private int[] ids(RewardInput input) {
        if (model.readsTokensOf(input)) {
            return input.ids();
        }
        int[] ids = model.opened(input.prompt() + input.completion());
        OptionalInt eos = model.tokenizer().eos();
        if (input.stopped() && eos.isPresent()) {
            ids = Arrays.copyOf(ids, ids.length + 1);
            ids[ids.length - 1] = eos.getAsInt();
        }
        return ids;
    }
}
