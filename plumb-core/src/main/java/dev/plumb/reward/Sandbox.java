package dev.plumb.reward;

import dev.plumb.config.PlumbException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Runs programs that nobody has read: in bubblewrap, in namespaces of their own, without network, on a read-only system with an
 * empty folder in memory to write to, an empty environment, and limits on time, memory, processes and output. All that a program
 * started ends with it.
 *
 * <p>The limits of a process are the kernel's ({@code prlimit}); a watch adds up memory and processes of all of them, and output,
 * and the clock. Root may break the kernel's limit of processes, so root steps down to nobody first.
 */
final class Sandbox {
    private static final int WATCH_MILLIS = 20;
    private static final long LARGEST_FOLDER = 32L << 20; // bytes
    private static final String NOBODY = "65534";
    private static final String FILES = "/program";

    private final Mode mode;
    private final boolean root;
    private final boolean folderSizes;
    private final List<Path> readable;

    private Sandbox(Mode mode, boolean root, boolean folderSizes, List<Path> readable) {
        this.mode = mode;
        this.root = root;
        this.folderSizes = folderSizes;
        this.readable = readable;
    }

    /** What stands between a program and this machine. */
    enum Mode {
        BUBBLEWRAP,
        /** Nothing but limits. The program may read, change and send what you may. */
        NONE
    }

    /**
     * A sandbox that was tried and works.
     *
     * @param mode what it is made of
     * @param readable folders that programs may read besides /usr
     * @throws PlumbException if it cannot be had here, with the remedy
     */
    static Sandbox open(Mode mode, List<Path> readable) {
        boolean root = "root".equals(System.getProperty("user.name"));
        if (mode == Mode.NONE) {
            return new Sandbox(mode, root, false, readable);
        }
        Optional<String> help = said("bwrap", "--help");
        if (help.isEmpty()) {
            throw refused("the command bwrap is not found; install the package bubblewrap");
        }
        if (said("prlimit", "--version").isEmpty()
                || root && said("setpriv", "--version").isEmpty()) {
            throw refused("prlimit and setpriv are not found; install the package util-linux");
        }
        Sandbox sandbox = new Sandbox(mode, root, help.get().contains("--size"), readable);
        Execution trial = sandbox.run(List.of("/bin/echo", "works"), Map.of(), "", SandboxLimits.byDefault());
        if (trial.end() != Execution.End.EXITED || !trial.output().equals("works\n")) {
            throw refused("bwrap does not work here (" + trial.errors().strip()
                    + "); allow unprivileged user namespaces, inside a container too");
        }
        return sandbox;
    }

    private static PlumbException refused(String why) {
        return new PlumbException("The sandbox for programs cannot be had: " + why
                + ". Nothing is run without it unless you say sandbox: none, which lets the model's programs do all that you may"
                + " do.");
    }

    private static Optional<String> said(String... command) {
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return process.waitFor() == 0 ? Optional.of(output) : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }

    /**
     * Runs a program to its end or its limits. Interrupted, it ends the program and returns at once, still interrupted.
     *
     * @param command the program and its arguments; {@code {files}} stands for the folder of its files
     * @param files names and texts of files that it may read
     * @param input what it reads
     * @param limits what it may use
     * @return how it ended
     */
    Execution run(List<String> command, Map<String, String> files, String input, SandboxLimits limits) {
        Path folder;
        try {
            folder = Files.createTempDirectory("plumb-sandbox");
        } catch (IOException e) {
            return new Execution(Execution.End.SANDBOX_ERROR, -1, "", "no temporary folder: " + e.getMessage());
        }
        try {
            Path readable = Files.createDirectory(folder.resolve("files"));
            for (Map.Entry<String, String> file : files.entrySet()) {
                Files.writeString(readable.resolve(file.getKey()), file.getValue());
            }
            if (root) { // nobody is to enter
                Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
            }
            Path status = folder.resolve("status");
            Process process = new ProcessBuilder(line(command, readable, status, limits))
                    .directory(readable.toFile())
                    .start();
            Execution execution = watch(process, input, limits);
            boolean started = mode == Mode.NONE || Files.readString(status).contains("child-pid");
            return started
                    ? execution
                    : new Execution(
                            Execution.End.SANDBOX_ERROR, execution.status(), execution.output(), execution.errors());
        } catch (IOException e) {
            return new Execution(Execution.End.SANDBOX_ERROR, -1, "", String.valueOf(e.getMessage()));
        } finally {
            delete(folder);
        }
    }

