package dev.plumb.train;

import dev.plumb.config.PlumbException;
import dev.plumb.data.StepFormat;
import dev.plumb.data.StepTokenizer;
import dev.plumb.reward.Aggregate;
import dev.plumb.reward.Reward;
import dev.plumb.reward.RewardInput;
import dev.plumb.reward.Score;
import dev.plumb.reward.StepScores;
import dev.plumb.text.DecodeStream;
import dev.plumb.text.Tokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * What a process reward model says of the steps of an answer: how likely each is good, and by an {@link Aggregate} how good the
 * answer is. The text is cut as in the model's training and read in its own tokens, step by step; in the policy's tokens a step
 * ends where the last character stands of what separates it from the next. The last step of an answer that ended of itself ends
 * with its last token: to end is part of it.
 *
 * <p>Where the length limit cut an answer off, the step that had not ended is not judged ({@code cut_off}). An answer of which no
 * step is judged, as it says nothing or ends none, is one step of score 0 ({@code no_step}): silence and endless steps would be
 * better than bad ones. Beyond the most steps the rest is one with the last ({@code steps_merged}). Of steps that end in one token
 * the last counts. What is longer than the model reads has no score ({@code too_long}). The words in brackets are counted.
 */
final class StepReward implements Reward {
    /** One step, which ends where the text does, wherever that is. */
    private static final int[] WHOLE = {Integer.MAX_VALUE};

    private final RewardModel model;
    private final StepTokenizer steps;
    private final Tokenizer policy;
    private final Aggregate aggregate;

    /**
     * A reward.
     *
     * @param model a process reward model, which stays the caller's
     * @param folder where it was found
     * @param format how answers fall into steps
     * @param policy the tokenizer of the model that writes; the caller's
     * @param aggregate from scores of steps to that of the answer
     */
    StepReward(RewardModel model, Path folder, StepFormat format, Tokenizer policy, Aggregate aggregate) {
        if (!model.shape().isClassifying() || model.shape().outputs() != 2) {
            throw new PlumbException(
                    folder + " is no process reward model of two classes. Train one with `plumb train prm`"
                            + (model.shape().isScoring() ? ", or name this model in reward_models." : "."));
        }
        this.model = model;
        this.steps = new StepTokenizer(model.tokenizer(), format);
        this.policy = policy;
        this.aggregate = aggregate;
    }

    /**
     * An answer and what the model reads of it.
     *
     * @param answer as the policy wrote it
     * @param ends how far its steps reach in the text, of those that are judged
     * @param notes what is counted
     * @param read by the model; nothing where no step is judged
     */
    private record Asked(RewardInput answer, int[] ends, List<String> notes, Optional<Places> read) {}

    @Override
    public List<Score> scores(List<RewardInput> inputs) {
        List<Asked> all = inputs.stream().map(this::asked).toList();
        Iterator<double[]> found = RewardModel.inPasses(
                        all.stream()
                                .filter(this::fits)
                                .map(one -> one.read().orElseThrow())
                                .toList(),
                        places -> places.ids().length,
                        this::ask)
                .iterator();
        List<Score> scores = new ArrayList<>();
        for (Asked one : all) {
            if (one.read().isEmpty()) {
                scores.add(score(one, 0));
            } else {
                scores.add(fits(one) ? score(one, found.next()) : Score.failure("too_long"));
            }
        }
        return scores;
    }

    private Asked asked(RewardInput answer) {
        StepTokenizer.Cut cut = steps.cut(answer.completion());
        boolean open = !answer.stopped() && !cut.closed();
        int judged = Math.max(0, cut.steps().size() - (open ? 1 : 0));
        if (judged == 0) {
            return new Asked(answer, WHOLE, List.of("no_step"), Optional.empty());
        }
        List<String> notes = new ArrayList<>();
        if (open) {
            notes.add("cut_off");
        }
        if (cut.merged()) {
            notes.add("steps_merged");
        }
        Places read = Places.steps(false)
                .of(steps.tokens(prompt(answer), cut.steps().subList(0, judged), new double[judged]));
        return new Asked(answer, Arrays.copyOf(cut.ends(), judged), notes, Optional.of(read));
    }

    private int[] prompt(RewardInput answer) {
        return model.readsTokensOf(answer)
                ? Arrays.copyOf(answer.ids(), answer.ids().length - answer.completionTokens())
                : model.opened(answer.prompt());
    }

    private boolean fits(Asked one) {
        return one.read()
                .filter(places -> places.ids().length <= model.scorer().maxLength())
                .isPresent();
    }

    private List<double[]> ask(List<Places> some) {
        return model.scorer()
                .steps(
                        some.stream().map(Places::ids).toList(),
                        some.stream().map(Places::at).toList());
    }

    private Score score(Asked one, double... scores) {
        return Score.of(aggregate.of(scores), placed(one, scores), one.notes());
    }

    /** Scores at tokens of the policy; none if its tokens are not known. */
    private StepScores placed(Asked one, double[] scores) {
        RewardInput answer = one.answer();
        int from = answer.ids().length - answer.completionTokens();
        if (answer.completionTokens() == 0 || from < 0) {
            return StepScores.NONE;
        }
        int[] tokens = new int[scores.length];
        Arrays.fill(tokens, answer.completionTokens() - 1);
        int inside = scores.length - (answer.stopped() ? 1 : 0); // steps that end before the answer does
        DecodeStream text = policy.stream(true);
        int length = 0;
        int j = 0;
        for (int t = 0; t < answer.completionTokens() && j < inside; t++) {
            length += text.push(answer.ids()[from + t]).length();
            while (j < inside && one.ends()[j] <= length) {
                tokens[j++] = t;
            }
        }
        int last = scores.length - 1;
        int[] counted = IntStream.range(0, scores.length)
                .filter(i -> i == last || tokens[i] < tokens[i + 1])
                .toArray();
        return new StepScores(
                Arrays.stream(counted).mapToDouble(i -> scores[i]).toArray(),
                Arrays.stream(counted).map(i -> tokens[i]).toArray());
    }
}
