package dev.plumb.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/**
 * What is put around a document when special tokens are asked for.
 *
 * @param before ids in front of the text
 * @param after ids behind it
 */
record DocumentFrame(List<Integer> before, List<Integer> after) {
    DocumentFrame {
        before = List.copyOf(before);
        after = List.copyOf(after);
    }

    /** Reads the {@code post_processor} of a tokenizer.json; kinds that add nothing give an empty frame. */
    static DocumentFrame of(JsonNode postProcessor) {
        List<Integer> before = new ArrayList<>();
        List<Integer> after = new ArrayList<>();
        collect(postProcessor, before, after);
        return new DocumentFrame(before, after);
    }

    private static void collect(JsonNode processor, List<Integer> before, List<Integer> after) {
        switch (processor.path("type").asText()) {
            case "Sequence" ->
                processor.path("processors").forEach(part -> {
                    List<Integer> inner = new ArrayList<>();
                    collect(part, inner, after);
                    before.addAll(0, inner);
                });
            case "TemplateProcessing" -> {
                List<Integer> opening = new ArrayList<>();
                List<Integer> current = opening;
                for (JsonNode piece : processor.path("single")) {
                    if (piece.has("Sequence")) {
                        current = after;
                        continue;
                    }
                    String token = piece.path("SpecialToken").path("id").asText();
                    for (JsonNode id :
                            processor.path("special_tokens").path(token).path("ids")) {
                        current.add(id.asInt());
                    }
                }
                before.addAll(0, opening);
            }
            case "BertProcessing", "RobertaProcessing" -> {
                before.add(0, processor.path("cls").path(1).asInt());
                after.add(processor.path("sep").path(1).asInt());
            }
            default -> {}
        }
    }
}
