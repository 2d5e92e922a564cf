package dev.plumb.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ProgressTest {
    private static final long MILLI = 1_000_000L;

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);
    private long now;

    private Progress progress(Terminal terminal, long total) {
        return new Progress(terminal, out, () -> now, 0, total, 10);
    }

    private String printed() {
        return bytes.toString(StandardCharsets.UTF_8).replace(System.lineSeparator(), "\n");
    }

    private static Terminal pipe() {
        return new Terminal(false, 80, false, true);
    }

    @Test
    void inAPipeItPrintsPlainLinesAfterSoManySteps() {
        try (Progress progress = progress(pipe(), 100)) {
            for (int step = 1; step <= 100; step++) {
                now += 500 * MILLI;
                progress.update(step, Map.of("loss", 0.5, "rewards/accuracies", 0.75), 1000);
            }
        }
        assertThat(printed()).doesNotContain("\r", "\u001b");
        assertThat(printed().lines())
                .hasSize(11) // steps 1, 10, 20, …
                .first()
                .isEqualTo("step 1/100  loss 0.500  accuracy 0.750  2.0k tok/s  0:00 gone  0:50 left");
        assertThat(printed()).endsWith("step 100/100  loss 0.500  accuracy 0.750  2.0k tok/s  took 0:50\n");
    }

    @Test
    void whatWasMeasuredOfARolloutStandsUntilTheNextOne() {
        try (Progress progress = progress(pipe(), 100)) {
            for (int step = 1; step <= 20; step++) {
                progress.update(step, step % 4 == 1 ? Map.of("reward", step + 0.5, "objective/kl", 2.0) : Map.of(), 0);
            }
        }
        assertThat(printed().lines())
                .hasSize(3)
                .last()
                .asString()
                .startsWith("step 20/100  reward 17.5  kl of answers 2.000");
    }

    @Test
    void onATerminalItRedrawsOneLineAtMostFiveTimesASecond() {
        try (Progress progress = progress(new Terminal(true, 80, false, true), 1000)) {
            for (int step = 1; step <= 200; step++) {
                now += 10 * MILLI;
                progress.update(step, Map.of("loss", 0.5), 10);
            }
        }
        assertThat(printed().split("\r", -1)).hasSize(1 + 10 + 1); // two seconds, and once more at the end
        assertThat(printed()).endsWith("\n").doesNotContain("\n\r");
        assertThat(printed()).contains("200/1000", "loss 0.500");
    }

    @ParameterizedTest
    @ValueSource(ints = {20, 40, 60, 80, 200})
    void aLineNeverWraps(int columns) {
        try (Progress progress = progress(new Terminal(true, columns, true, false), 1_000_000)) {
            now += 200 * MILLI;
            progress.update(
                    123_456,
                    Map.of("loss", 12.3, "rewards/accuracies", 0.5, "rewards/margins", -1e-9, "grad_norm", 1e12),
                    99_999_999);
        }
        String line = printed().replaceAll("\u001b\\[[0-9;]*[mK]", "").replace("\r", "\n");
        assertThat(line.lines()).allSatisfy(one -> assertThat(one.length()).isLessThan(columns));
        assertThat(line).contains(columns > 20 ? "123456/1000000" : "");
        if (columns == 200) {
            assertThat(line).contains("loss 12.3  accuracy 0.500  margin -1.0e-09  grad norm 1.0e+12", "left");
        }
        if (columns == 80) {
            assertThat(line).contains("loss 12.3", "left"); // the time left matters more than a third metric
        }
    }

    @Test
    void aSlowFirstStepDoesNotSpoilTheForecast() {
        try (Progress progress = progress(pipe(), 100)) {
            for (int step = 1; step <= 12; step++) {
                now += step == 1 ? 60_000 * MILLI : 1000 * MILLI;
                progress.update(step, Map.of(), 500);
            }
        }
        assertThat(printed().lines().toList().get(1)).isEqualTo("step 10/100  500 tok/s  1:09 gone  1:30 left");
    }

    @Test
    void aNoteStaysAboveTheBar() {
        try (Progress progress = progress(new Terminal(true, 80, false, false), 10)) {
            now += 1000 * MILLI;
            progress.update(5, Map.of(), 0);
            progress.note("checkpoint saved");
        }
        assertThat(printed()).contains("\r\u001b[Kcheckpoint saved\n\r\u001b[K#####..... 5/10");
    }

    @Test
    void neverHidesWhatIsNotANumber() {
        try (Progress progress = progress(pipe(), 10)) {
            progress.update(1, Map.of("loss", Double.NaN, "grad_norm", Double.POSITIVE_INFINITY), 0);
        }
        assertThat(printed()).contains("loss NaN", "grad norm inf");
    }

    @Test
    void theTerminalIsWhatTheEnvironmentSays() {
        assertThat(Terminal.of(true, Map.of("COLUMNS", "120"), "UTF-8")).isEqualTo(new Terminal(true, 120, true, true));
        assertThat(Terminal.of(true, Map.of("NO_COLOR", "1", "COLUMNS", "wide"), "ANSI_X3.4-1968"))
                .isEqualTo(new Terminal(true, 80, false, false));
        assertThat(Terminal.of(true, Map.of("TERM", "dumb"), "")).isEqualTo(new Terminal(false, 80, false, false));
        assertThat(Terminal.of(false, Map.of(), "UTF-8")).isEqualTo(new Terminal(false, 80, false, true));
    }
}
