package dev.plumb.train;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Three solutions to each of some problems, in one to three lines. A storm makes a step bad, and with it the solution. */
final class Solutions {
    private static final String[] WORDS = {"the", "lamp", "boat", "night", "grey", "sea", "keeper", "old"};

    private Solutions() {}

    /** Writes stepwise.jsonl, where steps have labels, outcomes.jsonl, where solutions have, and told.jsonl without any. */
    static void write(Path folder) {
        Random random = new Random(11);
        List<String> stepwise = new ArrayList<>();
        List<String> outcomes = new ArrayList<>();
        List<String> told = new ArrayList<>();
        JsonMapper json = new JsonMapper();
        for (int row = 0; row < 240; row++) {
            String problem = "row " + row / 3;
            ObjectNode solution = json.createObjectNode().put("prompt", problem);
            ArrayNode steps = solution.putArray("completions");
            ArrayNode labels = solution.putArray("labels");
            boolean right = true;
            StringBuilder text = new StringBuilder();
            for (int step = 0; step < 1 + row % 3; step++) {
                boolean good = random.nextInt(3) > 0;
                right &= good;
                String said = sentence(random, good ? "harbour" : "storm");
                steps.add(said);
                labels.add(good);
                text.append(said).append('\n');
            }
            stepwise.add(solution.toString());
            outcomes.add(json.createObjectNode()
                    .put("question", problem)
                    .put("solution", " " + text)
                    .put("is_correct", right)
                    .toString());
            told.add(json.createObjectNode()
                    .put("prompt", problem)
                    .put("completion", "\n" + text)
                    .toString());
        }
        try {
            Files.write(folder.resolve("stepwise.jsonl"), stepwise);
            Files.write(folder.resolve("outcomes.jsonl"), outcomes);
            Files.write(folder.resolve("told.jsonl"), told);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String sentence(Random random, String word) {
        StringBuilder out = new StringBuilder();
        int at = random.nextInt(3);
        for (int i = 0; i < 3; i++) {
            out.append(i == 0 ? "" : " ").append(i == at ? word : WORDS[random.nextInt(WORDS.length)]);
        }
        return out.toString();
    }
}
