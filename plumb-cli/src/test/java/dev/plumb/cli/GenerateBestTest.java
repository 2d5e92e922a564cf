package dev.plumb.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.plumb.hub.Checkpoint;
import dev.plumb.tensor.DType;
import dev.plumb.tensor.Device;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code plumb generate} that has its answers rewarded and writes the best one to each prompt. */
class GenerateBestTest {
    private static final JsonMapper JSON = new JsonMapper();
    private static final int SAMPLES = 6;

    @TempDir
    private static Path folder;

    @BeforeAll
    static void files() throws IOException {
        Path language = TinyModel.write(folder.resolve("model"));
        try (Checkpoint fresh = Checkpoint.loadForScoring(language, Optional.of(DType.FLOAT32), Device.CPU, 3, 1)) {
            fresh.save(folder.resolve("reward"), DType.FLOAT32);
        }
        try (Checkpoint fresh = Checkpoint.loadForClassifying(language, Optional.of(DType.FLOAT32), Device.CPU, 3)) {
            fresh.save(folder.resolve("steps"), DType.FLOAT32);
        }
        Files.writeString(
                folder.resolve("prompts.jsonl"),
                "{\"prompt\": \"the cat\", \"answer\": \"t\"}\n{\"prompt\": \"the dog ran\", \"answer\": \"e\"}\n"
                        + "{\"prompt_ids\": [5, 6, 7], \"answer\": \"c\", \"note\": null}\n");
    }

    /** Lines of the output, and what was said beside them. */
    private record Written(List<JsonNode> rows, String said) {
        List<JsonNode> of(int prompt) {
            return rows.subList(prompt * SAMPLES, (prompt + 1) * SAMPLES);
        }

        double measured(String name) {
            Matcher line = Pattern.compile("(?m)^ +" + Pattern.quote(name) + " +([-0-9.e]+)")
                    .matcher(said);
            assertThat(line.find()).as(name + " in\n" + said).isTrue();
            return Double.parseDouble(line.group(1));
        }
    }

    private static Written generate(String... words) throws IOException {
        List<String> all = new ArrayList<>(List.of(
                "generate",
                "model=" + folder.resolve("model"),
                "prompts=" + folder.resolve("prompts.jsonl"),
                "num_generations=" + SAMPLES,
                "temperature=1",
                "max_new_tokens=12"));
        all.addAll(List.of(words));
        Console console = Console.run(all.toArray(String[]::new));
        assertThat(console.status()).as(console.err()).isEqualTo(Exit.DONE);
        List<JsonNode> rows = new ArrayList<>();
        for (String line : console.out().lines().toList()) {
            rows.add(JSON.readTree(line));
        }
        return new Written(rows, console.err());
    }

    private static double reward(JsonNode row) {
        return row.get("reward").asDouble();
    }

    private static List<JsonNode> picked(Written written) {
        return written.rows().stream()
                .filter(row -> row.get("picked").asBoolean())
                .toList();
    }

    private static double mean(List<JsonNode> rows) {
        return rows.stream().mapToDouble(GenerateBestTest::reward).average().orElseThrow();
    }

    /** Of the same answers without the marks of what was not picked. */
    private static void requireSame(List<JsonNode> few, List<JsonNode> picked) {
        assertThat(few).hasSameSizeAs(picked);
        for (int i = 0; i < few.size(); i++) {
            assertThat(few.get(i).get("ids")).isEqualTo(picked.get(i).get("ids"));
            assertThat(few.get(i).get("sample")).isEqualTo(picked.get(i).get("sample"));
            assertThat(few.get(i).has("picked")).isFalse();
        }
    }

