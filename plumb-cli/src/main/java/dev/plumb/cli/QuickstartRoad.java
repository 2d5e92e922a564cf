package dev.plumb.cli;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.plumb.evaluate.PairedOutcomes;
import dev.plumb.evaluate.Proportion;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Models of which each was made from the one before it, with their answers to one exam.
 *
 * @param exam the questions
 * @param stages the models in their order
 */
record QuickstartRoad(Exam exam, List<Stage> stages) {
    private static final JsonMapper JSON = new JsonMapper();

    /**
     * A model and its answers.
     *
     * @param name the model's name for people
     * @param answers one for each question
     */
    record Stage(String name, List<Exam.Answer> answers) {
        /** How many answers have a merit. */
        Proportion share(Merit merit) {
            return Proportion.of(outcomes(merit));
        }

        private List<Boolean> outcomes(Merit merit) {
            return answers.stream()
                    .map(answer -> answer.merits().contains(merit))
                    .toList();
        }
    }

    /** Copies the stages. */
    QuickstartRoad {
        stages = List.copyOf(stages);
    }

    /** How a model's answers differ from those of the one before it. */
    PairedOutcomes gain(int stage, Merit merit) {
        return PairedOutcomes.of(
                stages.get(stage - 1).outcomes(merit), stages.get(stage).outcomes(merit));
    }

    /** The same in words. */
    String told(int stage, Merit merit) {
        PairedOutcomes paired = gain(stage, merit);
        String p = paired.pValue() < 1e-4 ? "p < 0.0001" : String.format(Locale.ROOT, "p = %.4f", paired.pValue());
        String verdict = paired.better() ? "better" : paired.worse() ? "worse" : "no evidence of a difference";
        return stages.get(stage).name() + " against " + stages.get(stage - 1).name() + ", " + merit.title() + ": "
                + verdict + " (" + paired.gained() + " questions gained, " + paired.lost()
                + " lost; exact McNemar test, " + p + ").";
    }

    /** The table for a terminal. */
    String table() {
        StringBuilder table = new StringBuilder(String.format("%-40s", "held-out questions, n = " + size()));
        stages.forEach(stage -> table.append(String.format("%20s", stage.name())));
        for (Merit merit : exam.merits()) {
            table.append(String.format("%n%-40s", merit.title()));
            for (Stage stage : stages) {
                table.append(String.format("%20s", cell(stage.share(merit))));
            }
            table.append(String.format("%n  %s", merit.note()));
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

    /** Places of some questions, spread over the exam. */
    private List<Integer> some(int count) {
        int shown = Math.min(count, size());
        List<Integer> places = new ArrayList<>();
        for (int i = 0; i < shown; i++) {
            places.add(i * size() / shown);
        }
        return places;
    }

    /** Questions with the answers of all stages, for a terminal. */
    String samples(int count) {
        StringBuilder samples = new StringBuilder();
        for (int place : some(count)) {
            Question question = exam.questions().get(place);
            samples.append(String.format("%s   (true: %s)%n", question.text(), question.truth()));
            for (Stage stage : stages) {
                samples.append(String.format(
                        "  %-12s %s%n", stage.name(), stage.answers().get(place).text()));
            }
        }
        return samples.toString();
    }

    /** Questions with the answers of all stages, as {@code samples.jsonl} has them. */
    List<ObjectNode> sampleRows(int count) {
        List<ObjectNode> rows = new ArrayList<>();
        for (int place : some(count)) {
            for (int stage = 0; stage < stages.size(); stage++) {
                Exam.Answer answer = stages.get(stage).answers().get(place);
                ObjectNode row = JSON.createObjectNode();
                row.put("step", stage);
                row.put("stage", stages.get(stage).name());
                row.put("prompt", exam.questions().get(place).text());
                row.put("completion", answer.text());
                ObjectNode scores = row.putObject("scores");
                exam.merits()
                        .forEach(merit ->
                                scores.put(merit.title(), answer.merits().contains(merit) ? 1 : 0));
                rows.add(row);
            }
        }
        return rows;
    }

    /** Puts a row for each merit into {@code summary.json}. */
    void summarise(ArrayNode rows) {
        for (Merit merit : exam.merits()) {
            ObjectNode row = rows.addObject();
            row.put("name", merit.title() + ", %");
            row.put("note", merit.note() + "; " + size() + " held-out questions, Wilson 95 % intervals");
            ArrayNode values = row.putArray("values");
            for (Stage stage : stages) {
                Proportion share = stage.share(merit);
                values.addObject()
                        .put("label", stage.name())
                        .put("value", 100 * share.value())
                        .put("low", 100 * share.low())
                        .put("high", 100 * share.high());
            }
        }
    }
}
