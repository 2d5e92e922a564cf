package dev.plumb.reward;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.plumb.Shared;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;

/** The verdicts on real solutions of GSM8K, against those that the data set came with. */
class Gsm8kTest {
    private static final List<String> MODELS =
            List.of("6b_finetuning", "6b_verification", "175b_finetuning", "175b_verification");

    @Test
    void everyVerdictOfTheDataSetIsReproduced() throws IOException {
        AccuracyReward reward = new AccuracyReward(new AccuracyReward.Config(
                List.of("ground_truth"), Optional.of("(?m)^A:(.*)$"), false, false, 1, 0, 0, List.of()));
        List<String> differing = new ArrayList<>();
        int[] correct = new int[MODELS.size()];
        int rows = 0;
        for (JsonNode row : rows(Shared.folder("data/gsm8k/model_solutions.jsonl.gz"))) {
            Map<String, Object> gold =
                    Map.of("ground_truth", row.get("ground_truth").asText());
            for (int i = 0; i < MODELS.size(); i++) {
                JsonNode solution = row.get(MODELS.get(i));
                double score = reward.score(Inputs.of(solution.get("solution").asText(), gold))
                        .value()
                        .orElseThrow();
                correct[i] += score == 1 ? 1 : 0;
                if (score == 1 != solution.get("is_correct").asBoolean()) {
                    differing.add(row.get("ground_truth").asText() + " <> "
                            + solution.get("solution").asText());
                }
            }
            rows++;
        }
        assertThat(rows).isEqualTo(660);
        assertThat(differing).isEmpty();
        assertThat(correct).containsExactly(145, 257, 211, 373); // counted by the data set's own flags
    }

    @Test
    void everySolutionOfTheTrainingSetIsItsOwnRightAnswer() throws IOException {
        AccuracyReward reward = new AccuracyReward(AccuracyReward.Config.byDefault());
        int rows = 0;
        for (JsonNode row : rows(Shared.folder("data/gsm8k/train.jsonl.gz"))) {
            String solution = row.get("answer").asText();
            String number = solution.substring(solution.lastIndexOf("####") + 4).strip();
            Map<String, Object> gold = Map.of("answer", solution);
            assertThat(reward.score(Inputs.of(solution, gold)).value()).hasValue(1);
            assertThat(reward.score(Inputs.of("So it is \\boxed{" + number + "}.", gold))
                            .value())
                    .hasValue(1);
            assertThat(reward.score(Inputs.of("The answer is $" + number + "1.", gold))
                            .value())
                    .hasValue(0);
            rows++;
        }
        assertThat(rows).isEqualTo(7473);
    }

    private static List<JsonNode> rows(Path file) throws IOException {
        JsonMapper json = new JsonMapper();
        List<JsonNode> rows = new ArrayList<>();
        try (BufferedReader lines = new BufferedReader(
                new InputStreamReader(new GZIPInputStream(Files.newInputStream(file)), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                rows.add(json.readTree(line));
            }
        }
        return rows;
    }
}
