package dev.plumb.data;

import dev.plumb.text.Message;
import dev.plumb.text.Tokenizer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A byte-level tokenizer with a handful of merges ({@code " 42"}, {@code " the"}, {@code " Yes"}) and four special tokens. */
final class Bytes {
    private Bytes() {}

    static Path folder() {
        try {
            return Path.of(Bytes.class.getResource("/tokenizers/bytes").toURI());
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }

    /** With BOS in front of plain text. */
    static Tokenizer tokenizer() {
        return Tokenizer.load(folder());
    }

    /** The same tokens without a BOS in front of plain text, and possibly without an EOS. */
    static Tokenizer tokenizer(Path into, String config) {
        try {
            Files.copy(folder().resolve("tokenizer.json"), into.resolve("tokenizer.json"));
            Files.writeString(into.resolve("tokenizer_config.json"), config);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return Tokenizer.load(into);
    }

    static Content text(String text) {
        return new Content.Plain(text);
    }

    /** A conversation: role, content, role, content, and so on. */
    static Content chat(String... turns) {
        List<Message> messages = new ArrayList<>();
        for (int i = 0; i < turns.length; i += 2) {
            messages.add(new Message(turns[i], turns[i + 1]));
        }
        return new Content.Chat(messages);
    }

    static Row answered(Content prompt, Content completion) {
        return new Row.Demonstration(new RowId("rows.jsonl", 7), Optional.of(prompt), completion, List.of());
    }

    static Row alone(Content completion) {
        return new Row.Demonstration(new RowId("rows.jsonl", 7), Optional.empty(), completion, List.of());
    }

    static Row pair(Content prompt, Content chosen, Content rejected) {
        return new Row.Preference(new RowId("rows.jsonl", 7), prompt, chosen, rejected, List.of());
    }

    /** Settings that differ from the defaults in what encoding looks at. */
    static final class Settings {
        Optional<Integer> maxLength = Optional.empty();
        Truncation truncation = Truncation.ERROR;
        TrainOn trainOn = TrainOn.AUTO;
        Optional<String> chatTemplate = Optional.empty();
        boolean allowSpecialTokens;
        boolean addEos = true;
        BadRows onBadRow = BadRows.ERROR;
        double evalShare = 0.05;
        List<DataFile> files = List.of(DataFile.of(Path.of("rows.jsonl")));
        List<DataFile> evalFiles = List.of();

        Settings maxLength(int tokens, Truncation how) {
            maxLength = Optional.of(tokens);
            truncation = how;
            return this;
        }

        Settings trainOn(TrainOn what) {
            trainOn = what;
            return this;
        }

        Settings template(String name) {
            chatTemplate = Optional.of(name);
            return this;
        }

        Settings allowSpecialTokens() {
            allowSpecialTokens = true;
            return this;
        }

        Settings withoutEos() {
            addEos = false;
            return this;
        }

        Settings dropBadRows() {
            onBadRow = BadRows.DROP;
            return this;
        }

        Settings evalShare(double share) {
            evalShare = share;
            return this;
        }

        Settings files(DataFile... read) {
            files = List.of(read);
            return this;
        }

        Settings evalFiles(DataFile... read) {
            evalFiles = List.of(read);
            return this;
        }

        DataConfig config() {
            return new DataConfig(
                    files,
                    evalFiles,
                    evalShare,
                    onBadRow,
                    maxLength,
                    truncation,
                    0.05,
                    0.05,
                    trainOn,
                    chatTemplate,
                    Map.of(),
                    allowSpecialTokens,
                    addEos,
                    true);
        }

        Encoder encoder(Tokenizer tokenizer) {
            DataConfig config = config();
            Path noTemplate = Path.of("no-such-folder");
            return new Encoder(tokenizer, ChatRenderer.of(config, noTemplate, tokenizer), config, 512);
        }
    }
}
