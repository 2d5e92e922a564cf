package dev.plumb.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Memory of a long run stays what it is. */
class SoakTest {
    @TempDir
    private Path folder;

    @Test
    void memoryDoesNotGrowOverPairs() throws IOException, InterruptedException {
        hold(2000, "dpo", "per_device_train_batch_size: 1");
    }

    @Test
    void memoryDoesNotGrowOverRollouts() throws IOException, InterruptedException {
        hold(
                800,
                "ppo",
                "reward_funcs: [{name: regex, regex: {pattern: 'a'}}]",
                "per_device_train_batch_size: 2",
                "num_mini_batches: 2",
                "entropy_coef: 0.01",
                "bootstrap_truncated: true",
                "ptx_data: " + folder.resolve("demonstrations.jsonl"),
                "ptx_coef: 0.1");
    }

    private void hold(int steps, String method, String... more) throws IOException, InterruptedException {
        Assumptions.assumeTrue(Files.exists(Path.of("/proc/self/status")), "skipped: no /proc on this system");
        TinyRun tiny = TinyRun.make(folder);
        List<String> settings = new ArrayList<>(List.of(
                "max_steps: " + steps,
                "eval_steps: " + steps / 4,
                "save_steps: " + steps / 4,
                "micro_batch_tokens: 1000",
                "learning_rate: 1e-5"));
        settings.addAll(List.of(more));
        Path yaml = tiny.yaml(method, "run", settings.toArray(String[]::new));
        TrainingProcess process = TrainingProcess.start(yaml, false);
        Path metrics = tiny.layout("run").metrics();
        Map<Integer, Long> kilobytes = new LinkedHashMap<>();
        for (int step = steps / 8; step < steps; step += steps / 8) {
            int wanted = step;
            assertThat(process.waitFor(() -> lastStep(metrics) >= wanted))
                    .as(process.output())
                    .isTrue();
            kilobytes.put(step, resident(process.pid()));
        }
        assertThat(process.end()).as(process.output()).isZero();
        System.out.println("resident memory in KB by step: " + kilobytes);
        long early = kilobytes.get(steps / 4);
        long late = kilobytes.get(steps - steps / 8);
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
