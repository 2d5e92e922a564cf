package dev.plumb.text;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.plumb.config.PlumbException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A vocabulary of tiktoken: lines of a token's bytes in base 64 and its rank, as Llama 3 was first published. The file
 * says nothing of how text is split nor of special tokens; the split is that of cl100k, which Llama 3 uses too.
 */
final class TiktokenFile {
    private static final String PATTERN = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}"
            + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

    private record Merge(String left, String right, int rank, int leftRank, int rightRank) {}

    private TiktokenFile() {}

    /** Whether a file's first line is base 64, a space and a number. */
    static boolean recognises(byte[] content) {
        String start = new String(content, 0, Math.min(content.length, 512), StandardCharsets.ISO_8859_1);
        return start.matches("(?s)[A-Za-z0-9+/]+={0,2} \\d+\\r?\\n.*");
    }

    static TokenizerDefinition read(Path file, byte[] content) {
        Map<String, Integer> ranks = ranks(file, content);
        ObjectNode vocabulary = TokenizerFiles.JSON.createObjectNode();
        ranks.forEach(vocabulary::put);
        ArrayNode merges = TokenizerFiles.JSON.createArrayNode();
        merges(ranks).forEach(merge -> merges.addArray().add(merge.left).add(merge.right));
        ObjectNode json = BytePairFiles.definition(vocabulary, merges);
        // tiktoken takes a word that is in the vocabulary whole, whatever merges lead to it.
        ((ObjectNode) json.get("model")).put("ignore_merges", true);
        json.set("pre_tokenizer", BytePairFiles.splitBy(PATTERN, false));
        return new TokenizerDefinition(json, file, TokenizerDefinition.Defaults.NONE);
    }

    private static Map<String, Integer> ranks(Path file, byte[] content) {
        Map<String, Integer> ranks = new LinkedHashMap<>();
        int number = 0;
        for (String line : new String(content, StandardCharsets.ISO_8859_1).split("\r?\n", -1)) {
            number++;
            if (line.isEmpty()) {
                continue;
            }
            String[] parts = line.split(" ", -1);
            try {
                byte[] token = Base64.getDecoder().decode(parts[0]);
                ranks.put(ByteAlphabet.write(token), Integer.parseInt(parts[1]));
            } catch (IllegalArgumentException | ArrayIndexOutOfBoundsException e) {
                throw new PlumbException(
                        file + ":" + number + ": a line is a token in base 64, a space and its rank, not '" + line
                                + "'",
                        e);
            }
        }
        return ranks;
    }

    /** tiktoken joins the neighbours whose joined token has the lowest rank: as merges, every split of every token. */
    private static List<Merge> merges(Map<String, Integer> ranks) {
        List<Merge> merges = new ArrayList<>();
        ranks.forEach((token, rank) -> {
            for (int cut = 1; cut < token.length(); cut++) {
                Integer left = ranks.get(token.substring(0, cut));
                Integer right = ranks.get(token.substring(cut));
                if (left != null && right != null) {
                    merges.add(new Merge(token.substring(0, cut), token.substring(cut), rank, left, right));
                }
            }
        });
        Merge[] sorted = merges.toArray(Merge[]::new);
        Arrays.sort(
                sorted,
                Comparator.comparingInt(Merge::rank)
                        .thenComparingInt(Merge::leftRank)
                        .thenComparingInt(Merge::rightRank));
        return List.of(sorted);
    }
}
