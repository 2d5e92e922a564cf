package dev.plumb.train;

import dev.plumb.config.PlumbException;
import dev.plumb.model.Architecture;
import dev.plumb.reward.Ensemble;
import dev.plumb.reward.Reward;
import dev.plumb.reward.RewardInput;
import dev.plumb.reward.Score;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/**
 * What one reward model, or several together, say of prompt and answer. A model with the policy's tokenizer reads the very tokens;
 * another one reads the text with its own, closed with its end token where the answer ended of itself. What was cut off is read at
 * its last token.
 */
final class LearnedReward implements Reward {
    private final List<RewardModel> models;
    private final RewardScales scales;
    private final Optional<Ensemble> ensemble;

    /**
     * A reward.
     *
     * @param models reward models, which stay the caller's
     * @param folders where they were found
     * @param normalises whether the scales are used that the folders keep
     * @param ensemble how several rewards become one; empty if there is one
     */
    LearnedReward(List<RewardModel> models, List<Path> folders, boolean normalises, Optional<Ensemble> ensemble) {
        List<Integer> outputs = new ArrayList<>();
        for (int i = 0; i < models.size(); i++) {
            requireReward(models.get(i).shape(), folders.get(i));
            outputs.add(models.get(i).shape().outputs());
        }
        int members = outputs.stream().mapToInt(n -> n).sum();
        if (ensemble.isEmpty() && members > 1) {
            throw new PlumbException(folders.get(0) + " gives " + members + " rewards, one of each head: say how they"
                    + " become one, as in reward_model_aggregation: mean_minus_k_std.");
        }
        if (ensemble.isPresent() && members == 1) {
            throw new PlumbException("reward_model_aggregation makes one reward of several, and " + folders.get(0)
                    + " gives one: name further reward_models, or leave it out.");
        }
        this.models = List.copyOf(models);
        this.scales = normalises ? RewardScales.of(folders, outputs) : RewardScales.NONE;
        this.ensemble = ensemble;
    }

    private static void requireReward(Architecture shape, Path folder) {
        if (shape.isClassifying()) {
            throw new PlumbException(folder + " is a process reward model, which judges steps: name it in"
                    + " process_reward_model in place of reward_models.");
        }
        if (!shape.isScoring()) {
            throw new PlumbException(folder + " is no reward model. Train one with `plumb train reward`.");
        }
    }

    /** Whether rewards are on a scale that a folder keeps. */
    boolean isScaled() {
        return !scales.all().isEmpty();
    }

    @Override
    public List<Score> scores(List<RewardInput> inputs) {
        List<List<double[]>> given =
                models.stream().map(model -> rewards(model, inputs)).toList();
        return IntStream.range(0, inputs.size())
                .mapToObj(i -> scales.of(given.stream()
                        .flatMapToDouble(of -> Arrays.stream(of.get(i)))
                        .toArray()))
                .map(members -> ensemble.map(one -> Score.of(one.reward(members), Ensemble.spread(members)))
                        .orElseGet(() -> Score.of(members[0])))
                .toList();
    }

    private static List<double[]> rewards(RewardModel model, List<RewardInput> inputs) {
        List<int[]> texts = inputs.stream().map(input -> ids(model, input)).toList();
        return RewardModel.inPasses(texts, ids -> ids.length, model.scorer()::rewards);
    }

    private static int[] ids(RewardModel model, RewardInput input) {
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
