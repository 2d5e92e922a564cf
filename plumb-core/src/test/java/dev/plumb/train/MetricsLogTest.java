package dev.plumb.train;

import static dev.plumb.train.MetricsLog.Split.EVAL;
import static dev.plumb.train.MetricsLog.Split.TRAIN;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.plumb.config.PlumbException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MetricsLogTest {
    @TempDir
    Path folder;

    private Path file;

    @BeforeEach
    void name() {
        file = folder.resolve("metrics.jsonl");
    }

    private void writeSteps(long from, long to, OptionalLong resumed) {
        try (MetricsLog log = MetricsLog.open(file, resumed)) {
            for (long step = from; step <= to; step++) {
                log.write(step, step / 10.0, TRAIN, Map.of("loss", 1.0 / step));
                if (step % 2 == 0) {
                    log.write(step, step / 10.0, EVAL, Map.of("loss", 2.0 / step));
                }
            }
        }
    }

    @Test
    void writesOneObjectALine() throws IOException {
        try (MetricsLog log = MetricsLog.open(file, OptionalLong.empty())) {
            log.write(1, 0.25, TRAIN, Map.of("rewards/accuracies", 0.5));
            // A line is in the file before the log is closed.
            assertThat(file).hasContent("{\"step\":1,\"epoch\":0.25,\"split\":\"train\",\"rewards/accuracies\":0.5}\n");
            log.write(1, 0.25, EVAL, Map.of("num_tokens", 12345.0));
        }
        assertThat(Files.readAllLines(file).get(1))
                .isEqualTo("{\"step\":1,\"epoch\":0.25,\"split\":\"eval\",\"num_tokens\":12345}");
    }

    @Test
    void keepsNumbersToTheBitAndNamesWhatJsonCannotWrite() throws IOException {
        double third = 1.0 / 3;
        try (MetricsLog log = MetricsLog.open(file, OptionalLong.empty())) {
            log.write(1, 0, TRAIN, Map.of("loss", Double.NaN));
            log.write(2, 0, TRAIN, Map.of("loss", Double.POSITIVE_INFINITY));
            log.write(3, 0, TRAIN, Map.of("loss", Double.NEGATIVE_INFINITY));
            log.write(4, 0, TRAIN, Map.of("loss", third));
        }
        assertThat(Files.readAllLines(file).subList(0, 3))
                .satisfiesExactly(
                        line -> assertThat(line).contains("\"loss\":\"NaN\""),
                        line -> assertThat(line).contains("\"loss\":\"inf\""),
                        line -> assertThat(line).contains("\"loss\":\"-inf\""));
        assertThat(MetricsLog.read(file).stream().map(e -> e.values().get("loss")))
                .containsExactly(Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, third);
    }

    @Test
    void aResumedRunRepeatsNothing() throws IOException {
        writeSteps(1, 8, OptionalLong.empty());
        Files.writeString(file, "{\"step\":9,\"lo", StandardOpenOption.APPEND); // killed here
        assertThat(MetricsLog.read(file)).hasSize(12);
        writeSteps(6, 10, OptionalLong.of(5));
        Path whole = folder.resolve("whole.jsonl");
        Path killed = file;
        file = whole;
        writeSteps(1, 10, OptionalLong.empty());
        assertThat(killed).hasSameTextualContentAs(whole);
    }

    @Test
    void aNewRunStartsWithAnEmptyFile() {
        writeSteps(1, 3, OptionalLong.empty());
        writeSteps(1, 1, OptionalLong.empty());
        assertThat(MetricsLog.read(file)).hasSize(1);
    }

    @Test
    void refusesAStepThatIsThereAlready() {
        writeSteps(1, 4, OptionalLong.empty());
        try (MetricsLog log = MetricsLog.open(file, OptionalLong.of(4))) {
            assertThatThrownBy(() -> log.write(4, 0, EVAL, Map.of()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("eval metrics of step 4");
            log.write(5, 0, TRAIN, Map.of());
        }
    }

    @Test
    void namesADamagedLine() throws IOException {
        Files.write(file, List.of("{\"step\":1}", "oops", "{\"step\":2}"));
        assertThatThrownBy(() -> MetricsLog.read(file))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining("metrics.jsonl:2");
        assertThatThrownBy(() -> MetricsLog.open(file, OptionalLong.of(2))).hasMessageContaining("metrics.jsonl:2");
        assertThat(Files.readAllLines(file)).hasSize(3);
    }

    @Test
    void samplesAreCutInTheSameWay() throws IOException {
        Path samples = folder.resolve("samples.jsonl");
        try (SampleLog log = SampleLog.open(samples, OptionalLong.empty())) {
            log.write(0, "a \"prompt\"\n", "an answer \u2603", Map.of("reward", 0.5));
            log.write(10, "a", "b", Map.of());
        }
        try (SampleLog log = SampleLog.open(samples, OptionalLong.of(5))) {
            log.write(10, "a", "c", Map.of());
        }
        assertThat(Files.readAllLines(samples))
                .containsExactly(
                        "{\"step\":0,\"prompt\":\"a \\\"prompt\\\"\\n\",\"completion\":\"an answer \u2603\","
                                + "\"scores\":{\"reward\":0.5}}",
                        "{\"step\":10,\"prompt\":\"a\",\"completion\":\"c\"}");
    }
}
