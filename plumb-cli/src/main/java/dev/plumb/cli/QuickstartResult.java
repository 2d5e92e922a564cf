package dev.plumb.cli;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.plumb.evaluate.PairedOutcomes;
import dev.plumb.evaluate.Proportion;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;

/**
 * What each stage changed, measured on the same held-out questions.
 *
 * @param exam the questions
 * @param stages the base model, after supervised fine-tuning, after preference optimisation
 */
record QuickstartResult(Exam exam, List<Stage> stages) {
    private static final JsonMapper JSON = new JsonMapper();

    /**
     * A model and its answers.
     *
     * @param name the model's name for people
     * @param answers one for each question
     */
    record Stage(String name, List<Exam.Answer> answers) {
        /** How many answers have a quality. */
        Proportion share(Measure measure) {
            return Proportion.of(outcomes(measure));
        }

        private List<Boolean> outcomes(Measure measure) {
            return answers.stream().map(measure.test::test).toList();
        }
    }

    /** What is measured. */
    enum Measure {
        /** Whether the answer is true. */
        RIGHT("right answers", "the asked fact, no other, and an end", Exam.Answer::right),
        /** Whether the answer is given as preferred. */
        PREFERRED("answers as preferred", "one sentence that names the right book", Exam.Answer::preferred);

        private final String title;
        private final String note;
        private final Predicate<Exam.Answer> test;

        Measure(String title, String note, Predicate<Exam.Answer> test) {
            this.title = title;
            this.note = note;
            this.test = test;
        }

        String note() {
            return note;
        }

        String title() {
            return title;
        }
    }

    /** Copies the stages. */
    QuickstartResult {
        stages = List.copyOf(stages);
    }

    /** What did not come out as it should, one sentence each; empty if every stage did its work. */
    List<String> failures() {
        List<String> failures = new ArrayList<>();
        if (!compared(0, 1, Measure.RIGHT).better()) {
            failures.add("Supervised fine-tuning did not give significantly more right answers.");
        }
        if (!compared(1, 2, Measure.PREFERRED).better()) {
            failures.add("DPO did not give significantly more answers as preferred.");
        }
        if (compared(1, 2, Measure.RIGHT).worse()) {
            failures.add("DPO gave significantly fewer right answers.");
        }
        return failures;
    }

    private PairedOutcomes compared(int before, int after, Measure measure) {
        return PairedOutcomes.of(
                stages.get(before).outcomes(measure), stages.get(after).outcomes(measure));
    }

    /** The comparisons that the stages were made for, with their tests. */
    List<String> notes() {
        return List.of(
                "SFT against base, right answers: " + difference(compared(0, 1, Measure.RIGHT)),
                "DPO against SFT, answers as preferred: " + difference(compared(1, 2, Measure.PREFERRED)),
                "DPO against SFT, right answers: " + difference(compared(1, 2, Measure.RIGHT)));
    }

    private static String difference(PairedOutcomes paired) {
        String p = paired.pValue() < 1e-4 ? "p < 0.0001" : String.format(Locale.ROOT, "p = %.4f", paired.pValue());
        String verdict = paired.better() ? "better" : paired.worse() ? "worse" : "no evidence of a difference";
        return verdict + " (" + paired.gained() + " questions gained, " + paired.lost() + " lost; exact McNemar test, "
                + p + ").";
    }

    /** The table for a terminal. */
    String table() {
        StringBuilder table = new StringBuilder(String.format("%-40s", "held-out questions, n = " + size()));
        stages.forEach(stage -> table.append(String.format("%20s", stage.name())));
        for (Measure measure : Measure.values()) {
            table.append(String.format("%n%-40s", measure.title));
            for (Stage stage : stages) {
                table.append(String.format("%20s", cell(stage.share(measure))));
            }
            table.append(String.format("%n  %s", measure.note));
        }
        return table.toString();
    }

    private static String cell(Proportion share) {
        return String.format(
                Locale.ROOT, "%.0f %% [%.0f, %.0f]", 100 * share.value(), 100 * share.low(), 100 * share.high());
    }

    private int size() {
        return exam.questions().size();
    }

    /** Questions with the answers of all stages, for a terminal. */
    String samples(int count) {
        StringBuilder samples = new StringBuilder();
        for (int i = 0; i < Math.min(count, size()); i++) {
            Exam.Question question = exam.questions().get(i * size() / count);
            samples.append(String.format(
                    "%s   (true: %s)%n", question.text(), question.fact().statement()));
            for (Stage stage : stages) {
                samples.append(String.format(
                        "  %-12s %s%n",
                        stage.name(), stage.answers().get(i * size() / count).text()));
            }
        }
        return samples.toString();
    }

    /** The content of {@code samples.jsonl}. */
    List<ObjectNode> sampleRows(int count) {
        List<ObjectNode> rows = new ArrayList<>();
        for (int i = 0; i < Math.min(count, size()); i++) {
            int question = i * size() / count;
            for (int stage = 0; stage < stages.size(); stage++) {
                Exam.Answer answer = stages.get(stage).answers().get(question);
                ObjectNode row = JSON.createObjectNode();
                row.put("step", stage);
                row.put("stage", stages.get(stage).name());
                row.put("prompt", exam.questions().get(question).text());
                row.put("completion", answer.text());
                row.putObject("scores")
                        .put("right", answer.right() ? 1 : 0)
                        .put("as preferred", answer.preferred() ? 1 : 0);
                rows.add(row);
            }
        }
        return rows;
    }

    /**
     * The content of {@code summary.json}.
     *
     * @param notes further notes
     * @param commands what to do next
     */
    ObjectNode summary(List<String> notes, List<String> commands) {
        ObjectNode summary = JSON.createObjectNode();
        summary.put("title", "Quickstart: a base model, then SFT, then DPO");
        ArrayNode rows = summary.putArray("rows");
        for (Measure measure : Measure.values()) {
            ObjectNode row = rows.addObject();
            row.put("name", measure.title + ", %");
            row.put("note", measure.note + "; " + size() + " held-out questions, Wilson 95 % intervals");
            ArrayNode values = row.putArray("values");
            for (Stage stage : stages) {
                Proportion share = stage.share(measure);
                values.addObject()
                        .put("label", stage.name())
                        .put("value", 100 * share.value())
                        .put("low", 100 * share.low())
                        .put("high", 100 * share.high());
            }
        }
        ArrayNode all = summary.putArray("notes");
        failures().forEach(all::add);
        notes().forEach(all::add);
        notes.forEach(all::add);
        ArrayNode next = summary.putArray("next_commands");
        commands.forEach(next::add);
        return summary;
    }
}