    @Test
    void theBestByFunctionsIsWritten() throws IOException {
        String[] rewards = {
            "reward_funcs=[{name: length, length: {max_tokens: 1, ramp: 20}}, {name: regex, regex: {pattern: a}}]",
            "reward_weights=[1, 0.5]"
        };
        Written all = generate(rewards[0], rewards[1], "write_all=true");
        assertThat(all.rows()).hasSize(3 * SAMPLES);
        for (JsonNode row : all.rows()) {
            assertThat(reward(row))
                    .isCloseTo(
                            row.at("/rewards/length").asDouble()
                                    + row.at("/rewards/regex").asDouble() / 2,
                            within(1e-12));
        }
        for (int prompt = 0; prompt < 3; prompt++) {
            JsonNode best = all.of(prompt).stream()
                    .max(Comparator.comparingDouble(GenerateBestTest::reward)
                            .thenComparingInt(row -> -row.get("ids").size()))
                    .orElseThrow();
            assertThat(all.of(prompt).stream().filter(row -> row.get("picked").asBoolean()))
                    .containsExactly(best);
        }
        Written few = generate(rewards);
        requireSame(few.rows(), picked(all));
        assertThat(few.said()).isEqualTo(all.said()).contains("best_of_n, one of 6 answers to each of 3 prompts");
        assertThat(few.measured("reward, best of 1")).isCloseTo(mean(all.rows()), within(1e-3));
        assertThat(few.measured("reward, best of 6")).isCloseTo(mean(few.rows()), within(1e-3));
        assertThat(few.measured("reward, best of 6")).isGreaterThan(few.measured("reward, best of 2"));
        assertThat(few.measured("regex, best of 1"))
                .isCloseTo(
                        all.rows().stream()
                                .mapToDouble(row -> row.at("/rewards/regex").asDouble())
                                .average()
                                .orElseThrow(),
                        within(1e-3));
        assertThat(few.said()).contains("by 0.9584 nats at most"); // ln 6 - 5/6
    }

    @Test
    void aRewardModelGivesWhatScoreGives() throws IOException {
        Written all = generate("reward_models=[" + folder.resolve("reward") + "]", "write_all=true");
        Path ids = folder.resolve("ids.jsonl");
        List<String> rows = new ArrayList<>();
        for (JsonNode row : all.of(2)) { // whose prompt is given as ids
            rows.add(Json.object()
                    .<com.fasterxml.jackson.databind.node.ObjectNode>set("prompt_ids", row.get("prompt"))
                    .set("completion_ids", row.get("ids"))
                    .toString());
        }
        Files.write(ids, rows);
        Console console = Console.run("score", "model=" + folder.resolve("reward"), "data=" + ids);
        List<String> scored = console.out().lines().toList();
        for (int i = 0; i < SAMPLES; i++) {
            assertThat(reward(all.of(2).get(i)))
                    .isCloseTo(JSON.readTree(scored.get(i)).get("reward").asDouble(), within(1e-5));
        }
        String best = JSON.readTree(scored.get(SAMPLES)).get("best").asText();
        assertThat(best).endsWith(":" + (1 + picked(all).get(2).get("sample").asInt()));
    }

    @Test
    void aProcessRewardModelPicksBySteps() throws IOException {
        String[] words = {
            "process_reward_model=" + folder.resolve("steps"), "process_reward_aggregate=mean", "step_separator=a"
        };
        Written best = generate(words[0], words[1], words[2], "write_all=true");
        assertThat(best.said()).contains("process_reward_model: in answers", "process, best of 6");
        for (int prompt = 0; prompt < 3; prompt++) {
            double most = best.of(prompt).stream()
                    .mapToDouble(GenerateBestTest::reward)
                    .max()
                    .orElseThrow();
            assertThat(reward(picked(best).get(prompt))).isEqualTo(most).isBetween(0.0, 1.0);
        }
        Written vote = generate( // probabilities may weigh votes as they are
                words[0], words[1], words[2], "select=weighted_vote", "answer_pattern=([a-z])[^a-z]*$");
        assertThat(vote.rows()).hasSize(3);
    }

