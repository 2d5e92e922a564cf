package dev.plumb.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class QuickstartTest {
    /** The command's own code on a smaller village and fewer steps, which a smaller model learns in well under a minute. */
    private static final QuickstartPlan SMALL =
            new QuickstartPlan(12, 3000, 400, 0.25, 240, 4800, 0.25, 16, 32, 60, 640, 96, 2);

    private static final JsonMapper JSON = new JsonMapper();

    @TempDir
    private Path folder;

    @Test
    void everyStageImprovesWhatItIsFor() throws IOException {
        Path root = folder.resolve("tour");
        Path picture = folder.resolve("result.svg");
        Console console = Console.of(() -> new CommandLine(new Quickstart(SMALL))
                .execute("--output", root.toString(), "--seed", "3", "--picture", picture.toString()));

        JsonNode rows = JSON.readTree(root.resolve("summary.json").toFile()).path("rows");
        assertThat(console.status())
                .as(rows.toPrettyString())
                .isEqualTo(Exit.DONE); // which it is only if the gains are significant
        assertThat(value(rows.path(0), 1)).isGreaterThan(value(rows.path(0), 0) + 20);
        assertThat(value(rows.path(1), 2)).isGreaterThan(value(rows.path(1), 1) + 20);
        assertThat(value(rows.path(2), 1)).isLessThan(50);
        assertThat(value(rows.path(2), 2)).isGreaterThan(value(rows.path(2), 1) + 20);
        assertThat(root.resolve("report.html"))
                .content()
                .contains("Before and after", "base", "SFT", "DPO", "SFT on sums", "GRPO", "=?");
        assertThat(picture).content().contains("<svg", "right answers", "right sums");
        for (String stage : new String[] {"base", "sft", "dpo", "sums", "grpo"}) {
            assertThat(root.resolve(stage + ".yaml")).isNotEmptyFile();
            assertThat(root.resolve(stage).resolve("final/model.safetensors")).isNotEmptyFile();
            assertThat(root.resolve(stage).resolve("report.html")).isNotEmptyFile();
        }
        Path report = root.resolve("grpo").resolve("report.html");
        assertThat(report).content().contains("<h3>Reward</h3><p>Mean over sampled answers.");
        assertThat(console.out())
                .contains("n = 120", "GRPO against SFT on sums, right sums: better", report.toString());

        Set<String> exam = prompts(root.resolve("world/sums-exam.jsonl"));
        assertThat(exam).hasSize(120);
        assertThat(prompts(root.resolve("world/problems.jsonl"))).hasSize(240).doesNotContainAnyElementsOf(exam);
        assertThat(prompts(root.resolve("world/sums.jsonl"))).hasSize(240).doesNotContainAnyElementsOf(exam);
        assertThat(root.resolve("world/stories.jsonl")).content().doesNotContainPattern("[0-9]");
    }

    private static double value(JsonNode row, int stage) {
        return row.path("values").path(stage).path("value").asDouble();
    }

    /** What users say in rows of problems, or of conversations. */
    private static Set<String> prompts(Path rows) throws IOException {
        Set<String> prompts = new HashSet<>();
        for (String line : Files.readAllLines(rows)) {
            JsonNode row = JSON.readTree(line);
            JsonNode turns = row.has("prompt") ? row.path("prompt") : row.path("messages");
            prompts.add(turns.path(0).path("content").asText());
        }
        return prompts;
    }

    @ParameterizedTest
    @ValueSource(strings = {"summary.json", "grpo.yaml", "sums"})
    void keepsAnEarlierOne(String name) throws IOException {
        Path earlier = Files.writeString(folder.resolve(name), "{}");
        int status = Main.execute("quickstart", "--output", folder.toString());
        assertThat(status).isEqualTo(Exit.FAULT);
        assertThat(earlier).hasContent("{}");
    }

    @Test
    void forceDeletesAnEarlierOneAndNothingElse() throws IOException {
        QuickstartFiles files = new QuickstartFiles(folder);
        Path run = Files.createDirectories(files.run(QuickstartStage.GRPO).resolve("checkpoints"));
        Path yaml = Files.writeString(files.yaml(QuickstartStage.SUMS), "{}");
        Path other = Files.writeString(folder.resolve("notes.txt"), "mine");
        files.clear(true);
        assertThat(run).doesNotExist();
        assertThat(files.run(QuickstartStage.GRPO)).doesNotExist();
        assertThat(yaml).doesNotExist();
        assertThat(other).hasContent("mine");
    }
}
