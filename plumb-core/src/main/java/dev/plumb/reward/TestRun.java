package dev.plumb.reward;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.plumb.reward.CodeTest.Kind;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/**
 * Runs one test of a program in the sandbox.
 *
 * <p>The expected output or value is never inside: it is compared here. A statement is, so it ends in a word that is drawn anew
 * for each run and is only written if the statement was reached and held; a program that leaves early does not pass. A program
 * that searches its interpreter's memory for that word could; use functions or inputs where this matters.
 *
 * @param sandbox where it runs
 * @param command the interpreter and its arguments, before the program's file
 * @param limits of one test
 * @param floatCompare whether numbers are equal to 1e-6
 */
record TestRun(Sandbox sandbox, List<String> command, SandboxLimits limits, boolean floatCompare) {
    private static final JsonMapper JSON = new JsonMapper();
    private static final double CLOSE = 1e-6;
    private static final String DRIVER = """
            import os, sys
            out = os.dup(1)
            os.dup2(2, 1)
            work = sys.stdin.read()
            import json
            work = json.loads(work)
            dump, write = json.dumps, os.write
            sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
            space = {"__name__": "candidate"}
            exec(compile(work["program"], "candidate", "exec"), space)
            if "call" in work:
                result = space[work["call"]](*work["arguments"])
                write(out, (work["word"] + dump(result)).encode())
            else:
                exec(compile(work["statement"], "test", "exec"), space)
                write(out, work["word"].encode())
            """;

    /** How a test ended, in the order in which it is decided. */
    enum Outcome {
        COMPILE_ERROR,
        FORBIDDEN,
        TIMEOUT,
        MEMORY_LIMIT,
        OUTPUT_LIMIT,
        PROCESS_LIMIT,
        RUNTIME_ERROR,
        WRONG_ANSWER,
        PASS,
        SANDBOX_ERROR
    }

    Outcome of(String program, CodeTest test, Optional<String> function) {
        String word = UUID.randomUUID().toString();
        Execution run = test.kind() == Kind.STDIN
                ? execute(Map.of("program.py", program), "program.py", text(test.input()))
                : execute(Map.of("driver.py", DRIVER), "driver.py", work(program, test, function, word));
        Optional<Outcome> fault = fault(run);
        if (fault.isPresent()) {
            return fault.get();
        }
        boolean passed = switch (test.kind()) {
            case STDIN -> sameOutput(run.output(), text(test.expected().orElse("")));
            case ASSERT -> run.output().equals(word);
            case FUNCTION ->
                run.output().startsWith(word) && sameValue(run.output().substring(word.length()), test.expected());
        };
        return passed ? Outcome.PASS : Outcome.WRONG_ANSWER;
    }

    private Execution execute(Map<String, String> files, String file, String input) {
        List<String> line = new ArrayList<>(command);
        line.add("{files}/" + file);
        return sandbox.run(line, files, input, limits);
    }

    private static String work(String program, CodeTest test, Optional<String> function, String word) {
        Map<String, Object> work = test.kind() == Kind.ASSERT
                ? Map.of("program", program, "word", word, "statement", text(test.input()))
                : Map.of(
                        "program",
                        program,
                        "word",
                        word,
                        "call",
                        function.orElse(""),
                        "arguments",
                        test.input() instanceof List<?> list ? list : List.of(test.input()));
        try {
            return JSON.writeValueAsString(work);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("a test cannot be written as JSON: " + e.getOriginalMessage(), e);
        }
    }

    private static Optional<Outcome> fault(Execution run) {
        return switch (run.end()) {
            case SANDBOX_ERROR -> Optional.of(Outcome.SANDBOX_ERROR);
            case TIMEOUT -> Optional.of(Outcome.TIMEOUT);
            case MEMORY_LIMIT -> Optional.of(Outcome.MEMORY_LIMIT);
            case OUTPUT_LIMIT -> Optional.of(Outcome.OUTPUT_LIMIT);
            case PROCESS_LIMIT -> Optional.of(Outcome.PROCESS_LIMIT);
            case EXITED -> {
                if (run.status() == 0) {
                    yield Optional.empty();
                }
                String error = run.errors().strip();
                String last = error.substring(error.lastIndexOf('\n') + 1);
                if (last.startsWith("SyntaxError")
                        || last.startsWith("IndentationError")
                        || last.startsWith("TabError")) {
                    yield Optional.of(Outcome.COMPILE_ERROR);
                }
                if (run.status() == 128 + 31) { // SIGSYS
                    yield Optional.of(Outcome.FORBIDDEN);
                }
                if (last.startsWith("AssertionError")) {
                    yield Optional.of(Outcome.WRONG_ANSWER);
                }
                yield Optional.of(last.startsWith("MemoryError") ? Outcome.MEMORY_LIMIT : Outcome.RUNTIME_ERROR);
            }
        };
    }

    private static String text(Object value) {
        return value.toString();
    }

    /** Line by line, white space at the ends of lines and after the last one ignored. */
    private boolean sameOutput(String output, String expected) {
        List<String> a =
                output.stripTrailing().lines().map(String::stripTrailing).toList();
        List<String> b =
                expected.stripTrailing().lines().map(String::stripTrailing).toList();
        if (a.equals(b)) {
            return true;
        }
        if (!floatCompare) {
            return false;
        }
        String[] words = output.strip().split("\\s+");
        String[] others = expected.strip().split("\\s+");
        if (words.length != others.length || a.size() != b.size()) {
            return false;
        }
        for (int i = 0; i < words.length; i++) {
            if (!words[i].equals(others[i]) && !close(words[i], others[i])) {
                return false;
            }
        }
        return true;
    }

    private static boolean close(String a, String b) {
        try {
            return close(Double.parseDouble(a), Double.parseDouble(b));
        } catch (NumberFormatException e) {
            return false;
        }
    }

    private static boolean close(double a, double b) {
        return Math.abs(a - b) <= CLOSE * Math.max(1, Math.max(Math.abs(a), Math.abs(b)));
    }

    private boolean sameValue(String json, Optional<Object> expected) {
        try {
            return same(JSON.readTree(json), JSON.valueToTree(expected.orElse(null)));
        } catch (JsonProcessingException e) {
            return false;
        }
    }

    private boolean same(JsonNode a, JsonNode b) {
        if (a.isNumber() && b.isNumber()) {
            boolean equal = !Double.isFinite(a.doubleValue()) || !Double.isFinite(b.doubleValue())
                    ? a.doubleValue() == b.doubleValue()
                    : new BigDecimal(a.asText()).compareTo(new BigDecimal(b.asText())) == 0;
            return equal || floatCompare && close(a.doubleValue(), b.doubleValue());
        }
        if (a.isArray() && b.isArray() && a.size() == b.size()) {
            for (int i = 0; i < a.size(); i++) {
                if (!same(a.get(i), b.get(i))) {
                    return false;
                }
            }
            return true;
        }
        if (a.isObject() && b.isObject() && a.size() == b.size()) {
            return a.properties().stream()
                    .allMatch(field -> b.has(field.getKey()) && same(field.getValue(), b.get(field.getKey())));
        }
        return a.equals(b);
    }
}
