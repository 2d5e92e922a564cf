package dev.plumb.train;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.plumb.hub.HubServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run whose model and data are ids, in a process of its own with a hub in its environment. */
class HubRunTest {
    @TempDir
    Path folder;

    @Test
    void aRunTakesModelAndDataByIdAndGoesOnWithTheSameCommit() throws IOException {
        Assumptions.assumeTrue(Files.exists(Path.of("/usr/bin/env")), "skipped: no env to set variables with");
        TinyRun tiny = TinyRun.make(folder);
        try (HubServer server = new HubServer()) {
            server.putAll("models/org/tiny", tiny.model())
                    .put("datasets/org/pairs", "train.jsonl", Files.readString(folder.resolve("pairs.jsonl")))
                    .put("datasets/org/pairs", "README.md", "words");
            Path yaml = tiny.yaml(
                    "dpo",
                    "run",
                    "model: org/tiny@v1",
                    "data: {files: [org/pairs], eval_share: 0.15}",
                    "max_steps: 3",
                    "save_steps: 2");
            RunLayout layout = tiny.layout("run");
            train(server, yaml, false);
            assertThat(origins(layout))
                    .containsExactly(
                            "model org/tiny v1 " + HubServer.COMMIT, "dataset org/pairs main " + HubServer.COMMIT);
            assertThat(Files.readString(layout.config())).contains("org/tiny@v1", "org/pairs");
            byte[] whole = Files.readAllBytes(layout.finalModel().resolve("model.safetensors"));

            TinyRun.discardAfter(layout, 2);
            server.move("f".repeat(40));
            tiny.writeWeights(0.1); // what the branch is now would be another reference
            server.putAll("models/org/tiny", tiny.model());
            train(server, yaml, true);
            assertThat(origins(layout))
                    .containsExactly(
                            "model org/tiny v1 " + HubServer.COMMIT, "dataset org/pairs main " + HubServer.COMMIT);
            assertThat(Files.readAllBytes(layout.finalModel().resolve("model.safetensors")))
                    .isEqualTo(whole);
        }
    }

    @Test
    void textThatIsLearntBesideTheRewardsMayBeOfAHubToo() throws IOException {
        TinyRun tiny = TinyRun.make(folder);
        try (HubServer server = new HubServer()) {
            server.putAll("models/org/tiny", tiny.model())
                    .put("datasets/org/texts", "train.jsonl", Files.readString(folder.resolve("demonstrations.jsonl")));
            Path yaml = tiny.yaml(
                    "ppo",
                    "run",
                    "model: org/tiny@v1",
                    "reward_funcs: [{name: regex, regex: {pattern: 'a'}}]",
                    "ptx_data: org/texts",
                    "ptx_coef: 1",
                    "max_steps: 1");
            train(server, yaml, false);
            assertThat(origins(tiny.layout("run")))
                    .containsExactly(
                            "model org/tiny v1 " + HubServer.COMMIT, "dataset org/texts main " + HubServer.COMMIT);
        }
    }

    private void train(HubServer server, Path yaml, boolean resume) {
        TrainingProcess process = TrainingProcess.start(
                yaml,
                resume,
                "/usr/bin/env",
                "HF_HUB_OFFLINE=0",
                "HF_HUB_CACHE=",
                "HF_ENDPOINT=" + server.endpoint(),
                "HF_HOME=" + folder.resolve("home"));
        int status = process.end();
        assertThat(status).as(process.output()).isZero();
    }

    private static List<String> origins(RunLayout layout) throws IOException {
        JsonNode json = new JsonMapper().readTree(Files.readString(layout.provenance()));
        assertThat(json.path("model").toString()).contains("/snapshots/" + HubServer.COMMIT + "/model.safetensors");
        List<String> origins = new ArrayList<>();
        for (JsonNode origin : json.path("hub")) {
            origins.add(origin.path("kind").asText() + " " + origin.path("id").asText() + " "
                    + origin.path("revision").asText() + " "
                    + origin.path("commit").asText());
        }
        return origins;
    }
}
