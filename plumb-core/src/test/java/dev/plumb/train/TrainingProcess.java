package dev.plumb.train;

import dev.plumb.config.PlumbException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Training in a process of its own, which can be killed. */
public final class TrainingProcess {
    private final Process process;
    private final Path log;

    private TrainingProcess(Process process, Path log) {
        this.process = process;
        this.log = log;
    }

    /** The process: a YAML, and whether to go on with its run. */
    public static void main(String[] args) {
        try {
            new Training(TinyRun.job(Path.of(args[0])), Boolean.parseBoolean(args[1]), List.of("test")).run();
        } catch (PlumbException e) {
            System.err.println("plumb: " + e.getMessage());
            System.exit(1);
        }
    }

    /** Starts the process; what stands in front of its command may limit it. */
    static TrainingProcess start(Path yaml, boolean resume, String... before) {
        return start(TrainingProcess.class, yaml, List.of(yaml.toString(), Boolean.toString(resume)), before);
    }

    /** Starts another program beside a file. */
    public static TrainingProcess start(Class<?> main, Path yaml, List<String> words, String... before) {
        List<String> command = new ArrayList<>(List.of(before));
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(
                List.of("-Xmx160m", "-Xms160m", "-XX:+AlwaysPreTouch", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
        command.add("-Dorg.bytedeco.openblas.load=" + System.getProperty("org.bytedeco.openblas.load", "openblas"));
        command.add("-Dorg.bytedeco.javacpp.maxPhysicalBytes=0");
        command.add("-Dorg.bytedeco.javacpp.maxBytes=0");
        String home = System.getProperty("user.home"); // where native libraries lie unpacked
        command.add("-Dorg.bytedeco.javacpp.cachedir="
                + System.getProperty("org.bytedeco.javacpp.cachedir", home + "/.javacpp/cache"));
        command.add("-DDJL_CACHE_DIR=" + home + "/.djl.ai");
        command.add("-Duser.home=" + yaml.getParent()); // and stored references of other runs do not
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
        command.addAll(words);
        try {
            Path log = Files.createTempFile(yaml.getParent(), "process", ".log");
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(Redirect.to(log.toFile()))
                    .start();
            return new TrainingProcess(process, log);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** How many lines a file has by now; 0 if there is none, or while it is being replaced. */
    public static int lines(Path file) {
        try {
            return Files.readAllLines(file).size();
        } catch (IOException e) {
            return 0;
        }
    }

    long pid() {
        return process.pid();
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** Waits for something to happen, kills at once, and says whether the process lived until then. */
    public boolean killWhen(BooleanSupplier moment) {
        boolean met = waitFor(moment);
        process.destroyForcibly(); // SIGKILL
        end();
        return met;
    }

    /** Waits for something to happen while the process lives. */
    boolean waitFor(BooleanSupplier moment) {
        while (process.isAlive()) {
            if (moment.getAsBoolean()) {
                return process.isAlive();
            }
            LockSupport.parkNanos(500_000); // a core that spun here would be missing in what is waited for
        }
        return false;
    }

    /** Waits for the end, and gives the exit status. */
    public int end() {
        try {
            if (!process.waitFor(2, TimeUnit.MINUTES)) {
                process.destroyForcibly();
                throw new AssertionError("the training did not end: " + output());
            }
            return process.exitValue();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    public String output() {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
