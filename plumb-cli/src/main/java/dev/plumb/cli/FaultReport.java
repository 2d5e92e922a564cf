package dev.plumb.cli;

import dev.plumb.config.PlumbException;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/** Faults as sentences on the standard error output. A stack trace is for errors of our own only, and goes to a file. */
final class FaultReport implements IExecutionExceptionHandler, IParameterExceptionHandler {
    private static final String MEMORY_REMEDY = " Lower per_device_train_batch_size (and raise"
            + " gradient_accumulation_steps), set gradient_checkpointing=true, or lower data.max_length.";

    @Override
    public int handleExecutionException(Exception e, CommandLine line, ParseResult words) {
        return e instanceof ParameterException wrong ? handleParseException(wrong, new String[0]) : fault(e);
    }

    @Override
    public int handleParseException(ParameterException e, String[] words) {
        CommandLine line = e.getCommandLine();
        String command = line.getCommandSpec().qualifiedName();
        System.err.println(sentence(e, line) + " `" + command + " --help` tells more.");
        return Exit.USAGE;
    }

    private static String sentence(ParameterException e, CommandLine line) {
        if (e instanceof UnmatchedArgumentException unmatched
                && !unmatched.getUnmatched().isEmpty()) {
            String word = unmatched.getUnmatched().get(0);
            if (word.startsWith("-")) {
                String key = word.replaceFirst("^-+", "").replaceFirst("=.*", "");
                return "There is no option " + word + "; settings are written without dashes, as in " + key + "=….";
            }
            if (!line.getSubcommands().isEmpty()) {
                List<String> near = unmatched.getSuggestions();
                return "There is no command '" + word + "'"
                        + (near.isEmpty() ? "." : "; did you mean '" + near.get(0) + "'?");
            }
        }
        String message = String.valueOf(e.getMessage());
        return message.endsWith(".") || message.endsWith("?") ? message : message + ".";
    }

    /** Reports what stopped a command. */
    int fault(Throwable e) {
        if (e instanceof PlumbException) {
            System.err.println(e.getMessage());
            if (debug()) {
                e.printStackTrace();
            }
            return Exit.FAULT;
        }
        if (isOutOfMemory(e)) {
            System.err.println("There is not enough memory." + MEMORY_REMEDY);
            return Exit.FAULT;
        }
        internal(e);
        return Exit.INTERNAL;
    }

    /** The heap of Java, or the allocator of libtorch, which says so in its message only. */
    private static boolean isOutOfMemory(Throwable e) {
        String message = String.valueOf(e.getMessage());
        return e instanceof OutOfMemoryError
                || message.contains("DefaultCPUAllocator: can't allocate memory")
                || message.contains("CUDA out of memory");
    }

    private static void internal(Throwable e) {
        PrintStream err = System.err;
        err.println("Plumb met an error of its own: " + e);
        if (debug()) {
            e.printStackTrace();
            return;
        }
        try {
            Path file = Files.createTempFile("plumb-error-", ".txt");
            try (PrintWriter out = new PrintWriter(Files.newBufferedWriter(file, StandardCharsets.UTF_8))) {
                e.printStackTrace(out);
            }
            err.println("Please report it with " + file + ", which tells where it happened.");
        } catch (IOException unwritable) {
            e.printStackTrace();
        }
    }

    private static boolean debug() {
        return !System.getenv().getOrDefault("PLUMB_DEBUG", "").isEmpty();
    }
}
