package dev.plumb.text;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Map;

/** Text to token ids and back, exactly as the tokenizer files of a model say. Not thread-safe; close it with the model. */
public final class Tokenizer implements AutoCloseable {
    static {
        // Before any class of DJL loads: otherwise it calls a cloud metadata address.
        System.setProperty("ai.djl.offline", "true");
    }

    private final HuggingFaceTokenizer rust;

    private Tokenizer(HuggingFaceTokenizer rust) {
        this.rust = rust;
    }

    /**
     * Loads the tokenizer of a model folder.
     *
     * @param folder a folder with {@code tokenizer.json}
     * @return the tokenizer
     */
    public static Tokenizer load(Path folder) {
        try {
            return new Tokenizer(HuggingFaceTokenizer.newInstance(
                    folder.resolve("tokenizer.json"),
                    Map.of("truncation", "false", "padding", "false", "addSpecialTokens", "false")));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Encodes text. Nothing is added before or after; text that spells a special token becomes that token.
     *
     * @param text any text
     * @return token ids
     */
    public int[] encode(String text) {
        Encoding encoding = rust.encode(text, false, false);
        long[] ids = encoding.getIds();
        int[] out = new int[ids.length];
        for (int i = 0; i < ids.length; i++) {
            out[i] = (int) ids[i];
        }
        return out;
    }

    /**
     * Decodes ids.
     *
     * @param ids token ids
     * @return the text, special tokens included
     */
    public String decode(int[] ids) {
        long[] wide = new long[ids.length];
        for (int i = 0; i < ids.length; i++) {
            wide[i] = ids[i];
        }
        return rust.decode(wide, false);
    }

    @Override
    public void close() {
        rust.close();
    }
}
