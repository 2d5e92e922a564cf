package dev.plumb.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Memory of a long run stays what it is. */
class SoakTest {
    private static final int STEPS = 2000;

    @TempDir
    private Path folder;

    @Test
    void memoryDoesNotGrow() throws IOException, InterruptedException {
        Assumptions.assumeTrue(Files.exists(Path.of("/proc/self/status")), "skipped: no /proc on this system");
        TinyRun tiny = TinyRun.make(folder);
        Path yaml = tiny.yaml(
                "dpo",
                "run",
                "max_steps: " + STEPS,
                "eval_steps: 500",
                "save_steps: 500",
                "per_device_train_batch_size: 1",
                "micro_batch_tokens: 1000",
                "learning_rate: 1e-5");
        TrainingProcess process = TrainingProcess.start(yaml, false);
        Path metrics = tiny.layout("run").metrics();
        Map<Integer, Long> kilobytes = new LinkedHashMap<>();
        for (int step = 250; step < STEPS; step += 250) {
            int wanted = step;
            assertThat(process.waitFor(() -> lastStep(metrics) >= wanted))
                    .as(process.output())
                    .isTrue();
            kilobytes.put(step, resident(process.pid()));
        }
        assertThat(process.end()).as(process.output()).isZero();
        System.out.println("resident memory in KB by step: " + kilobytes);
        long early = kilobytes.get(500);
        long late = kilobytes.get(STEPS - 250);
        assertThat(late - early).as("growth in KB: " + kilobytes).isLessThan(Math.max(20_000, early / 20));
    }

    private static long lastStep(Path metrics) {
        try (RandomAccessFile file = new RandomAccessFile(metrics.toFile(), "r")) {
            Thread.sleep(10);
            byte[] end = new byte[(int) Math.min(4096, file.length())];
            file.seek(file.length() - end.length);
            file.readFully(end);
            String[] parts = new String(end, java.nio.charset.StandardCharsets.UTF_8).split("\"step\":");
            return parts.length < 2 ? 0 : Long.parseLong(parts[parts.length - 1].replaceAll(",.*(\\R.*)*", ""));
        } catch (IOException | InterruptedException | NumberFormatException e) {
            return 0; // not there yet, or a line that is half written
        }
    }

    private static long resident(long pid) throws IOException {
        return Files.readAllLines(Path.of("/proc/" + pid + "/status")).stream()
                .filter(line -> line.startsWith("VmRSS:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                .findFirst()
                .orElseThrow();
    }
}
