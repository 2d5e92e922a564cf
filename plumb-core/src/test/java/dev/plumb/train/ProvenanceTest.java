package dev.plumb.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.plumb.config.PlumbException;
import dev.plumb.hub.HubOrigin;
import dev.plumb.hub.Sha256;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProvenanceTest {
    private static final Instant START = Instant.parse("2026-01-02T03:04:05Z");

    @TempDir
    Path folder;

    private Provenance provenance(Instant started, OptionalLong resumed) {
        return new Provenance(
                "0.1.0",
                List.of("train", "run.yaml", "max_tokens=512", "hf_token=abc", "judge.api_key=k=1"),
                Sha256.of("beta: 0.1\n"),
                Provenance.sources(List.of(folder.resolve("in"))),
                List.of(),
                Map.of("reward_models", Provenance.sources(List.of(folder.resolve("in")))),
                Map.of("seed", 42L),
                2,
                Provenance.thisMachine(),
                Map.of("libtorch", "2.10"),
                started,
                Optional.empty(),
                "running",
                resumed,
                List.of(new HubOrigin("model", "org/name", "main", "f".repeat(40))));
    }

    private JsonNode read() throws IOException {
        return new JsonMapper().readTree(Files.readString(folder.resolve("provenance.json")));
    }

    @Test
    void namesWhatTheRunWasMadeFrom() throws IOException {
        Files.createDirectories(folder.resolve("in/below"));
        Files.writeString(folder.resolve("in/b"), "abc");
        Files.writeString(folder.resolve("in/a"), "");
        provenance(START, OptionalLong.empty())
                .ended(START.plusSeconds(90), "completed")
                .write(folder.resolve("provenance.json"));
        JsonNode json = read();
        // The hashes of nothing and of "abc", as FIPS 180-2 prints them.
        assertThat(json.at("/data/0/sha256").asText())
                .isEqualTo("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assertThat(json.at("/data/1/sha256").asText())
                .isEqualTo("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assertThat(json.at("/data/1/bytes").asLong()).isEqualTo(3);
        assertThat(json.path("data")).hasSize(2);
        assertThat(json.path("reward_models")).isEqualTo(json.path("data"));
        assertThat(json.at("/started").asText()).isEqualTo("2026-01-02T03:04:05Z");
        assertThat(json.at("/ended").asText()).isEqualTo("2026-01-02T03:05:35Z");
        assertThat(json.path("hub").toString())
                .isEqualTo("[{\"kind\":\"model\",\"id\":\"org/name\",\"revision\":\"main\",\"commit\":\""
                        + "f".repeat(40) + "\"}]");
        assertThat(Provenance.origins(folder.resolve("provenance.json")))
                .containsExactly(new HubOrigin("model", "org/name", "main", "f".repeat(40)));
        assertThat(json.at("/seeds/seed").asLong()).isEqualTo(42);
        assertThat(json.at("/machine/java").asText())
                .startsWith(Runtime.version().toString());
        assertThat(json.has("earlier")).isFalse();
    }

    @Test
    void keepsNoSecretOfTheCommandLine() throws IOException {
        Files.createDirectories(folder.resolve("in"));
        provenance(START, OptionalLong.empty()).write(folder.resolve("provenance.json"));
        assertThat(read().path("command").toString())
                .isEqualTo("[\"train\",\"run.yaml\",\"max_tokens=512\",\"hf_token=***\",\"judge.api_key=***\"]");
    }

    @Test
    void carriesTheEarlierProcessesOfAResumedRunAlong() throws IOException {
        Files.createDirectories(folder.resolve("in"));
        Path file = folder.resolve("provenance.json");
        provenance(START, OptionalLong.empty()).write(file);
        provenance(START.plusSeconds(100), OptionalLong.of(10)).write(file);
        Provenance last = provenance(START.plusSeconds(200), OptionalLong.of(20));
        last.write(file);
        last.ended(START.plusSeconds(300), "completed").write(file);
        assertThat(read().path("earlier")).hasSize(2);
        assertThat(read().at("/earlier/0/started").asText()).isEqualTo("2026-01-02T03:04:05Z");
        assertThat(read().at("/earlier/1/resumed_step").asLong()).isEqualTo(10);
        assertThat(read().path("outcome").asText()).isEqualTo("completed");
    }

    @Test
    void namesAFileThatIsNotThere() {
        assertThatThrownBy(() -> Provenance.sources(List.of(folder.resolve("gone.jsonl"))))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining("gone.jsonl cannot be read (no such file)");
    }
}
