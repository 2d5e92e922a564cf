package dev.plumb.text;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.CharSpan;
import com.fasterxml.jackson.core.JsonProcessingException;
import dev.plumb.config.PlumbException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Text to token ids and back, exactly as the tokenizer files of a model say.
 *
 * <p>Every format is turned into the content of a {@code tokenizer.json} and run by the Hugging Face runtime, so the ids
 * are those that a model was trained on. Text that spells a special token becomes that token, as it does there; where
 * that must not happen, ask {@link #specialTokensIn} first. Text is never cut.
 *
 * <p>Several threads may use one tokenizer. It holds native memory: close it with the model.
 */
public final class Tokenizer implements AutoCloseable {
    static {
        // Before any class of DJL loads: it would otherwise call a cloud metadata address, and download a CUDA build.
        System.setProperty("ai.djl.offline", "true");
    }

    private static final char REPLACEMENT = '\uFFFD';

    private final HuggingFaceTokenizer rust;
    private final Map<String, Integer> ids;
    private final @Nullable String[] tokens;
    private final Map<Character, List<String>> specialTokens;
    private final OptionalInt bos;
    private final OptionalInt eos;
    private final List<Integer> fillers;
    private final DocumentFrame frame;

    private Tokenizer(HuggingFaceTokenizer rust, TokenizerDefinition definition, TokenizerConfig config) {
        this.rust = rust;
        this.ids = definition.ids();
        this.tokens = tokens(definition);
        this.specialTokens = new HashMap<>();
        for (String token : definition.specialTokens()) {
            specialTokens
                    .computeIfAbsent(token.charAt(0), first -> new ArrayList<>())
                    .add(token);
        }
        OptionalInt statedBos =
                config.role("bos", definition, definition.defaults().bos());
        this.eos = config.role("eos", definition, definition.defaults().eos());
        if (definition.json().path("post_processor").isObject()) {
            this.frame = DocumentFrame.of(definition.json().path("post_processor"));
        } else {
            boolean addsBos =
                    config.flag("add_bos_token").orElse(definition.defaults().addsBos());
            boolean addsEos = config.flag("add_eos_token").orElse(false);
            this.frame = new DocumentFrame(
                    addsBos ? statedBos.stream().boxed().toList() : List.of(),
                    addsEos ? eos.stream().boxed().toList() : List.of());
        }
        this.bos = statedBos;
        this.fillers = Stream.of(
                        config.role("pad", definition, Optional.empty()),
                        config.role("unk", definition, Optional.empty()),
                        statedBos)
                .flatMap(role -> role.stream().boxed())
                .toList();
    }

    private static @Nullable String[] tokens(TokenizerDefinition definition) {
        int size = 1
                + definition.ids().values().stream()
                        .mapToInt(Integer::intValue)
                        .max()
                        .orElse(-1);
        @Nullable String[] tokens = new String[size];
        definition.ids().forEach((token, id) -> {
            if (tokens[id] != null) {
                throw new PlumbException(definition.source() + ": the tokens '" + tokens[id] + "' and '" + token
                        + "' have the same id " + id);
            }
            tokens[id] = token;
        });
        return tokens;
    }

    /**
     * Loads the tokenizer of a model folder: {@code tokenizer.json}, else {@code tokenizer.model} (SentencePiece, or the
     * ranks of tiktoken), else {@code vocab.json} with {@code merges.txt}, else {@code encoder.json} with {@code
     * vocab.bpe}. What {@code tokenizer_config.json}, {@code special_tokens_map.json}, {@code added_tokens.json}, {@code
     * config.json} and {@code generation_config.json} add to it is read from the same folder, if they are there.
     *
     * @param folder a model folder
     * @return the tokenizer
     * @throws PlumbException if there is none, or a file is broken; it names the file
     */
    public static Tokenizer load(Path folder) {
        TokenizerConfig config = TokenizerConfig.read(folder);
        return create(TokenizerFiles.find(folder, config), config);
    }

    /**
     * Loads a tokenizer from one file and nothing beside it: any {@code .json} that is a {@code tokenizer.json}, any
     * SentencePiece or tiktoken model, or one of a pair named {@code …vocab.json} and {@code …merges.txt} or {@code
     * …encoder.json} and {@code …vocab.bpe}.
     *
     * @param file the file
     * @return the tokenizer
     * @throws PlumbException if the file is missing or broken
     */
    public static Tokenizer loadFile(Path file) {
        return create(TokenizerFiles.read(file), TokenizerConfig.none());
    }

    private static Tokenizer create(TokenizerDefinition definition, TokenizerConfig config) {
        config.addedTokens().forEach(definition::add);
        definition.checkRules();
        HuggingFaceTokenizer rust;
        try {
            byte[] json = TokenizerFiles.JSON.writeValueAsBytes(definition.json());
            rust = HuggingFaceTokenizer.newInstance(
                    new ByteArrayInputStream(json),
                    Map.of("truncation", "false", "padding", "false", "addSpecialTokens", "false"));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        } catch (IOException | RuntimeException e) {
            // The runtime's line and column are those of the content as it was made here, not of the file.
            String fault = String.valueOf(e.getMessage()).replaceAll(" at line \\d+ column \\d+$", "");
            throw new PlumbException(definition.source() + ": not a usable tokenizer: " + fault, e);
        }
        try {
            return new Tokenizer(rust, definition, config);
        } catch (RuntimeException e) {
            rust.close();
            throw e;
        }
    }

    /**
     * Encodes text. Nothing is added before or after. What a vocabulary without bytes and without an unknown token cannot
     * write is left out, as the reference does: {@link #decode} then gives another text.
     *
     * @param text any text; half surrogate pairs are read as U+FFFD
     * @return token ids
     */
    public int[] encode(String text) {
        return ints(rust.encode(wellFormed(text), false, false).getIds());
    }

    /**
     * Encodes text as {@link #encode} does, and says where each token came from.
     *
     * @param text any text; half surrogate pairs are read as U+FFFD
     * @return ids with their spans in the text
     */
    public Encoded encodeWithOffsets(String text) {
        Encoding encoding = rust.encode(wellFormed(text), false, false);
        CharSpan[] spans = encoding.getCharTokenSpans();
        // The runtime counts code points.
        int codePoints = text.codePointCount(0, text.length());
        int[] charOf = codePoints == text.length()
                ? IntStream.rangeClosed(0, codePoints).toArray()
                : charOfCodePoint(text, codePoints);
        int[] starts = new int[spans.length];
        int[] ends = new int[spans.length];
        for (int i = 0; i < spans.length; i++) {
            starts[i] = charOf[spans[i].getStart()];
            ends[i] = charOf[spans[i].getEnd()];
        }
        return new Encoded(ints(encoding.getIds()), starts, ends);
    }

    private static int[] charOfCodePoint(String text, int codePoints) {
        int[] charOf = new int[codePoints + 1];
        int at = 0;
        for (int i = 0; i < codePoints; i++) {
            charOf[i] = at;
            at += Character.charCount(text.codePointAt(at));
        }
        charOf[codePoints] = at;
        return charOf;
    }

    /** The runtime turns half of a surrogate pair into three characters, which would shift every offset after it. */
    private static String wellFormed(String text) {
        StringBuilder mended = null;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (!Character.isSurrogate(c)) {
                continue;
            }
            if (Character.isHighSurrogate(c) && i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1))) {
                i++;
                continue;
            }
            mended = mended == null ? new StringBuilder(text) : mended;
            mended.setCharAt(i, REPLACEMENT);
        }
        return mended == null ? text : mended.toString();
    }

    /**
     * Encodes text as a document of its own, with the special tokens that Hugging Face adds when asked to: those of the
     * {@code post_processor} in tokenizer.json, or, where a tokenizer has none, BOS and EOS if {@code add_bos_token} and
     * {@code add_eos_token} of tokenizer_config.json say so. A SentencePiece model gets BOS unless they deny it.
     *
     * @param text any text
     * @return token ids
     */
    public int[] encodeAsDocument(String text) {
        int[] inner = encode(text);
        IntStream before = frame.before().stream().mapToInt(Integer::intValue);
        IntStream after = frame.after().stream().mapToInt(Integer::intValue);
        return IntStream.concat(IntStream.concat(before, Arrays.stream(inner)), after)
                .toArray();
    }

    /**
     * Decodes ids, special tokens included.
     *
     * @param ids token ids
     * @return the text
     */
    public String decode(int[] ids) {
        return decode(ids, false);
    }

    /**
     * Decodes ids. Ids that name no token read as nothing; bytes that form no code point read as U+FFFD.
     *
     * @param ids token ids
     * @param skipSpecial whether special tokens are left out
     * @return the text
     */
    public String decode(int[] ids, boolean skipSpecial) {
        return rust.decode(Arrays.stream(ids).asLongStream().toArray(), skipSpecial);
    }

    /**
     * Decodes ids one at a time.
     *
     * @param skipSpecial whether special tokens are left out
     * @return a fresh stream
     */
    public DecodeStream stream(boolean skipSpecial) {
        return new DecodeStream(this, skipSpecial);
    }

    /**
     * How many ids there are, added tokens included: one more than the largest. A model's embedding has at least as many
     * rows.
     *
     * @return the number
     */
    public int vocabularySize() {
        return tokens.length;
    }

    /**
     * The token of an id, as the vocabulary writes it: {@code Ġworld}, {@code ▁world}, {@code <0x0A>}.
     *
     * @param id a token id
     * @return the token
     * @throws IllegalArgumentException if no token has this id
     */
    public String token(int id) {
        String token = id >= 0 && id < tokens.length ? tokens[id] : null;
        if (token == null) {
            throw new IllegalArgumentException(
                    "no token has id " + id + "; the vocabulary has " + tokens.length + " ids");
        }
        return token;
    }

    /**
     * The id of a token.
     *
     * @param token as the vocabulary writes it
     * @return its id, if there is such a token
     */
    public OptionalInt id(String token) {
        Integer id = ids.get(token);
        return id == null ? OptionalInt.empty() : OptionalInt.of(id);
    }

    /**
     * The special tokens that a text spells out, and that {@link #encode} would therefore turn into control tokens.
     *
     * @param text a text, such as what a user wrote
     * @return the tokens, each once, in order of appearance
     */
    public List<String> specialTokensIn(String text) {
        Set<String> found = new LinkedHashSet<>();
        for (int i = 0; i < text.length(); i++) {
            for (String token : specialTokens.getOrDefault(text.charAt(i), List.of())) {
                if (text.startsWith(token, i)) {
                    found.add(token);
                }
            }
        }
        return List.copyOf(found);
    }

    /**
     * The token that opens a document.
     *
     * @return its id, if the tokenizer has one
     */
    public OptionalInt bos() {
        return bos;
    }

    /**
     * The token that closes a document. Models may have further ones that end an answer: those stand in their generation
     * configuration.
     *
     * @return its id, if the tokenizer has one
     */
    public OptionalInt eos() {
        return eos;
    }

    /**
     * Tokens that can fill up the rows of a batch.
     *
     * @return those of padding, of unknown text and of the opening of a document, as far as there are; one may be the end token
     */
    public List<Integer> fillers() {
        return fillers;
    }

    /**
     * Whether {@link #encodeAsDocument} puts something before the text.
     *
     * @return true if it does
     */
    public boolean addsBos() {
        return !frame.before().isEmpty();
    }

    /**
     * Whether {@link #encodeAsDocument} puts something after the text.
     *
     * @return true if it does
     */
    public boolean addsEos() {
        return !frame.after().isEmpty();
    }

    private static int[] ints(long[] ids) {
        return Arrays.stream(ids).mapToInt(Math::toIntExact).toArray();
    }

    @Override
    public void close() {
        rust.close();
    }
}
