package dev.plumb.train;

import dev.plumb.config.PlumbException;
import dev.plumb.data.ChatRenderer;
import dev.plumb.hub.Checkpoint;
import dev.plumb.text.Message;
import dev.plumb.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A language model as a judge. It writes nothing: what it says is read off the probabilities of the names of the two answers as
 * the next token of its reply (arXiv 2212.08073, section 4.1), in one pass, so that the same question always has the same answer.
 */
final class JudgeModel implements Judge, AutoCloseable {
    private final Checkpoint model;
    private final Tokenizer tokenizer;
    private final Optional<ChatRenderer> chat;
    private final JudgePrompt prompt;
    private final Scorer scorer;
    private final int[] names; // the tokens A and B behind the lead

    private JudgeModel(JudgeSettings settings, Checkpoint model, Tokenizer tokenizer) {
        this.model = model;
        this.tokenizer = tokenizer;
        this.chat = ChatRenderer.ofModel(model.folder(), tokenizer);
        this.prompt = new JudgePrompt(settings.criteria(), tokenizer::specialTokensIn);
        this.scorer = new Scorer(model.decoder());
        String asked = text(new Comparison("", "", ""));
        this.names = new int[] {nameToken(asked, "A"), nameToken(asked, "B")};
    }

    /**
     * Opens a judge.
     *
     * @param settings which, and what it judges by
     * @param policy in whose number format and on whose device it is to compute
     * @throws PlumbException if it is no language model, or cannot be asked for a letter
     */
    static JudgeModel open(JudgeSettings settings, Checkpoint policy) {
        Checkpoint model = Checkpoint.load(
                settings.model(),
                Optional.of(policy.decoder().weights().dtype()),
                policy.decoder().device());
        try {
            if (model.decoder().architecture().isScoring()) {
                throw new PlumbException(settings.model() + ": judge asks a language model, and this is a reward model,"
                        + " which gives scores: name it in reward_models and leave judge out.");
            }
            Tokenizer tokenizer = Tokenizer.load(model.folder());
            try {
                return new JudgeModel(settings, model, tokenizer);
            } catch (RuntimeException e) {
                tokenizer.close();
                throw e;
            }
        } catch (RuntimeException e) {
            model.close();
            throw e;
        }
    }

    /** The token of a name, where the reply has come to it. */
    private int nameToken(String asked, String name) {
        int[] before = ids(asked);
        int[] after = ids(asked + name);
        if (after.length != before.length + 1 || !Arrays.equals(before, Arrays.copyOf(after, before.length))) {
            throw new PlumbException(model.folder() + ": the tokenizer has no token " + name + " that can follow \""
                    + JudgePrompt.LEAD + "\", by which a judge is read: take another model as judge.");
        }
        return after[before.length];
    }

    /** All that the judge reads, as text. */
    private String text(Comparison of) {
        String asked = prompt.text(of);
        return chat.map(own -> own.text(List.of(new Message("user", asked.strip())), List.of(), true))
                        .orElse(asked + "\n")
                + JudgePrompt.LEAD;
    }

    private int[] ids(String text) {
        return chat.isPresent() ? tokenizer.encode(text) : RewardModel.opened(tokenizer, text);
    }

    @Override
    public List<Opinion> compare(List<Comparison> comparisons) {
        List<int[]> asked = comparisons.stream().map(one -> ids(text(one))).toList();
        List<int[]> fitting =
                asked.stream().filter(ids -> ids.length <= scorer.maxLength()).toList();
        Iterator<double[]> said = RewardModel.inPasses(fitting, ids -> ids.length, some -> scorer.next(some, names))
                .iterator();
        List<Opinion> out = new ArrayList<>();
        for (int[] ids : asked) {
            double[] logs = ids.length <= scorer.maxLength() ? said.next() : new double[] {Double.NaN, Double.NaN};
            out.add(Opinion.of(logs[0], logs[1]));
        }
        return out;
    }

    /** What the user should know of it, as sentences. */
    List<String> notes(Checkpoint policy) {
        List<String> out = new ArrayList<>();
        if (chat.isEmpty()) {
            out.add("judge: " + model.folder() + " has no chat template, so it is asked in plain text.");
        }
        if (isSame(model.folder(), policy.folder())) {
            out.add("judge: it has the weights that the policy starts from, and models prefer what they would write"
                    + " themselves: compare its verdicts with those of people, or take a judge of another family.");
        }
        return out;
    }

    /** Whether two folders hold the same weights. */
    private static boolean isSame(Path one, Path other) {
        try {
            List<Path> files = weights(one);
            if (!files.stream()
                    .map(Path::getFileName)
                    .toList()
                    .equals(weights(other).stream().map(Path::getFileName).toList())) {
                return false;
            }
            for (Path file : files) {
                if (Files.mismatch(file, other.resolve(file.getFileName())) >= 0) {
                    return false;
                }
            }
            return true;
        } catch (IOException e) {
            throw new PlumbException(one + " or " + other + " cannot be read (" + RunFolder.reason(e) + ").", e);
        }
    }

    private static List<Path> weights(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.toString().endsWith(".safetensors"))
                    .sorted()
                    .toList();
        }
    }

    @Override
    public void close() {
        try (model) {
            tokenizer.close();
        }
    }
}
