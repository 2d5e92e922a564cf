package dev.plumb.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.plumb.config.PlumbException;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunFolderTest {
    @TempDir
    Path temporary;

    /** Holds a run folder until it is killed. */
    static final class Holder {
        public static void main(String[] arguments) throws InterruptedException {
            RunFolder.open(Path.of(arguments[0]), false);
            System.out.println("held");
            Thread.sleep(60_000);
        }
    }

    @Test
    void makesAFolderWithItsParents() {
        Path root = temporary.resolve("runs/one");
        try (RunFolder run = RunFolder.open(root, false)) {
            assertThat(root).isDirectory();
            assertThat(run.layout().metrics()).isEqualTo(root.resolve("metrics.jsonl"));
            assertThat(run.checkpoints().newest()).isEmpty();
        }
    }

    @Test
    void refusesToStartOverARunAndGoesOnWithItWhenAsked() {
        Path root = temporary.resolve("run");
        try (RunFolder run = RunFolder.open(root, false);
                MetricsLog log = MetricsLog.open(run.layout().metrics(), OptionalLong.empty())) {
            log.write(1, 0.1, MetricsLog.Split.TRAIN, Map.of("loss", 0.69));
        }
        assertThatThrownBy(() -> RunFolder.open(root, false))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining("already holds a run")
                .hasMessageContaining("`--resume`")
                .hasMessageContaining("`output`");
        try (RunFolder run = RunFolder.open(root, true)) {
            assertThat(MetricsLog.read(run.layout().metrics())).hasSize(1);
        }
    }

    @Test
    void startsAnewWhereAStartEndedBeforeItsFirstStep() throws IOException {
        Path root = temporary.resolve("run");
        try (RunFolder run = RunFolder.open(root, false)) {
            Files.writeString(run.layout().config(), "model: x\n");
            Files.writeString(run.layout().preflight(), "{}");
            Files.writeString(run.layout().samples(), "{\"step\":0}\n");
            Files.createDirectories(run.layout().events().resolve("old"));
        }
        try (RunFolder run = RunFolder.open(root, false)) {
            assertThat(run.layout().preflight()).doesNotExist();
            assertThat(run.layout().samples()).doesNotExist();
            assertThat(run.layout().events()).doesNotExist();
        }
    }

    @Test
    void keepsItsHandsOffAConfigurationThatIsNotItsOwn() throws IOException {
        Files.writeString(temporary.resolve("config.yaml"), "mine: true\n");
        assertThatThrownBy(() -> RunFolder.open(temporary, false))
                .hasMessageContaining("config.yaml was not written by a run");
        assertThat(temporary.resolve("config.yaml")).hasContent("mine: true\n");
    }

    @Test
    void namesAFolderThatIsNotThereOrIsAFile() throws IOException {
        assertThatThrownBy(() -> RunFolder.open(temporary.resolve("typo"), true))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining("There is no run at");
        assertThat(temporary.resolve("typo")).doesNotExist();
        Path file = Files.createFile(temporary.resolve("file"));
        assertThatThrownBy(() -> RunFolder.open(file, false)).hasMessageContaining("is a file");
        assertThatThrownBy(() -> RunFolder.open(file.resolve("below"), false))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining("cannot be written");
    }

    @Test
    void oneProcessOnlyAndADeadOneDoesNotCount() throws IOException, InterruptedException {
        Path root = temporary.resolve("run");
        Process other = new ProcessBuilder(
                        ProcessHandle.current().info().command().orElseThrow(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Holder.class.getName(),
                        root.toString())
                .redirectErrorStream(true)
                .start();
        try (BufferedReader said = other.inputReader()) {
            assertThat(said.readLine()).isEqualTo("held");
            assertThatThrownBy(() -> RunFolder.open(root, false))
                    .isInstanceOf(PlumbException.class)
                    .hasMessageContaining("is being written by process " + other.pid());
        } finally {
            other.destroyForcibly().waitFor();
        }
        try (RunFolder run = RunFolder.open(root, false)) {
            assertThat(run.layout().root()).isEqualTo(root);
            assertThatThrownBy(() -> RunFolder.open(root, false)).hasMessageContaining("is being written by process");
        }
    }

    @Test
    void refusesARunForWhichTheDiskIsTooSmall() {
        try (RunFolder run = RunFolder.open(temporary.resolve("run"), false)) {
            run.requireFreeSpace(1);
            assertThatThrownBy(() -> run.requireFreeSpace(Long.MAX_VALUE))
                    .isInstanceOf(PlumbException.class)
                    .hasMessageContaining("GB are free");
        }
    }

    @Test
    void clearsWhatAKilledProcessLeft() throws IOException {
        Path root = temporary.resolve("run");
        try (RunFolder run = RunFolder.open(root, false)) {
            run.checkpoints().save(5, OptionalDouble.empty(), folder -> Files.writeString(folder.resolve("w"), "5"));
            Path part = Files.createDirectories(run.layout().checkpoints().resolve("step-10.part"));
            Files.writeString(part.resolve("w"), "1");
            Files.createDirectories(root.resolve("final.part"));
            Files.writeString(root.resolve("metrics.jsonl.part"), "{");
            Files.writeString(root.resolve("mine.part"), "not of a run");
        }
        try (RunFolder run = RunFolder.open(root, true)) {
            assertThat(run.checkpoints().newest().orElseThrow().step()).isEqualTo(5);
            assertThat(run.layout().checkpoints().resolve("step-10.part")).doesNotExist();
            assertThat(root.resolve("final.part")).doesNotExist();
            assertThat(root.resolve("metrics.jsonl.part")).doesNotExist();
            assertThat(root.resolve("mine.part")).exists();
        }
    }
}
