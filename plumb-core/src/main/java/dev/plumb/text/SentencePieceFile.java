package dev.plumb.text;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.plumb.text.SentencePieceModel.Algorithm;
import dev.plumb.text.SentencePieceModel.Kind;
import dev.plumb.text.SentencePieceModel.Piece;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A SentencePiece model as the content of a tokenizer.json.
 *
 * <p>Like the reference, except where text spells a control piece such as {@code <s>}: it becomes that piece, as with
 * every other tokenizer here.
 */
final class SentencePieceFile {
    private static final String SPACE = "\u2581";

    /** Lower than any real score, so that pieces which text must not become are never on the best path. */
    private static final double NEVER = -1e6;

    private record Merge(String left, String right, float score, int id, int leftId) {}

    private SentencePieceFile() {}

    static TokenizerDefinition read(Path file, byte[] content, TokenizerConfig config) {
        SentencePieceModel model = SentencePieceModel.read(file, content);
        // Hugging Face puts the space of the prefix before every part between special tokens, unless "legacy" is false.
        boolean onlyFirst = model.dummyPrefix() && !config.flag("legacy").orElse(true);

        ObjectNode json = TokenizerFiles.JSON.createObjectNode();
        json.put("version", "1.0");
        json.putArray("added_tokens");
        json.set("normalizer", normalizer(model, onlyFirst));
        json.set("pre_tokenizer", onlyFirst ? prefixOfFirst() : null);
        json.putNull("post_processor");
        json.set("decoder", decoder(model));
        json.set("model", model.algorithm() == Algorithm.UNIGRAM ? unigram(model) : bytePair(model));
        TokenizerDefinition definition =
                new TokenizerDefinition(json, file, new TokenizerDefinition.Defaults(model.bos(), model.eos(), true));
        for (Piece piece : model.pieces()) {
            switch (piece.kind()) {
                case UNKNOWN, CONTROL -> definition.add(AddedToken.special(piece.text()));
                case USER_DEFINED -> definition.add(AddedToken.plain(piece.text(), true));
                case NORMAL, UNUSED, BYTE -> {}
            }
        }
        return definition;
    }

    private static ObjectNode normalizer(SentencePieceModel model, boolean onlyFirst) {
        ObjectNode sequence = TokenizerFiles.JSON.createObjectNode().put("type", "Sequence");
        ArrayNode steps = sequence.putArray("normalizers");
        if (model.charsmap().length > 0) {
            String rules = Base64.getEncoder().encodeToString(model.charsmap());
            steps.addObject().put("type", "Precompiled").put("precompiled_charsmap", rules);
        }
        if (model.trims()) {
            // The runtime puts no prefix before a text that begins with a space, nor one before which it cut spaces
            // off.
            replace(steps, "Regex", onlyFirst ? " +\\z" : "\\A +| +\\z", "");
            replace(steps, "Regex", " {2,}", " ");
        }
        if (model.dummyPrefix() && !onlyFirst) {
            replace(steps, "Regex", "\\A(?!\\z" + userDefined(model) + ")", " ");
        }
        if (model.escapesSpaces()) {
            replace(steps, "String", " ", SPACE);
        }
        return sequence;
    }

    /** The runtime normalizes user-defined pieces too, before it looks for them: they must not get the prefix. */
    private static String userDefined(SentencePieceModel model) {
        StringBuilder pattern = new StringBuilder();
        for (Piece piece : model.pieces()) {
            if (piece.kind() == Kind.USER_DEFINED) {
                pattern.append('|');
                piece.text().codePoints().forEach(c -> pattern.append(String.format("\\x{%X}", c)));
                pattern.append("\\z");
            }
        }
        return pattern.toString();
    }

    private static void replace(ArrayNode steps, String kind, String pattern, String content) {
        ObjectNode step = steps.addObject().put("type", "Replace");
        step.putObject("pattern").put(kind, pattern);
        step.put("content", content);
    }

    private static ObjectNode prefixOfFirst() {
        ObjectNode json = TokenizerFiles.JSON.createObjectNode().put("type", "Metaspace");
        json.put("replacement", SPACE);
        json.put("prepend_scheme", "first");
        json.put("split", false);
        return json;
    }

    private static ObjectNode decoder(SentencePieceModel model) {
        ObjectNode sequence = TokenizerFiles.JSON.createObjectNode().put("type", "Sequence");
        ArrayNode steps = sequence.putArray("decoders");
        replace(steps, "String", SPACE, " ");
        steps.addObject().put("type", "ByteFallback");
        steps.addObject().put("type", "Fuse");
        if (model.dummyPrefix()) {
            ObjectNode strip = steps.addObject().put("type", "Strip");
            strip.put("content", " ").put("start", 1).put("stop", 0);
        }
        return sequence;
    }

    private static ObjectNode unigram(SentencePieceModel model) {
        ObjectNode json = TokenizerFiles.JSON.createObjectNode().put("type", "Unigram");
        ArrayNode vocabulary = TokenizerFiles.JSON.createArrayNode();
        for (int id = 0; id < model.pieces().size(); id++) {
            Piece piece = model.pieces().get(id);
            boolean found = piece.kind() == Kind.NORMAL || piece.kind() == Kind.USER_DEFINED;
            vocabulary.addArray().add(piece.text()).add(found ? (double) piece.score() : NEVER);
            if (piece.kind() == Kind.UNKNOWN) {
                json.put("unk_id", id);
            }
        }
        json.put("byte_fallback", model.byteFallback());
        json.set("vocab", vocabulary);
        return json;
    }

    private static ObjectNode bytePair(SentencePieceModel model) {
        ObjectNode json = TokenizerFiles.JSON.createObjectNode().put("type", "BPE");
        Map<String, Integer> joinable = new LinkedHashMap<>();
        ObjectNode vocabulary = TokenizerFiles.JSON.createObjectNode();
        for (int id = 0; id < model.pieces().size(); id++) {
            Piece piece = model.pieces().get(id);
            vocabulary.put(piece.text(), id);
            switch (piece.kind()) {
                case NORMAL, USER_DEFINED -> joinable.put(piece.text(), id);
                case UNKNOWN -> json.put("unk_token", piece.text());
                case CONTROL, UNUSED, BYTE -> {}
            }
        }
        json.put("fuse_unk", true);
        json.put("byte_fallback", model.byteFallback());
        json.put("ignore_merges", false);
        json.set("vocab", vocabulary);
        ArrayNode merges = json.putArray("merges");
        for (Merge merge : merges(model, joinable)) {
            merges.addArray().add(merge.left).add(merge.right);
        }
        return json;
    }

    /** SentencePiece joins the neighbours whose joined piece scores highest: as merges, every split of every piece. */
    private static List<Merge> merges(SentencePieceModel model, Map<String, Integer> joinable) {
        List<Merge> merges = new ArrayList<>();
        joinable.forEach((text, id) -> {
            for (int cut = text.offsetByCodePoints(0, 1); cut < text.length(); cut = text.offsetByCodePoints(cut, 1)) {
                Integer left = joinable.get(text.substring(0, cut));
                if (left != null && joinable.containsKey(text.substring(cut))) {
                    float score = model.pieces().get(id).score();
                    merges.add(new Merge(text.substring(0, cut), text.substring(cut), score, id, left));
                }
            }
        });
        merges.sort(Comparator.comparingDouble((Merge merge) -> -merge.score)
                .thenComparingInt(Merge::id)
                .thenComparingInt(Merge::leftId));
        return merges;
    }
}
