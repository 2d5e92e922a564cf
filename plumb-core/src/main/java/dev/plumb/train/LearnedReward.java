package dev.plumb.train;

import dev.plumb.config.PlumbException;
import dev.plumb.hub.Checkpoint;
import dev.plumb.reward.Reward;
import dev.plumb.reward.RewardInput;
import dev.plumb.reward.Score;
import dev.plumb.tensor.DType;
import dev.plumb.tensor.Device;
import dev.plumb.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A reward model's score of prompt and answer. A model with the policy's tokenizer reads the very tokens; another one reads the
 * text with its own, closed with its end token where the answer ended of itself. What was cut off is read at its last token.
 */
final class LearnedReward implements Reward, AutoCloseable {
    private static final int TOKENS_AT_ONCE = 4096;
    private static final String TOKENIZER = "tokenizer.json";

    private final Checkpoint model;
    private final Tokenizer tokenizer;
    private final Scorer scorer;
    private final boolean sameTokens;

    private LearnedReward(Checkpoint model, Tokenizer tokenizer, boolean sameTokens) {
        this.model = model;
        this.tokenizer = tokenizer;
        this.sameTokens = sameTokens;
        this.scorer = new Scorer(model.decoder());
    }

    /**
     * Opens a reward model of one score.
     *
     * @param folder its checkpoint
     * @param policy the folder of the policy's tokenizer
     */
    static LearnedReward open(Path folder, Path policy, DType dtype, Device device) {
        Checkpoint model = Checkpoint.load(folder, Optional.of(dtype), device);
        try {
            if (!model.decoder().architecture().isScoring()
                    || model.decoder().architecture().outputs() != 1) {
                throw new PlumbException(
                        folder + " is no reward model of one score. Train one with `plumb train reward`.");
            }
            return new LearnedReward(model, Tokenizer.load(model.folder()), isSame(model.folder(), policy));
        } catch (RuntimeException e) {
            model.close();
            throw e;
        }
    }

    private static boolean isSame(Path one, Path other) {
        try {
            Path file = one.resolve(TOKENIZER);
            return Files.exists(file)
                    && Files.exists(other.resolve(TOKENIZER))
                    && Files.mismatch(file, other.resolve(TOKENIZER)) < 0;
        } catch (IOException e) {
            throw new PlumbException(one.resolve(TOKENIZER) + " cannot be read (" + e.getMessage() + ").", e);
        }
    }

    @Override
    public List<Score> scores(List<RewardInput> inputs) {
        List<Score> out = new ArrayList<>();
        List<int[]> batch = new ArrayList<>();
        int tokens = 0;
        for (RewardInput input : inputs) {
            int[] ids = ids(input);
            if (!batch.isEmpty() && tokens + ids.length > TOKENS_AT_ONCE) {
                add(out, batch);
                batch.clear();
                tokens = 0;
            }
            batch.add(ids);
            tokens += ids.length;
        }
        add(out, batch);
        return out;
    }

    private int[] ids(RewardInput input) {
        if (sameTokens && input.ids().length > 0) {
            return input.ids();
        }
        int[] ids = tokenizer.encode(input.prompt() + input.completion());
        boolean opens = tokenizer.addsBos()
                && tokenizer.bos().isPresent()
                && (ids.length == 0 || ids[0] != tokenizer.bos().getAsInt()); // a rendered prompt may have it
        boolean closes = input.stopped() && tokenizer.eos().isPresent();
        int[] whole = new int[ids.length + (opens ? 1 : 0) + (closes ? 1 : 0)];
        System.arraycopy(ids, 0, whole, opens ? 1 : 0, ids.length);
        if (opens) {
            whole[0] = tokenizer.bos().getAsInt();
        }
        if (closes) {
            whole[whole.length - 1] = tokenizer.eos().getAsInt();
        }
        return whole;
    }

    private void add(List<Score> out, List<int[]> batch) {
        if (!batch.isEmpty()) {
            scorer.rewards(batch).forEach(score -> out.add(Score.of(score[0])));
        }
    }

    @Override
    public void close() {
        try (model) {
            tokenizer.close();
        }
    }
}
