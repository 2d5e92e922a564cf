package dev.plumb.train;

import dev.plumb.config.PlumbException;
import dev.plumb.hub.Checkpoint;
import dev.plumb.model.Architecture;
import dev.plumb.reward.RewardInput;
import dev.plumb.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.ToIntFunction;

/** A model that was trained to score, with its tokenizer; it reads what a policy wrote, and learns nothing. */
final class RewardModel implements AutoCloseable {
    private static final int TOKENS_AT_ONCE = 4096;
    private static final String TOKENIZER = "tokenizer.json";

    private final Checkpoint model;
    private final Tokenizer tokenizer;
    private final Scorer scorer;
    private final boolean sameTokens;

    private RewardModel(Checkpoint model, Tokenizer tokenizer, boolean sameTokens) {
        this.model = model;
        this.tokenizer = tokenizer;
        this.sameTokens = sameTokens;
        this.scorer = new Scorer(model.decoder());
    }

    /**
     * Opens a model.
     *
     * @param folder its checkpoint
     * @param policy in whose number format and on whose device it is to compute
     */
    static RewardModel open(Path folder, Checkpoint policy) {
        Checkpoint model = Checkpoint.load(
                folder,
                Optional.of(policy.decoder().weights().dtype()),
                policy.decoder().device());
        try {
            return new RewardModel(model, Tokenizer.load(model.folder()), isSame(model.folder(), policy.folder()));
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

    Architecture shape() {
        return model.decoder().architecture();
    }

    Tokenizer tokenizer() {
        return tokenizer;
    }

    Scorer scorer() {
        return scorer;
    }

    /** Whether it reads the very tokens that the policy read and wrote. */
    boolean readsTokensOf(RewardInput input) {
        return sameTokens && input.ids().length > 0;
    }

    /** A text in its own tokens, with the one that opens a document. */
    int[] opened(String text) {
        return opened(tokenizer, text);
    }

    /** A text in a tokenizer's tokens, with the one that opens a document. */
    static int[] opened(Tokenizer tokenizer, String text) {
        int[] ids = tokenizer.encode(text);
        boolean opens = tokenizer.addsBos()
                && tokenizer.bos().isPresent()
                && (ids.length == 0 || ids[0] != tokenizer.bos().getAsInt()); // a rendered prompt may have it
        if (!opens) {
            return ids;
        }
        int[] whole = new int[ids.length + 1];
        whole[0] = tokenizer.bos().getAsInt();
        System.arraycopy(ids, 0, whole, 1, ids.length);
        return whole;
    }

    /**
     * Asks about many texts, some thousand tokens at once.
     *
     * @param texts what is read
     * @param length of one in tokens
     * @param ask gives the scores of several
     * @return those of all, in their order
     */
    static <T> List<double[]> inPasses(List<T> texts, ToIntFunction<T> length, Function<List<T>, List<double[]>> ask) {
        List<double[]> out = new ArrayList<>();
        List<T> pass = new ArrayList<>();
        int tokens = 0;
        for (T text : texts) {
            int more = length.applyAsInt(text);
            if (!pass.isEmpty() && tokens + more > TOKENS_AT_ONCE) {
                out.addAll(ask.apply(pass));
                pass.clear();
                tokens = 0;
            }
            pass.add(text);
            tokens += more;
        }
        if (!pass.isEmpty()) {
            out.addAll(ask.apply(pass));
        }
        return out;
    }

    @Override
    public void close() {
        try (model) {
            tokenizer.close();
        }
    }
}
