package dev.plumb.reward;

import dev.plumb.config.PlumbException;
import dev.plumb.config.Setting;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * The share of a row's tests that the program in the completion passes, or 1 only if it passes all (arXiv 2501.12948, section
 * 2.2.2: feedback by tests). Each test runs in a {@link Sandbox} of its own, see {@link TestRun}.
 *
 * <p>With {@code fraction} less than all tests are worth at most 0.5, since passing the easy ones by special cases pays otherwise.
 * Where the sandbox fails, the completion has no reward. Programs are Python.
 */
final class CodeReward implements Rule {
    private static final double PARTIAL = 0.5;
    private static final int LITERALS = 5;
    private final Config config;
    private final TestRun tests;

    /**
     * The reward.
     *
     * @throws PlumbException if the sandbox or the interpreter in it does not work here
     */
    CodeReward(Config config) {
        this.config = config;
        Sandbox sandbox = Sandbox.open(config.sandbox(), config.readable());
        this.tests = new TestRun(sandbox, config.command(), config.limits(), config.floatCompare());
        CodeTest trial = new CodeTest(CodeTest.Kind.STDIN, "works", Optional.of("works"), false);
        TestRun.Outcome outcome = tests.of("print(input())", trial, Optional.empty());
        if (outcome != TestRun.Outcome.PASS) {
            throw new PlumbException("The command " + String.join(" ", config.command())
                    + " does not run Python in the sandbox (" + outcome.name().toLowerCase(Locale.ROOT)
                    + "). Give one that lies below /usr, or name its folders in readable.");
        }
    }

    /** What passing some of the tests is worth. */
    enum Mode {
        ALL_PASS,
        FRACTION
    }

    /**
     * Settings of the code reward.
     *
     * @param column the column with the tests
     * @param mode what passing some of the tests is worth
     * @param command the interpreter
     * @param limits of one test
     * @param programSeconds of all tests of a program
     * @param floatCompare whether numbers are equal to 1e-6
     * @param runs how often a program runs
     * @param sandbox what it runs in
     * @param readable further folders that it may read
     */
    record Config(
            @Setting(
                    doc =
                            "The column with the tests: a list of {kind, input, expected, visible} with kind stdin, function or"
                                    + " assert, or of assert statements. The function's name stands in the column entry_point."
                                    + " Visible tests do not score.",
                    byDefault = "tests")
            String column,

            @Setting(
                    doc =
                            "all_pass: 1 if every test passes, else 0; fraction: the share that passes, at most 0.5 unless"
                                    + " all do.",
                    byDefault = "all_pass")
            Mode mode,

            @Setting(doc = "The interpreter and its arguments.", byDefault = "[python3]")
            List<String> command,

            @Setting(doc = "What one test may use.") SandboxLimits limits,

            @Setting(
                    doc = "Time on the clock for all tests of a program, in seconds.",
                    byDefault = "30",
                    min = 0,
                    aboveMin = true)
            double programSeconds,

            @Setting(
                    doc = "Whether numbers are equal that differ by less than 1e-6, absolute or relative.",
                    byDefault = "false")
            boolean floatCompare,

            @Setting(doc = "How often each program runs; one whose runs differ has failed.", byDefault = "1", min = 1)
            int runs,

            @Setting(
                    doc = "bubblewrap, or none: then the model's programs may do all that you may do.",
                    byDefault = "bubblewrap")
            Sandbox.Mode sandbox,

            @Setting(doc = "Folders besides /usr that programs may read, such as that of an interpreter.")
            List<Path> readable) {
        /** Copies the lists. */
        Config {
            command = List.copyOf(command);
            readable = List.copyOf(readable);
            if (command.isEmpty()) {
                throw new IllegalArgumentException("command names no interpreter");
            }
        }

        /** The longest that a completion can take. */
        double seconds() {
            return runs * (programSeconds + limits.wallSeconds());
        }
    }

    @Override
    public Score score(RewardInput input) {
        Optional<List<CodeTest>> all =
                Optional.ofNullable(input.row().get(config.column())).flatMap(CodeTest::of);
        Optional<String> function = input.text("entry_point");
        List<CodeTest> hidden =
                all.orElse(List.of()).stream().filter(test -> !test.visible()).toList();
        if (hidden.isEmpty()
                || function.isEmpty() && hidden.stream().anyMatch(test -> test.kind() == CodeTest.Kind.FUNCTION)) {
            return Score.failure("no_tests");
        }
        Optional<String> program = Programs.last(input.completion(), "python");
        if (program.isEmpty()) {
            return Score.of(0, "extraction_failed");
        }
        List<String> notes = new ArrayList<>();
        if (literals(program.get(), hidden) > LITERALS || program.get().contains("__eq__")) {
            notes.add("suspect");
        }
        List<TestRun.Outcome> outcomes = run(program.get(), hidden, function);
        for (int again = 1; again < config.runs(); again++) {
            if (!run(program.get(), hidden, function).equals(outcomes)) {
                notes.add("flaky");
                return Score.of(0, notes.toArray(String[]::new));
            }
        }
        return score(outcomes, hidden.size(), notes);
    }

    /** The outcomes, up to the first that decides. */
    private List<TestRun.Outcome> run(String program, List<CodeTest> hidden, Optional<String> function) {
        long deadline = System.nanoTime() + (long) (config.programSeconds() * 1e9);
        List<TestRun.Outcome> outcomes = new ArrayList<>();
        for (CodeTest test : hidden) {
            TestRun.Outcome outcome =
                    System.nanoTime() > deadline ? TestRun.Outcome.TIMEOUT : tests.of(program, test, function);
            outcomes.add(outcome);
            boolean decided = outcome == TestRun.Outcome.SANDBOX_ERROR
                    || outcome == TestRun.Outcome.COMPILE_ERROR
                    || config.mode() == Mode.ALL_PASS && outcome != TestRun.Outcome.PASS;
            if (decided || Thread.currentThread().isInterrupted()) {
                break;
            }
        }
        return outcomes;
    }

    private Score score(List<TestRun.Outcome> outcomes, int of, List<String> notes) {
        long passed = outcomes.stream().filter(it -> it == TestRun.Outcome.PASS).count();
        TestRun.Outcome worst = outcomes.stream()
                .filter(it -> it != TestRun.Outcome.PASS)
                .min(Comparator.naturalOrder())
                .orElse(TestRun.Outcome.PASS);
        notes.add(worst.name().toLowerCase(Locale.ROOT));
        String[] words = notes.toArray(String[]::new);
        if (outcomes.contains(TestRun.Outcome.SANDBOX_ERROR)) {
            return Score.failure(words);
        }
        if (passed == of) {
            return Score.of(1, words);
        }
        return Score.of(config.mode() == Mode.FRACTION ? Math.min(PARTIAL, passed / (double) of) : 0, words);
    }

    /** How many expected results of more than two characters stand in the program. */
    private static long literals(String program, List<CodeTest> hidden) {
        return hidden.stream()
                .flatMap(test -> test.expected().stream())
                .map(expected -> expected.toString().strip())
                .filter(expected -> expected.length() > 2)
                .distinct()
                .filter(program::contains)
                .count();
    }
}
