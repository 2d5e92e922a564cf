package dev.plumb.text;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.plumb.config.PlumbException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Makes a byte-level byte-pair tokenizer from texts: starts with the 256 bytes and joins the most frequent pair of
 * neighbours into a new token until the vocabulary is full. The same texts in any order give the same tokenizer.
 *
 * <p>Source: Sennrich, Haddow, Birch, "Neural Machine Translation of Rare Words with Subword Units", 2016, algorithm 1;
 * over bytes and with the word pattern of GPT-2 (Radford et al., 2019).
 */
public final class BytePairTrainer {
    private static final Pattern WORDS = Pattern.compile(
            "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
            Pattern.UNICODE_CHARACTER_CLASS);

    /**
     * What to make.
     *
     * @param vocabularySize how many tokens at most, bytes and special tokens included; fewer if the texts run out of
     *     pairs that occur twice
     * @param specialTokens tokens that are never joined or split; they get the last ids, in this order
     * @param bos the special token that opens a document
     * @param eos the special token that closes one
     * @param chatTemplate the template that conversations are written by
     */
    public record Plan(
            int vocabularySize, List<String> specialTokens, String bos, String eos, Optional<String> chatTemplate) {
        /** Refuses what cannot be made. */
        public Plan {
            specialTokens = List.copyOf(specialTokens);
            Set<String> distinct = new HashSet<>(specialTokens);
            if (distinct.size() < specialTokens.size() || distinct.contains("")) {
                throw new PlumbException("special tokens must differ and not be empty: " + specialTokens);
            }
            if (!distinct.contains(bos) || !distinct.contains(eos)) {
                throw new PlumbException(
                        "BOS '" + bos + "' and EOS '" + eos + "' must be special tokens, which are " + specialTokens);
            }
            if (vocabularySize < 256 + specialTokens.size()) {
                throw new PlumbException("a vocabulary of " + vocabularySize + " has no room for 256 bytes and "
                        + specialTokens.size() + " special tokens");
            }
        }
    }

    /** Two neighbouring tokens and how often they occur. */
    private record Pair(long key, long count) {
        static final Comparator<Pair> MOST_FREQUENT_FIRST =
                Comparator.comparingLong(Pair::count).reversed().thenComparingLong(Pair::key);

        static long key(int left, int right) {
            return (long) left << 32 | right;
        }

        int left() {
            return (int) (key >>> 32);
        }

        int right() {
            return (int) key;
        }
    }

    /** A distinct word of the texts. */
    private static final class Word {
        int[] tokens;
        final long count;

        Word(int[] tokens, long count) {
            this.tokens = tokens;
            this.count = count;
        }
    }

    private final List<Word> words;
    private final Map<Long, Long> counts = new HashMap<>();
    private final Map<Long, Set<Integer>> places = new HashMap<>();
    private final PriorityQueue<Pair> queue = new PriorityQueue<>(Pair.MOST_FREQUENT_FIRST);

    private BytePairTrainer(List<Word> words) {
        this.words = words;
    }

    /**
     * Trains a tokenizer and writes {@code tokenizer.json} and {@code tokenizer_config.json}.
     *
     * @param texts what to learn from
     * @param plan what to make
     * @param folder where to; made if it does not exist
     */
    public static void train(Iterable<String> texts, Plan plan, Path folder) {
        List<String> vocabulary = new ArrayList<>();
        for (int value = 0; value < 256; value++) {
            vocabulary.add(String.valueOf(ByteAlphabet.charOf((byte) value)));
        }
        ArrayNode merges = TokenizerFiles.JSON.createArrayNode();
        Set<String> known = new HashSet<>(vocabulary);
        known.addAll(plan.specialTokens());
        int limit = plan.vocabularySize() - plan.specialTokens().size();
        BytePairTrainer trainer = new BytePairTrainer(count(texts));
        trainer.countPairs();
        while (vocabulary.size() < limit) {
            Optional<Pair> best = trainer.mostFrequent();
            if (best.isEmpty()) {
                break;
            }
            String left = vocabulary.get(best.get().left());
            String right = vocabulary.get(best.get().right());
            // Two ways to one token are one token; it is met on the first way, and a special token on none.
            if (known.add(left + right)) {
                merges.addArray().add(left).add(right);
                trainer.join(best.get(), vocabulary.size());
                vocabulary.add(left + right);
            }
        }
        write(vocabulary, merges, plan, folder);
    }