    @Test
    void answersVote() throws IOException {
        String[] words = {"select=majority_vote", "answer_pattern=([a-z])[^a-z]*$", "reward_funcs=[accuracy]"};
        Written all = generate(words[0], words[1], words[2], "write_all=true");
        int won = 0;
        for (int prompt = 0; prompt < 3; prompt++) {
            Map<String, Long> votes = all.of(prompt).stream()
                    .filter(row -> !row.get("answer").isNull())
                    .collect(Collectors.groupingBy(row -> row.get("answer").asText(), Collectors.counting()));
            List<JsonNode> picked = all.of(prompt).stream()
                    .filter(row -> row.get("picked").asBoolean())
                    .toList();
            assertThat(picked).hasSize(1);
            String winner = picked.get(0).get("answer").asText();
            assertThat(votes.get(winner))
                    .isEqualTo(votes.values().stream().max(Long::compare).orElseThrow());
            won += votes.get(winner) > 1 ? 1 : 0;
        }
        assertThat(won).isPositive(); // some answer came twice, or the test shows nothing
        assertThat(all.said())
                .contains("majority_vote, one of 6 answers to each of 3 prompts", "accuracy, all answers")
                .doesNotContain("nats");
        requireSame(generate(words).rows(), picked(all));

        Map<String, String> rules = Map.of(
                "top_vote", "vote_k=3",
                "weighted_vote", "vote_weight=sigmoid");
        Function<JsonNode, Double> weight = row -> 1 / (1 + Math.exp(-reward(row)));
        for (Map.Entry<String, String> rule : rules.entrySet()) {
            Written by = generate(
                    "select=" + rule.getKey(),
                    rule.getValue(),
                    words[1],
                    "reward_models=[" + folder.resolve("reward") + "]",
                    "write_all=true");
            for (int prompt = 0; prompt < 3; prompt++) {
                List<JsonNode> voters = by.of(prompt).stream()
                        .sorted(Comparator.comparingDouble(row -> -reward(row)))
                        .limit(rule.getKey().equals("top_vote") ? 3 : SAMPLES)
                        .filter(row -> !row.get("answer").isNull())
                        .toList();
                Map<String, Double> sums = voters.stream()
                        .collect(Collectors.groupingBy(
                                row -> row.get("answer").asText(),
                                Collectors.summingDouble(
                                        row -> rule.getKey().equals("top_vote") ? 1 : weight.apply(row))));
                double most = sums.values().stream().max(Double::compare).orElseThrow();
                String winner = by.of(prompt).stream()
                        .filter(row -> row.get("picked").asBoolean())
                        .findFirst()
                        .orElseThrow()
                        .get("answer")
                        .asText();
                assertThat(sums.get(winner)).isEqualTo(most);
            }
        }
    }

    @Test
    void whatCannotBePickedIsNotWrittenButSaid() throws IOException {
        Written unread = generate("select=majority_vote");
        assertThat(unread.rows()).isEmpty();
        assertThat(unread.said())
                .contains(
                        "In 18 of 18 answers no final answer was found", "To 3 of 3 prompts no answer could be picked");
        Written unrewarded = generate("reward_funcs=[{name: accuracy, accuracy: {columns: [gold]}}]");
        assertThat(unrewarded.rows()).isEmpty();
        assertThat(unrewarded.said())
                .contains("18 answers have no reward", "To 3 of 3 prompts no answer could be picked");
    }

    @Test
    void oneAnswerIsRewardedWithoutAChoice() throws IOException {
        Written one = generate("num_generations=1", "reward_funcs=[{name: length, length: {max_tokens: 1}}]");
        assertThat(one.rows()).hasSize(3).allMatch(row -> row.has("reward") && !row.has("picked"));
        assertThat(one.measured("length")).isCloseTo(mean(one.rows()), within(1e-3));
        assertThat(one.said()).contains("1 answer to each of 3 prompts").doesNotContain("best of", "nats");
    }

    @Test
    void onTheTerminalTheBestIsShown() {
        Console console = Console.run(
                "generate",
                "model=" + folder.resolve("model"),
                "prompt=the cat",
                "num_generations=4",
                "temperature=1",
                "max_new_tokens=6",
                "reward_funcs=[{name: regex, regex: {pattern: a}}]");
        assertThat(console.status()).isEqualTo(Exit.DONE);
        assertThat(console.out()).containsOnlyOnce("--- ").contains("\"reward\":");
        assertThat(console.err()).contains("no interval from one prompt");
    }

    @Test
    void weightsOfVotesAreFromZeroToOne() {
        Console console = Console.run(
                "generate",
                "model=" + folder.resolve("model"),
                "prompts=" + folder.resolve("prompts.jsonl"),
                "num_generations=2",
                "temperature=1",
                "max_new_tokens=6",
                "select=weighted_vote",
                "reward_funcs=[{name: length, weight: 3}]");
        assertThat(console.status()).isEqualTo(Exit.FAULT);
        assertThat(console.err())
                .contains("prompts.jsonl:1: an answer earns 3.0, and select=weighted_vote takes rewards from 0 to 1");
    }
}
