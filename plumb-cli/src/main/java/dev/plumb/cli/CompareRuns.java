package dev.plumb.cli;

import dev.plumb.config.Dump;
import dev.plumb.config.PlumbException;
import dev.plumb.hub.AtomicFiles;
import dev.plumb.train.RunLayout;
import dev.plumb.train.Training;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;

/**
 * Trains the runs of a comparison one after another, each in a process of its own: its peak memory is then its own, not that of
 * the hungriest before it, and a crash, even in native code, ends no other run.
 */
final class CompareRuns {
    private static final int CTRL_C = 130;
    private static final int TERMINATED = 143;

    private final Path folder;
    private final List<ComparePlan.Run> runs;

    CompareRuns(ComparePlan plan) {
        this.folder = plan.settings().output();
        this.runs = plan.runs();
    }

    /**
     * How the runs ended.
     *
     * @param failed why, by name, for those that did
     * @param interrupted whether the rest was not tried
     */
    record Outcome(Map<String, String> failed, boolean interrupted) {}

    /** Refuses to go on with runs that were begun with other settings, before any is touched. */
    void requireSameSettings() {
        for (ComparePlan.Run run : runs) {
            List<String> differences = new Training(run.job(), true, List.of()).otherSettings();
            if (!differences.isEmpty()) {
                throw new PlumbException("The run in " + run.job().run().folder() + " was made with other settings: "
                        + String.join("; ", differences)
                        + ". Repeat them as they were, or choose another `output`.");
            }
        }
    }

    /** Trains those that have no final model yet. */
    Outcome train() throws IOException, InterruptedException {
        Map<String, String> failed = new LinkedHashMap<>();
        for (int i = 0; i < runs.size(); i++) {
            ComparePlan.Run run = runs.get(i);
            RunLayout layout = new RunLayout(run.job().run().folder());
            String title = "\n== " + run.name() + " (" + (i + 1) + " of " + runs.size() + ")";
            if (Files.exists(layout.finalModel())) {
                System.out.println(title + ": finished before");
                continue;
            }
            Path yaml = folder.resolve(run.name() + ".yaml");
            Path log = folder.resolve(run.name() + ".log");
            boolean resume = Files.exists(layout.config());
            Files.createDirectories(folder);
            AtomicFiles.writeString(yaml, Dump.yaml((Record) run.job()));
            System.out.println(title + ": the same as " + Text.program() + " train " + Text.word(yaml)
                    + (resume ? " --resume" : "") + "; all it says is in " + log);
            List<String> said = new ArrayList<>();
            int status = train(yaml, log, resume, said);
            if (status == CTRL_C || status == TERMINATED) {
                return new Outcome(failed, true);
            }
            if (status != 0) {
                String why = status > 128 ? "ended by signal " + (status - 128) : "exit status " + status;
                String last = said.isEmpty() ? "" : "; its last words: " + said.get(said.size() - 1);
                failed.put(run.name(), why + last + " (" + log + ")");
                System.out.println("failed: " + failed.get(run.name()));
            }
        }
        return new Outcome(failed, false);
    }

    private static int train(Path yaml, Path log, boolean resume, List<String> said)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName(), "train"));
        command.add(yaml.toString());
        if (resume) {
            command.add("--resume");
        }
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        CountDownLatch ended = new CountDownLatch(1);
        Thread hook = new Thread(() -> stop(process, ended), "plumb-compare");
        Runtime.getRuntime().addShutdownHook(hook);
        try (BufferedReader words =
                        new BufferedReader(new InputStreamReader(process.getInputStream(), Charset.defaultCharset()));
                BufferedWriter out = Files.newBufferedWriter(log)) {
            for (String line = words.readLine(); line != null; line = words.readLine()) {
                out.write(line + "\n");
                out.flush();
                if (line.matches("(step \\d|eval at ).*")) {
                    System.out.println("  " + line);
                }
                if (!line.isBlank()) {
                    said.add(line.strip());
                    said.subList(0, said.size() - 1).clear();
                }
            }
            return process.waitFor();
        } finally {
            ended.countDown();
            try {
                Runtime.getRuntime().removeShutdownHook(hook);
            } catch (IllegalStateException e) {
                // This process is ending, and the hook has nothing left to wait for.
            }
        }
    }

    /** Ctrl-C reaches the run too, which saves and ends; a kill of this process alone is handed on. */
    private static void stop(Process process, CountDownLatch ended) {
        process.destroy();
        try {
            ended.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
