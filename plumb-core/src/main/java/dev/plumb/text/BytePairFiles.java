package dev.plumb.text;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.plumb.config.PlumbException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Byte-level BPE in two files, as GPT-2 and Qwen2 publish it: a vocabulary and its merges. */
final class BytePairFiles {
    static final String QWEN_PATTERN = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}"
            + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

    private static final List<String[]> NAMES =
            List.of(new String[] {"vocab.json", "merges.txt"}, new String[] {"encoder.json", "vocab.bpe"});
    private static final String END_OF_TEXT = "<|endoftext|>";

    private BytePairFiles() {}

    /** Reads a pair of files of which one is given. */
    static TokenizerDefinition read(Path file, TokenizerConfig config) {
        String name = file.getFileName().toString();
        for (String[] pair : NAMES) {
            for (String end : pair) {
                if (name.endsWith(end)) {
                    String start = name.substring(0, name.length() - end.length());
                    return read(file.resolveSibling(start + pair[0]), file.resolveSibling(start + pair[1]), config);
                }
            }
        }
        throw new IllegalArgumentException(file + " is not named like one of a pair of byte-pair files");
    }

    private static TokenizerDefinition read(Path vocabulary, Path merges, TokenizerConfig config) {
        if (!Files.exists(vocabulary) || !Files.exists(merges)) {
            Path there = Files.exists(vocabulary) ? vocabulary : merges;
            Path missing = Files.exists(vocabulary) ? merges : vocabulary;
            throw new PlumbException(
                    there + ": the file that belongs to it, " + missing.getFileName() + ", does not lie beside it");
        }
        ObjectNode json = definition(TokenizerFiles.json(vocabulary), merges(merges));
        boolean qwen = config.tokenizerClass().startsWith("Qwen");
        boolean prefixSpace = config.flag("add_prefix_space").orElse(false);
        if (qwen) {
            json.putObject("normalizer").put("type", "NFC");
            json.set("pre_tokenizer", splitBy(QWEN_PATTERN, prefixSpace));
        } else {
            json.set("pre_tokenizer", byteLevel(prefixSpace, true));
        }
        TokenizerDefinition definition = new TokenizerDefinition(
                json,
                vocabulary,
                new TokenizerDefinition.Defaults(
                        qwen ? Optional.empty() : Optional.of(END_OF_TEXT), Optional.of(END_OF_TEXT), false));
        if (definition.knows(END_OF_TEXT)) {
            definition.add(AddedToken.special(END_OF_TEXT));
        }
        return definition;
    }

    private static ArrayNode merges(Path file) {
        ArrayNode merges = TokenizerFiles.JSON.createArrayNode();
        int number = 0;
        for (String line : TokenizerFiles.text(file).split("\r?\n", -1)) {
            number++;
            if (line.isEmpty() || number == 1 && line.startsWith("#version")) {
                continue;
            }
            String[] parts = line.split(" ", -1);
            if (parts.length != 2 || parts[0].isEmpty() || parts[1].isEmpty()) {
                throw new PlumbException(file + ":" + number + ": a merge is two tokens and one space, not '" + line
                        + "'; is this a merges file?");
            }
            merges.addArray().add(parts[0]).add(parts[1]);
        }
        return merges;
    }

    /** A byte-level BPE tokenizer.json that lacks nothing but its {@code pre_tokenizer}. */
    static ObjectNode definition(ObjectNode vocabulary, ArrayNode merges) {
        ObjectNode json = TokenizerFiles.JSON.createObjectNode();
        json.put("version", "1.0");
        json.putArray("added_tokens");
        json.putNull("normalizer");
        json.putNull("post_processor");
        json.set("decoder", byteLevel(false, true));
        ObjectNode model = json.putObject("model");
        model.put("type", "BPE");
        model.putNull("dropout");
        model.putNull("unk_token");
        model.putNull("continuing_subword_prefix");
        model.putNull("end_of_word_suffix");
        model.put("fuse_unk", false);
        model.put("byte_fallback", false);
        model.put("ignore_merges", false);
        model.set("vocab", vocabulary);
        model.set("merges", merges);
        return json;
    }

    static ObjectNode byteLevel(boolean prefixSpace, boolean regex) {
        ObjectNode json = TokenizerFiles.JSON.createObjectNode();
        json.put("type", "ByteLevel");
        json.put("add_prefix_space", prefixSpace);
        json.put("trim_offsets", false);
        json.put("use_regex", regex);
        return json;
    }

    static ObjectNode splitBy(String pattern, boolean prefixSpace) {
        ObjectNode json = TokenizerFiles.JSON.createObjectNode();
        json.put("type", "Sequence");
        ArrayNode parts = json.putArray("pretokenizers");
        ObjectNode split = parts.addObject().put("type", "Split");
        split.putObject("pattern").put("Regex", pattern);
        split.put("behavior", "Isolated").put("invert", false);
        parts.add(byteLevel(prefixSpace, false));
        return json;
    }
}
