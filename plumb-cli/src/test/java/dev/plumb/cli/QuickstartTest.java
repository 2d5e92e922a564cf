package dev.plumb.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class QuickstartTest {
    /** The command's own code on a smaller village, which a smaller model learns in a few seconds. */
    private static final QuickstartPlan SMALL = new QuickstartPlan(12, 3000, 400, 0.25, 240, 8, 640, 96, 2);

    @TempDir
    private Path folder;

    @Test
    void everyStageImprovesWhatItIsFor() throws IOException {
        Path root = folder.resolve("tour");
        Path picture = folder.resolve("result.svg");
        int status = new CommandLine(new Quickstart(SMALL))
                .execute("--output", root.toString(), "--seed", "3", "--picture", picture.toString());

        JsonNode rows =
                new JsonMapper().readTree(root.resolve("summary.json").toFile()).path("rows");
        assertThat(status)
                .as(rows.toPrettyString())
                .isEqualTo(Exit.DONE); // which it is only if the gains are significant
        assertThat(value(rows.path(0), 1)).isGreaterThan(value(rows.path(0), 0) + 20);
        assertThat(value(rows.path(1), 2)).isGreaterThan(value(rows.path(1), 1) + 20);
        assertThat(root.resolve("report.html")).content().contains("Before and after", "base", "SFT", "DPO");
        assertThat(picture).content().contains("<svg", "right answers");
        for (String stage : new String[] {"base", "sft", "dpo"}) {
            assertThat(root.resolve(stage + ".yaml")).isNotEmptyFile();
            assertThat(root.resolve(stage).resolve("final/model.safetensors")).isNotEmptyFile();
            assertThat(root.resolve(stage).resolve("report.html")).isNotEmptyFile();
        }
    }

    private static double value(JsonNode row, int stage) {
        return row.path("values").path(stage).path("value").asDouble();
    }

    @Test
    void keepsAnEarlierOne() throws IOException {
        Path summary = Files.writeString(folder.resolve("summary.json"), "{}");
        int status = Main.execute("quickstart", "--output", folder.toString());
        assertThat(status).isEqualTo(Exit.FAULT);
        assertThat(summary).hasContent("{}");
    }
}