    private List<String> line(List<String> command, Path readable, Path status, SandboxLimits limits) {
        List<String> line = new ArrayList<>();
        if (mode == Mode.BUBBLEWRAP) {
            // bwrap tells on descriptor 3 whether the program was started, which the program cannot forge
            line.addAll(List.of("/bin/sh", "-c", "exec 3>\"$0\"; exec \"$@\"", status.toString()));
            if (root) {
                line.addAll(List.of("setpriv", "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"));
            }
            line.addAll(List.of("bwrap", "--unshare-all", "--unshare-user", "--uid", NOBODY, "--gid", NOBODY));
            line.addAll(List.of("--cap-drop", "ALL", "--die-with-parent", "--new-session", "--json-status-fd", "3"));
            line.addAll(List.of("--clearenv", "--setenv", "PATH", "/usr/local/bin:/usr/bin:/bin", "--setenv", "LANG"));
            line.addAll(List.of("C.UTF-8", "--setenv", "HOME", "/tmp", "--setenv", "PYTHONHASHSEED", "0"));
            line.addAll(List.of("--setenv", "PYTHONDONTWRITEBYTECODE", "1", "--ro-bind", "/usr", "/usr"));
            for (String system :
                    List.of("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/alternatives", "/etc/ld.so.cache")) {
                line.addAll(List.of("--ro-bind-try", system, system));
            }
            for (Path path : this.readable) {
                line.addAll(List.of("--ro-bind", path.toString(), path.toString()));
            }
            line.addAll(List.of("--proc", "/proc", "--dev", "/dev", "--ro-bind", readable.toString(), FILES));
            if (folderSizes) {
                line.addAll(List.of("--size", Long.toString(LARGEST_FOLDER)));
            }
            line.addAll(List.of("--tmpfs", "/tmp", "--chdir", "/tmp", "--"));
        }
        if (mode == Mode.BUBBLEWRAP || said("prlimit", "--version").isPresent()) {
            line.add("prlimit");
            line.add("--cpu=" + limits.cpuSeconds() + ":" + (limits.cpuSeconds() + 1)); // first a signal that tells why
            line.add("--as=" + ((long) limits.memoryMib() << 20));
            line.add("--fsize=" + ((long) limits.fileKib() << 10));
            line.add("--nofile=" + limits.openFiles());
            line.add("--core=0");
            if (mode == Mode.BUBBLEWRAP) { // elsewhere your other processes would count
                line.add("--nproc=" + limits.processes());
            }
            line.add("--");
        }
        String files = mode == Mode.BUBBLEWRAP ? FILES : readable.toString();
        command.forEach(word -> line.add(word.replace("{files}", files)));
        return line;
    }

    private static Execution watch(Process process, String input, SandboxLimits limits) throws IOException {
        long deadline = System.nanoTime() + (long) (limits.wallSeconds() * 1e9);
        Capture output = new Capture(process.getInputStream(), limits.outputKib() << 10);
        Capture errors = new Capture(process.getErrorStream(), limits.outputKib() << 10);
        Thread writer = new Thread(() -> write(process, input), "sandbox-input");
        writer.setDaemon(true);
        writer.start();
        Optional<Execution.End> ended = Optional.empty();
        boolean interrupted = false;
        try {
            while (ended.isEmpty() && !process.waitFor(WATCH_MILLIS, TimeUnit.MILLISECONDS)) {
                if (output.isOver() || errors.isOver()) {
                    ended = Optional.of(Execution.End.OUTPUT_LIMIT);
                } else if (System.nanoTime() > deadline) {
                    ended = Optional.of(Execution.End.TIMEOUT);
                } else {
                    ended = ResourceUse.of(process.toHandle()).beyond(limits);
                }
            }
        } catch (InterruptedException e) {
            interrupted = true;
            ended = Optional.of(Execution.End.TIMEOUT);
        }
        if (ended.isPresent()) { // of one that ended by itself this would close the output before it is read
            List<ProcessHandle> below = process.descendants().toList(); // in a sandbox they end with it
            process.destroyForcibly();
            below.forEach(ProcessHandle::destroyForcibly);
        }
        int status = -1;
        try {
            if (process.waitFor(5, TimeUnit.SECONDS)) {
                status = process.exitValue();
            }
            output.join();
            errors.join();
        } catch (InterruptedException e) {
            interrupted = true;
        }
        process.destroyForcibly(); // closes its streams
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        if (ended.isEmpty() && (output.isOver() || errors.isOver())) {
            ended = Optional.of(Execution.End.OUTPUT_LIMIT);
        }
        int signal = status - 128;
        Execution.End end = ended.orElse(signal == 24 /* SIGXCPU */ ? Execution.End.TIMEOUT : Execution.End.EXITED);
        return new Execution(end, status, output.text(), errors.text());
    }

    private static void write(Process process, String input) {
        try (OutputStream out = process.getOutputStream()) {
            out.write(input.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            // it ended without reading all, as it may
        }
    }

    private static void delete(Path folder) {
        try (Stream<Path> paths = Files.walk(folder)) {
            for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        } catch (IOException e) {
            // what a program without sandbox left open stays in the system's temporary folder
        }
    }
}
