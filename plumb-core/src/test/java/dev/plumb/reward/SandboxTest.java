package dev.plumb.reward;

import static org.assertj.core.api.Assertions.assertThat;

import dev.plumb.config.PlumbException;
import dev.plumb.reward.Execution.End;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What programs can and cannot do in the sandbox; skipped where there is none. */
class SandboxTest {
    private Sandbox sandbox;

    /** The sandbox, or the test is skipped with the reason. */
    static Sandbox sandbox() {
        try {
            return Sandbox.open(Sandbox.Mode.BUBBLEWRAP, List.of());
        } catch (PlumbException e) {
            Assumptions.abort("skipped: " + e.getMessage());
            throw e;
        }
    }

    /** Whether Python is where the sandbox sees it. */
    static void needPython() {
        Assumptions.assumeTrue(Files.isExecutable(Path.of("/usr/bin/python3")), "skipped: no /usr/bin/python3");
    }

    @BeforeEach
    void open() {
        sandbox = sandbox();
    }

    @Test
    void readsItsInputAndFilesAndNothingElse(@TempDir Path outside) throws Exception {
        Path secret = Files.writeString(outside.resolve("secret"), "seen");
        Execution run = shell("cat; cat {files}/a; cat " + secret + "; echo $HOME; env | grep -c .; ls /etc", "in");
        assertThat(run.end()).isEqualTo(End.EXITED);
        assertThat(run.output()).startsWith("inB/tmp\n").doesNotContain("seen").doesNotContain("passwd");
        assertThat(run.errors()).contains("secret: No such file");
    }

    @Test
    void writesOnlyToItsOwnFolder(@TempDir Path outside) {
        Path target = outside.resolve("written");
        Execution run = shell(
                "echo x > /tmp/x && cat /tmp/x; echo x > " + target + "; echo x > /usr/x; echo x > {files}/x; exit 3",
                "");
        assertThat(run.output()).isEqualTo("x\n");
        assertThat(run.status()).isEqualTo(3);
        assertThat(target).doesNotExist();
        assertThat(run.errors()).contains("Read-only file system");
        assertThat(shell("ls -A /tmp", "").output()).isEmpty();
    }

    @Test
    void hasNoNetworkAndSeesNoOtherProcess() {
        Execution run = shell("cat /proc/net/dev | grep -v lo: | grep -c :; ls /proc | grep -c '^[0-9]'", "");
        List<String> lines = run.output().lines().toList();
        assertThat(lines.get(0)).isEqualTo("0");
        assertThat(Integer.parseInt(lines.get(1))).isLessThan(8);
    }

    @Test
    void endsWhatHangs() {
        long start = System.nanoTime();
        assertThat(run("sleep 100", "", SandboxLimits.byDefault().withWallSeconds(0.5))
                        .end())
                .isEqualTo(End.TIMEOUT);
        assertThat(run("(sleep 77.7 &) ; (setsid sleep 77.7 &); exit 0", "", SandboxLimits.byDefault())
                        .end())
                .isEqualTo(End.EXITED);
        assertThat((System.nanoTime() - start) / 1e9).isLessThan(5);
        assertThat(ProcessHandle.allProcesses()
                        .filter(process ->
                                process.info().commandLine().orElse("").contains("sleep 77.7")))
                .isEmpty();
        SandboxLimits cpu = new SandboxLimits(1, 20, 512, 32, 64, 1024, 64);
        assertThat(run("while :; do :; done", "", cpu).end()).isEqualTo(End.TIMEOUT);
    }

    @Test
    void losesNoOutputOfShortPrograms() throws Exception {
        List<Callable<String>> calls = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            String word = "word " + i + "\n";
            calls.add(() -> shell("cat", word).output().equals(word) ? "" : word);
        }
        ExecutorService pool = Executors.newFixedThreadPool(8);
        try {
            for (Future<String> lost : pool.invokeAll(calls)) {
                assertThat(lost.get()).isEmpty();
            }
        } finally {
            pool.shutdownNow();
        }
    }

    @Test
    void endsAGigabyteOfOutput() {
        Execution run = shell("yes | head -c 1000000000", "");
        assertThat(run.end()).isEqualTo(End.OUTPUT_LIMIT);
        assertThat(run.output()).hasSize(64 << 10);
        assertThat(shell("yes | head -c 1000000000 1>&2", "").end()).isEqualTo(End.OUTPUT_LIMIT);
        assertThat(shell("head -c 2000000 /dev/zero > /tmp/big; ls -l /tmp/big | cut -d' ' -f5", "")
                        .output())
                .isEqualTo("1048576\n");
        assertThat(shell("cat > /dev/null; echo read", "x".repeat(3_000_000)).output())
                .isEqualTo("read\n");
        assertThat(shell("exit 0", "x".repeat(3_000_000)).end()).isEqualTo(End.EXITED);
    }

    @Test
    void endsForksAndMemory() {
        needPython();
        Execution forks = python("import os\nwhile True:\n  try: os.fork()\n  except OSError: pass\n");
        assertThat(forks.end()).isIn(End.TIMEOUT, End.PROCESS_LIMIT);
        Execution memory = python("x = bytearray(10**9)\n");
        assertThat(memory.errors()).contains("MemoryError");
        Execution shared = python("import os, time\nfor i in range(8):\n  if os.fork() == 0: break\n"
                + "x = bytearray(200 << 20)\ntime.sleep(5)\n");
        assertThat(shared.end()).isEqualTo(End.MEMORY_LIMIT);
    }

    @Test
    void aSandboxThatDoesNotStartIsNotTheProgramsFault() {
        Sandbox broken = Sandbox.open(Sandbox.Mode.BUBBLEWRAP, List.of(Path.of("/usr")));
        assertThat(broken.run(List.of("/bin/echo", "a"), Map.of(), "", SandboxLimits.byDefault())
                        .output())
                .isEqualTo("a\n");
        assertThat(shell("echo 'bwrap: no namespace' >&2; exit 1", "").end()).isEqualTo(End.EXITED);
        try {
            Sandbox.open(Sandbox.Mode.BUBBLEWRAP, List.of(Path.of("/no/such/folder")));
            throw new AssertionError("opened");
        } catch (PlumbException e) {
            assertThat(e).hasMessageContaining("/no/such/folder").hasMessageContaining("sandbox: none");
        }
    }

    @Test
    void anInterruptEndsTheProgram() throws Exception {
        Thread caller =
                new Thread(() -> run("sleep 99.9", "", SandboxLimits.byDefault().withWallSeconds(60)));
        caller.start();
        Thread.sleep(300);
        caller.interrupt();
        caller.join(5000);
        assertThat(caller.isAlive()).isFalse();
    }

    private Execution shell(String script, String input) {
        return run(script, input, SandboxLimits.byDefault());
    }

    private Execution run(String script, String input, SandboxLimits limits) {
        return sandbox.run(List.of("/bin/sh", "-c", script), Map.of("a", "B"), input, limits);
    }

    private Execution python(String program) {
        return sandbox.run(
                List.of("python3", "{files}/p.py"),
                Map.of("p.py", program),
                "",
                SandboxLimits.byDefault().withWallSeconds(3));
    }
}
