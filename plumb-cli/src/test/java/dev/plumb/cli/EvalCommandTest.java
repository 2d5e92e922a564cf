package dev.plumb.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code plumb eval}: its numbers are those that {@code score} gives row by row, and wrong words are explained. */
class EvalCommandTest {
    private static final JsonMapper JSON = new JsonMapper();

    @TempDir
    private static Path folder;

    @BeforeAll
    static void files() throws IOException {
        TinyModel.write(folder.resolve("model"));
        List<Map<String, String>> pairs = List.of(
                Map.of("prompt", "the cat", "chosen", " sat", "rejected", " ran to the mat"),
                Map.of("prompt", "the cat", "chosen", " sat on the mat", "rejected", " ran"),
                Map.of("prompt", "the dog ran", "chosen", " on", "rejected", " to"));
        write("pairs.jsonl", pairs);
        write(
                "chosen.jsonl",
                pairs.stream()
                        .map(pair -> Map.of("prompt", pair.get("prompt"), "completion", pair.get("chosen")))
                        .toList());
        write(
                "rejected.jsonl",
                pairs.stream()
                        .map(pair -> Map.of("prompt", pair.get("prompt"), "completion", pair.get("rejected")))
                        .toList());
    }

    private static void write(String name, List<Map<String, String>> rows) throws IOException {
        StringBuilder text = new StringBuilder();
        for (Map<String, String> row : rows) {
            text.append(JSON.writeValueAsString(row)).append('\n');
        }
        Files.writeString(folder.resolve(name), text);
    }

    private static JsonNode eval(String... words) throws IOException {
        Path output = folder.resolve("report.json");
        Files.deleteIfExists(output);
        List<String> all = new ArrayList<>(List.of("eval", "model=" + folder.resolve("model"), "output=" + output));
        all.addAll(List.of(words));
        Console console = Console.run(all.toArray(String[]::new));
        assertThat(console.status()).as(console.err()).isZero();
        return JSON.readTree(Files.readString(output));
    }

    private static List<JsonNode> scores(String name) throws IOException {
        Console console = Console.run("score", "model=" + folder.resolve("model"), "data=" + folder.resolve(name));
        assertThat(console.status()).as(console.err()).isZero();
        List<JsonNode> rows = new ArrayList<>();
        for (String line : console.out().lines().toList()) {
            rows.add(JSON.readTree(line));
        }
        return rows;
    }

    @Test
    void perplexityIsThatOfTheScores() throws IOException {
        JsonNode all = eval("data=" + folder.resolve("chosen.jsonl")).path("all rows");
        double sum = 0;
        double tokens = 0;
        for (JsonNode row : scores("chosen.jsonl")) {
            sum -= row.path("sum").doubleValue();
            tokens += row.path("tokens").doubleValue();
        }
        assertThat(all.path("loss").path("value").doubleValue()).isCloseTo(sum / tokens, within(1e-6));
        assertThat(all.path("perplexity").path("value").doubleValue()).isCloseTo(Math.exp(sum / tokens), within(1e-4));
        assertThat(all.path("loss").path("prompts").intValue()).isEqualTo(2);
    }

    @Test
    void pairsAreOrderedAsTheirScoresAre() throws IOException {
        JsonNode all = eval("data=" + folder.resolve("pairs.jsonl")).path("all rows");
        List<JsonNode> chosen = scores("chosen.jsonl");
        List<JsonNode> rejected = scores("rejected.jsonl");
        double right = 0;
        double margin = 0;
        for (int i = 0; i < chosen.size(); i++) {
            double ahead = chosen.get(i).path("sum").doubleValue()
                    - rejected.get(i).path("sum").doubleValue();
            margin += ahead / 3;
            right += ahead > 0 ? 1.0 / 3 : 0;
        }
        assertThat(all.path("logps/margins").path("value").doubleValue()).isCloseTo(margin, within(1e-4));
        assertThat(all.path("logps/accuracies").path("value").doubleValue()).isCloseTo(right, within(1e-9));
        assertThat(all.path("longer_is_chosen").path("value").doubleValue()).isBetween(0.3, 0.7);
    }

    @Test
    void againstItselfAModelHasLearntNothing() throws IOException {
        JsonNode report = eval("data=" + folder.resolve("pairs.jsonl"), "reference=" + folder.resolve("model"));
        JsonNode all = report.path("all rows");
        assertThat(all.path("rewards/accuracies").path("value").doubleValue()).isEqualTo(0.5);
        assertThat(all.path("nll").path("value").doubleValue()).isCloseTo(Math.log(2), within(1e-9));
        assertThat(all.path("displaced_chosen").path("value").doubleValue()).isZero();
        assertThat(report.path("reliability").get(0).path("pairs").intValue()).isEqualTo(3);
    }

    private static Console scored(String... words) {
        List<String> all = new ArrayList<>(List.of("score"));
        all.addAll(List.of(words));
        Console console = Console.run(all.toArray(String[]::new));
        assertThat(console.status()).as(console.err()).isZero();
        return console;
    }

