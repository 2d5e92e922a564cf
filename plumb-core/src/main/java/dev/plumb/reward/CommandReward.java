package dev.plumb.reward;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.plumb.config.Setting;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeoutException;

/**
 * What a program of yours says, in any language: it reads one JSON object {@code {prompt, completion, completion_tokens, stopped,
 * row}} and writes a number, or null where it has nothing to say. It runs once for each completion, in the {@link Sandbox}.
 */
final class CommandReward implements Rule {
    private static final JsonMapper JSON = new JsonMapper();
    private final Config config;
    private final Sandbox sandbox;

    CommandReward(Config config) {
        this.config = config;
        this.sandbox = Sandbox.open(config.sandbox(), config.readable());
    }

    /**
     * Settings of the command reward.
     *
     * @param command the program and its arguments
     * @param limits what it may use
     * @param sandbox what it runs in
     * @param readable further folders that it may read
     */
    record Config(
            @Setting(
                    doc =
                            "The program and its arguments. It reads {prompt, completion, completion_tokens, stopped, row} as"
                                    + " JSON and writes a number, or null.")
            List<String> command,

            @Setting(doc = "What one call may use.") SandboxLimits limits,

            @Setting(
                    doc = "bubblewrap, or none: then the program may do all that you may do.",
                    byDefault = "bubblewrap")
            Sandbox.Mode sandbox,

            @Setting(doc = "Folders besides /usr that it may read, such as its own.")
            List<Path> readable) {
        /** Copies the lists. */
        Config {
            command = List.copyOf(command);
            readable = List.copyOf(readable);
            if (command.isEmpty()) {
                throw new IllegalArgumentException("command names no program");
            }
        }
    }

    @Override
    public Score score(RewardInput input) throws IOException, TimeoutException {
        Execution run = sandbox.run(config.command(), Map.of(), json(input), config.limits());
        if (run.end() == Execution.End.TIMEOUT) {
            throw new TimeoutException("took longer than "
                    + config.limits().wallSeconds() + " s, or "
                    + config.limits().cpuSeconds() + " s of processor time");
        }
        if (run.end() != Execution.End.EXITED || run.status() != 0) {
            throw new IOException(
                    "the command ended with " + run.end() + ", status " + run.status() + lastLine(run.errors()));
        }
        String output = run.output().strip();
        if (output.equals("null")) {
            return Score.notApplicable();
        }
        try {
            return Score.of(Double.parseDouble(output));
        } catch (IllegalArgumentException e) {
            throw new IOException(
                    "the command wrote no number but: " + output.substring(0, Math.min(80, output.length())), e);
        }
    }

    private static String json(RewardInput input) throws JsonProcessingException {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("prompt", input.prompt());
        all.put("completion", input.completion());
        all.put("completion_tokens", input.completionTokens());
        all.put("stopped", input.stopped());
        all.put("row", input.row());
        return JSON.writeValueAsString(all);
    }

    private static String lastLine(String errors) {
        String text = errors.strip();
        return text.isEmpty() ? "" : ": " + text.substring(text.lastIndexOf('\n') + 1);
    }
}
