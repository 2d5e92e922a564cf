package dev.plumb.train;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The answers to the same prompts side by side: at the first and the last sampling, or, where samples name the {@code stage}
 * of a recipe that they are from, at every stage.
 */
final class Answers {
    private static final int IN_SIGHT = 6;

    private record Answer(String stage, String text, String chips) {}

    /** By prompt, then by step. */
    private final Map<String, TreeMap<Long, List<Answer>>> byPrompt = new LinkedHashMap<>();

    Answers(List<JsonNode> samples) {
        for (JsonNode sample : samples) {
            byPrompt.computeIfAbsent(text(sample.path("prompt")), prompt -> new TreeMap<>())
                    .computeIfAbsent(sample.path("step").asLong(0), step -> new ArrayList<>())
                    .add(new Answer(
                            sample.path("stage").asText(""),
                            text(sample.path("completion")),
                            chips(sample.path("scores"))));
        }
    }

    /** Answers that single steps learnt from: of up to six steps, the last one open. */
    static String bySteps(List<JsonNode> completions) {
        TreeMap<Long, List<JsonNode>> steps = new TreeMap<>();
        completions.forEach(one -> steps.computeIfAbsent(one.path("step").asLong(0), step -> new ArrayList<>())
                .add(one));
        List<Long> all = List.copyOf(steps.keySet());
        return IntStream.range(0, Math.min(IN_SIGHT, all.size()))
                .map(i -> all.size() <= IN_SIGHT ? i : i * (all.size() - 1) / (IN_SIGHT - 1))
                .mapToObj(i -> step(all.get(i), steps.get(all.get(i)), i == all.size() - 1))
                .collect(Collectors.joining());
    }

    private static String step(long step, List<JsonNode> completions, boolean open) {
        double reward = completions.stream()
                .mapToDouble(one -> one.path("scores").path("reward").asDouble(Double.NaN))
                .filter(Double::isFinite)
                .average()
                .orElse(Double.NaN);
        return (open ? "<details open>" : "<details>") + "<summary>Step " + Html.grouped(step)
                + (Double.isNaN(reward) ? "" : ", mean reward of these " + Html.number(reward)) + "</summary>"
                + new Answers(completions).html()
                + "</details>";
    }

    boolean isEmpty() {
        return byPrompt.isEmpty();
    }

    String html() {
        List<String> blocks = byPrompt.entrySet().stream()
                .map(entry -> block(entry.getKey(), entry.getValue()))
                .toList();
        String shown = String.join("", blocks.subList(0, Math.min(IN_SIGHT, blocks.size())));
        if (blocks.size() <= IN_SIGHT) {
            return shown;
        }
        List<String> more = blocks.subList(IN_SIGHT, blocks.size());
        return shown + "<details><summary>" + more.size() + " more</summary>" + String.join("", more) + "</details>";
    }

    private static String block(String prompt, TreeMap<Long, List<Answer>> steps) {
        StringBuilder html = new StringBuilder("<article class=\"sample\"><h3 class=\"prompt\">")
                .append(Html.escape(prompt.strip()))
                .append("</h3><div class=\"sides\">");
        StringBuilder between = new StringBuilder();
        steps.forEach((step, answers) -> {
            boolean first = step.equals(steps.firstKey());
            boolean last = step.equals(steps.lastKey());
            boolean inSight = first || last || !answers.get(0).stage().isEmpty();
            (inSight ? html : between)
                    .append(side(step, answers, last && !first ? "last" : first && !last ? "first" : ""));
        });
        html.append("</div>");
        if (!between.isEmpty()) {
            html.append("<details><summary>Between</summary><div class=\"sides\">")
                    .append(between)
                    .append("</div></details>");
        }
        return html.append("</article>").toString();
    }

    private static String side(long step, List<Answer> answers, String kind) {
        String stage = answers.get(0).stage();
        String when =
                !stage.isEmpty() ? Html.escape(stage) : step == 0 ? "Before training" : "Step " + Html.grouped(step);
        StringBuilder html = new StringBuilder("<section class=\"" + kind + "\"><h4>" + when + "</h4>");
        for (Answer answer : answers) {
            html.append("<p class=\"answer\">")
                    .append(
                            answer.text().isBlank()
                                    ? "<span class=\"dim\">(empty)</span>"
                                    : Html.escape(answer.text().strip()))
                    .append("</p>")
                    .append(answer.chips());
        }
        return html.append("</section>").toString();
    }

    /** Text as it is; a conversation as one line for each message. */
    private static String text(JsonNode node) {
        if (!node.isArray()) {
            return node.asText();
        }
        StringBuilder text = new StringBuilder();
        for (JsonNode message : node) {
            text.append(message.path("role").asText("?"))
                    .append(": ")
                    .append(message.path("content").asText())
                    .append('\n');
        }
        return text.toString();
    }

    /** The names and numbers of an object as short marks. */
    private static String chips(JsonNode scores) {
        StringBuilder html = new StringBuilder();
        for (Map.Entry<String, JsonNode> score : scores.properties()) {
            double value = score.getValue().asDouble(Double.NaN);
            html.append("<span class=\"chip\">")
                    .append(Html.escape(score.getKey()))
                    .append(" <b>")
                    .append(Html.number(value))
                    .append("</b></span>");
        }
        return html.toString();
    }
}