    /** Pairs and a ranking, of which every pair counts and every answer once. */
    @Test
    void aRewardModelIsHeldAgainstLength() throws IOException {
        Console trained = Console.run(
                "train",
                "reward",
                "model=" + folder.resolve("model"),
                "data=" + folder.resolve("pairs.jsonl"),
                "data.eval_share=0",
                "max_steps=1",
                "device=cpu",
                "output=" + folder.resolve("rewarded"));
        assertThat(trained.status()).as(trained.err()).isZero();
        Files.writeString(
                folder.resolve("ranked.jsonl"),
                "{\"prompt\": \"The lamp\", \"completions\": [\" is old.\", \" burns.\", \" is grey and old.\"], \"ranks\": [2,"
                        + " 1, 2]}\n");
        Path output = folder.resolve("reward.json");
        Console console = Console.run(
                "eval",
                "model=" + folder.resolve("rewarded/final"),
                "data.files=[" + folder.resolve("pairs.jsonl") + ", " + folder.resolve("ranked.jsonl") + "]",
                "output=" + output);
        assertThat(console.status()).as(console.err()).isZero();
        assertThat(console.out())
                .contains("length of the answer in tokens (9 answers)", "no temperature and no tenths from 5 pairs");
        JsonNode report = JSON.readTree(Files.readString(output));
        for (String name :
                List.of("length_pearson", "length_spearman", "length_pearson_in_prompt", "length_spearman_in_prompt")) {
            assertThat(report.at("/" + name + "/value").asDouble(9)).as(name).isBetween(-1.0, 1.0);
        }
        double labels = report.at("/longer_preferred_labels/value").doubleValue();
        double model = report.at("/longer_preferred/value").doubleValue();
        assertThat(report.at("/longer_preferred_gap/value").doubleValue()).isCloseTo(model - labels, within(1e-9));
        assertThat(report.at("/" + folder.resolve("ranked.jsonl").toString().replace("/", "~1") + "/nll/value")
                        .doubleValue())
                .isPositive();
    }

    @Test
    void membersAreScoredAsOne() throws IOException {
        for (String seed : List.of("1", "2")) {
            Console trained = Console.run(
                    "train",
                    "reward",
                    "model=" + folder.resolve("model"),
                    "data=" + folder.resolve("pairs.jsonl"),
                    "data.eval_share=0",
                    "max_steps=1",
                    "device=cpu",
                    "num_heads=" + seed, // one of one head, one of two
                    "seed=" + seed,
                    "output=" + folder.resolve("member" + seed));
            assertThat(trained.status()).as(trained.err()).isZero();
        }
        String model = "model=" + folder.resolve("member1/final");
        String members = "members=[" + folder.resolve("member2/final") + "]";
        String data = "data=" + folder.resolve("chosen.jsonl");
        Console console = Console.run("score", model, members, data, "aggregation=min");
        assertThat(console.status()).as(console.err()).isZero();
        assertThat(console.err()).contains("3 members; their standard deviation is");
        JsonNode row = JSON.readTree(console.out().lines().findFirst().orElseThrow());
        assertThat(row.path("rewards").size()).isEqualTo(3);
        double least = Double.POSITIVE_INFINITY;
        for (JsonNode reward : row.path("rewards")) {
            least = Math.min(least, reward.doubleValue());
        }
        assertThat(row.path("reward").doubleValue()).isEqualTo(least);
        assertThat(row.path("std").doubleValue()).isPositive();
        JsonNode alone = JSON.readTree(
                Console.run("score", model, data).out().lines().findFirst().orElseThrow());
        assertThat(alone.path("reward").doubleValue())
                .isEqualTo(row.path("rewards").get(0).doubleValue());
        assertThat(alone.has("std")).isFalse();

        Console half = scored(model, data, "normalisation=fit");
        assertThat(half.err()).contains("The scale of 3 answers is kept in ", "reward_normalisation.json");
        assertThat(Console.run("score", model, data, "normalisation=fit").err()).contains("the scale is frozen");
        assertThat(Console.run("score", model, members, data).err()).contains("normalisation=fit first");
        scored("model=" + folder.resolve("member2/final"), data, "normalisation=fit");
        double[] sums = new double[3];
        double[] squares = new double[3];
        double most = Double.NEGATIVE_INFINITY;
        double best = Double.NaN;
        for (String line : scored(model, members, data).out().lines().toList()) {
            JsonNode scored = JSON.readTree(line);
            if (scored.has("best")) {
                best = scored.path("score").doubleValue();
                continue;
            }
            if (!scored.path("row").asText().endsWith(":3")) { // the third answers another prompt
                most = Math.max(most, scored.path("reward").doubleValue());
            }
            for (int i = 0; i < 3; i++) {
                double reward = scored.path("rewards").get(i).doubleValue();
                sums[i] += reward;
                squares[i] += reward * reward;
            }
        }
        assertThat(best).isEqualTo(most); // by the reward that is made of all members
        for (int i = 0; i < 3; i++) { // each member on its scale
            assertThat(sums[i]).isCloseTo(0, within(1e-5));
            assertThat(squares[i] / 3).isCloseTo(1, within(1e-5));
        }
        assertThat(scored(model, data, "normalisation=off").out()).isEqualTo(half.out());

        Console report = Console.run(
                "eval", model, members, "data=" + folder.resolve("pairs.jsonl"), "aggregation=mean_minus_k_std");
        assertThat(report.status()).as(report.err()).isZero();
        assertThat(report.out()).contains("3 members", "ensemble_std");
        assertThat(Console.run("score", model, "members=[" + folder.resolve("model") + "]", data)
                        .err())
                .contains("must be reward models");
    }

    @Test
    void wrongWordsAreExplained() {
        String model = "model=" + folder.resolve("model");
        assertThat(Console.run("eval").err()).contains("Name a model and a file");
        assertThat(Console.run("eval", model, "data=" + folder.resolve("gone.jsonl"))
                        .err())
                .contains("gone.jsonl does not exist");
        assertThat(Console.run(
                                "eval",
                                model,
                                "data=" + folder.resolve("pairs.jsonl"),
                                "rows=held_out",
                                "data.eval_share=0")
                        .err())
                .contains("There is no row to measure on");
        assertThat(Console.run("eval", model, "dta=x").err()).contains("did you mean 'data'");
    }
}
