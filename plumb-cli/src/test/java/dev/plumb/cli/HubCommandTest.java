package dev.plumb.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Commands that name model and data by their ids, in processes that may only read the cache. */
class HubCommandTest {
    private static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";

    @TempDir
    Path home;

    @BeforeEach
    void cache() throws IOException {
        for (String repository : List.of("models--org--tiny", "datasets--org--rows")) {
            Path folder = home.resolve("hub").resolve(repository);
            Files.createDirectories(folder.resolve("refs"));
            Files.createDirectories(folder.resolve("snapshots"));
            Files.writeString(folder.resolve("refs/main"), COMMIT);
        }
        TinyModel.write(home.resolve("hub/models--org--tiny/snapshots").resolve(COMMIT));
        Path rows = home.resolve("hub/datasets--org--rows/snapshots").resolve(COMMIT);
        Files.createDirectories(rows);
        Files.writeString(rows.resolve("rows.jsonl"), "{\"text\": \"the cat\"}\n{\"text\": \"the dog\"}\n");
    }

    @Test
    void generateAndScoreTakeIds() throws Exception {
        assertThat(run("generate", "model=org/tiny", "prompts=" + prompts(), "max_new_tokens=3", "chat=false"))
                .contains("\"prompt\":\"the\"");
        assertThat(run("score", "model=org/tiny@" + COMMIT, "data=org/rows@main/rows.jsonl"))
                .contains("rows.jsonl:1\"", "rows.jsonl:2\"", "\"logps\":[null,");
    }

    @Test
    void whatTheCacheLacksIsOneSentence() throws Exception {
        assertThat(run("generate", "model=org/none", "prompt=a"))
                .isEqualTo("org/none: there is no such folder here, and the cache " + home.resolve("hub")
                        + " has no such model either; HF_HUB_OFFLINE forbids to fetch it: unset it.\n");
        assertThat(run("train", "dpo", "model=org/tiny", "data=org/none", "output=" + home.resolve("run")))
                .isEqualTo("org/none: there is no such file here, and the cache " + home.resolve("hub")
                        + " has no such dataset either; HF_HUB_OFFLINE forbids to fetch it: unset it.\n");
        assertThat(run("score", "model=org/tiny", "data=org/rows"))
                .contains("does not hold all of it; HF_HUB_OFFLINE forbids");
    }

    private Path prompts() throws IOException {
        return Files.writeString(home.resolve("prompts.jsonl"), "{\"prompt\": \"the\"}\n");
    }

    private String run(String... words) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-Dorg.bytedeco.openblas.load=" + System.getProperty("org.bytedeco.openblas.load", "openblas"),
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName()));
        command.addAll(List.of(words));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("HF_HOME", home.toString());
        builder.environment().put("HF_HUB_OFFLINE", "1");
        builder.environment().remove("HF_HUB_CACHE");
        Process process = builder.start();
        String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        process.waitFor();
        return printed;
    }
}
