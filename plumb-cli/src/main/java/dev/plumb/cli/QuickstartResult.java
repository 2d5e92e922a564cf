package dev.plumb.cli;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * What each stage changed, measured on held-out questions. Both roads begin with the same base model.
 *
 * @param village the base model, after supervised fine-tuning, after preference optimisation
 * @param sums the base model, after supervised fine-tuning on sums, after reinforcement learning
 */
record QuickstartResult(QuickstartRoad village, QuickstartRoad sums) {
    private static final JsonMapper JSON = new JsonMapper();

    /** What did not come out as it should, one sentence each; empty if every stage did its work. */
    List<String> failures() {
        List<String> failures = new ArrayList<>();
        if (!village.gain(1, Merit.RIGHT).better()) {
            failures.add("Supervised fine-tuning did not give significantly more right answers.");
        }
        if (!village.gain(2, Merit.PREFERRED).better()) {
            failures.add("DPO did not give significantly more answers as preferred.");
        }
        if (village.gain(2, Merit.RIGHT).worse()) {
            failures.add("DPO gave significantly fewer right answers.");
        }
        if (!sums.gain(2, Merit.SUM).better()) {
            failures.add("GRPO did not give significantly more right sums.");
        }
        return failures;
    }

    /** The comparisons that the stages were made for, with their tests. */
    List<String> notes() {
        return List.of(
                village.told(1, Merit.RIGHT),
                village.told(2, Merit.PREFERRED),
                village.told(2, Merit.RIGHT),
                sums.told(2, Merit.SUM));
    }

    /** The content of {@code samples.jsonl}. */
    List<ObjectNode> sampleRows(int count) {
        return Stream.concat(village.sampleRows(count).stream(), sums.sampleRows(count).stream())
                .toList();
    }

    /**
     * The content of {@code summary.json}.
     *
     * @param notes further notes
     * @param commands what to do next
     */
    ObjectNode summary(List<String> notes, List<String> commands) {
        ObjectNode summary = JSON.createObjectNode();
        summary.put("title", "Quickstart: a base model, then SFT and DPO, or SFT and GRPO");
        ArrayNode rows = summary.putArray("rows");
        village.summarise(rows);
        sums.summarise(rows);
        ArrayNode all = summary.putArray("notes");
        failures().forEach(all::add);
        notes().forEach(all::add);
        notes.forEach(all::add);
        ArrayNode next = summary.putArray("next_commands");
        commands.forEach(next::add);
        return summary;
    }
}