    private static List<Word> count(Iterable<String> texts) {
        // Sorted, so that the words' places, and with them nothing else, depend on the order of the texts.
        Map<String, Long> counts = new TreeMap<>();
        for (String text : texts) {
            Matcher matcher = WORDS.matcher(text);
            while (matcher.find()) {
                counts.merge(matcher.group(), 1L, Long::sum);
            }
        }
        List<Word> words = new ArrayList<>(counts.size());
        counts.forEach((word, count) -> {
            byte[] bytes = word.getBytes(StandardCharsets.UTF_8);
            int[] tokens = new int[bytes.length];
            for (int i = 0; i < bytes.length; i++) {
                tokens[i] = bytes[i] & 0xFF;
            }
            words.add(new Word(tokens, count));
        });
        return words;
    }

    private void countPairs() {
        Set<Long> changed = new HashSet<>();
        for (int place = 0; place < words.size(); place++) {
            note(place, words.get(place).tokens, 1, changed);
        }
        queueAll(changed);
    }

    /** Adds a word's pairs to the counts, or takes them away. */
    private void note(int place, int[] tokens, int sign, Set<Long> changed) {
        long count = sign * words.get(place).count;
        for (int i = 1; i < tokens.length; i++) {
            long key = Pair.key(tokens[i - 1], tokens[i]);
            counts.merge(key, count, Long::sum);
            if (sign > 0) {
                places.computeIfAbsent(key, k -> new HashSet<>()).add(place);
            }
            changed.add(key);
        }
    }

    private void queueAll(Set<Long> keys) {
        for (long key : keys) {
            if (counts.get(key) > 1) {
                queue.add(new Pair(key, counts.get(key)));
            }
        }
    }

    private Optional<Pair> mostFrequent() {
        while (!queue.isEmpty()) {
            Pair pair = queue.poll();
            // An entry that was overtaken by a later count is passed over.
            if (counts.getOrDefault(pair.key, 0L) == pair.count) {
                return Optional.of(pair);
            }
        }
        return Optional.empty();
    }

    private void join(Pair pair, int id) {
        Set<Long> changed = new HashSet<>();
        for (int place : places.getOrDefault(pair.key, Set.of())) {
            Word word = words.get(place);
            int[] joined = joined(word.tokens, pair, id);
            if (joined.length < word.tokens.length) {
                note(place, word.tokens, -1, changed);
                note(place, joined, 1, changed);
                word.tokens = joined;
            }
        }
        counts.remove(pair.key);
        places.remove(pair.key);
        changed.remove(pair.key);
        queueAll(changed);
    }

    private static int[] joined(int[] tokens, Pair pair, int id) {
        int[] joined = new int[tokens.length];
        int size = 0;
        for (int i = 0; i < tokens.length; i++) {
            boolean found = i + 1 < tokens.length && tokens[i] == pair.left() && tokens[i + 1] == pair.right();
            joined[size++] = found ? id : tokens[i];
            if (found) {
                i++;
            }
        }
        return Arrays.copyOf(joined, size);
    }

    private static void write(List<String> vocabulary, ArrayNode merges, Plan plan, Path folder) {
        ObjectNode ids = TokenizerFiles.JSON.createObjectNode();
        vocabulary.forEach(token -> ids.put(token, ids.size()));
        ObjectNode json = BytePairFiles.definition(ids, merges);
        json.set("pre_tokenizer", BytePairFiles.byteLevel(false, true));
        TokenizerDefinition definition =
                new TokenizerDefinition(json, folder.resolve("tokenizer.json"), TokenizerDefinition.Defaults.NONE);
        plan.specialTokens().forEach(token -> definition.add(AddedToken.special(token)));

        ObjectNode config = TokenizerFiles.JSON.createObjectNode();
        config.put("tokenizer_class", "PreTrainedTokenizerFast");
        config.put("bos_token", plan.bos());
        config.put("eos_token", plan.eos());
        config.put("clean_up_tokenization_spaces", false);
        plan.chatTemplate().ifPresent(template -> config.put("chat_template", template));
        try {
            Files.createDirectories(folder);
            writeJson(folder.resolve("tokenizer.json"), json);
            writeJson(folder.resolve("tokenizer_config.json"), config);
        } catch (IOException e) {
            throw new PlumbException(folder + ": the tokenizer cannot be written: " + e.getMessage(), e);
        }
    }

    private static void writeJson(Path file, ObjectNode json) throws IOException {
        Files.writeString(
                file, TokenizerFiles.JSON.writerWithDefaultPrettyPrinter().writeValueAsString(json) + "\n");
    }
}
