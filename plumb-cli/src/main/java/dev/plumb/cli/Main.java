package dev.plumb.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.UsageMessageSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command line. */
@Command(
        name = "plumb",
        versionProvider = Version.class,
        subcommands = {
            Quickstart.class,
            Train.class,
            Check.class,
            Explain.class,
            Generate.class,
            Chat.class,
            Score.class,
            Eval.class,
            Compare.class,
            Merge.class,
            Bench.class
        },
        description =
                "Aligns language models: a Hugging Face checkpoint and a file of demonstrations or preferences in,"
                        + " an aligned checkpoint out, with the evidence.",
        footer = {
            "",
            "Examples:",
            "  plumb train dpo model=my-model data=pairs.jsonl",
            "  plumb check my-run.yaml",
            "  plumb explain dpo.beta",
            "  plumb COMMAND --help"
        })
public final class Main implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help.")
    private boolean help;

    @Option(
            names = {"-V", "--version"},
            versionHelp = true,
            description = "Show the versions of Plumb, libtorch and Java.")
    private boolean version;

    private Main() {}

    /**
     * Starts the command line and ends the process with its exit status.
     *
     * @param args the words after {@code plumb}
     */
    public static void main(String[] args) {
        int status = execute(args);
        if (status != Exit.INTERRUPTED) { // otherwise the signal has already set the status and the process is ending
            System.exit(status);
        }
    }

    /**
     * Runs one command.
     *
     * @param args the words after {@code plumb}
     * @return its exit status
     */
    static int execute(String... args) {
        CommandLine line = new CommandLine(new Main());
        line.setExpandAtFiles(false); // a prompt may begin with @
        line.setUsageHelpAutoWidth(false);
        line.setUsageHelpWidth(Text.columns());
        FaultReport report = new FaultReport();
        line.setExecutionExceptionHandler(report);
        line.setParameterExceptionHandler(report);
        document(line);
        line.getSubcommands().values().forEach(Main::document);
        try {
            return line.execute(args);
        } catch (Error e) {
            return report.fault(e);
        }
    }

    private static void document(CommandLine line) {
        UsageMessageSpec usage = line.getCommandSpec().usageMessage();
        usage.synopsisHeading("Usage: ");
        usage.descriptionHeading("%n");
        usage.parameterListHeading("%nWords:%n");
        usage.optionListHeading("%nOptions:%n");
        usage.commandListHeading("%nCommands:%n");
        usage.exitCodeListHeading("%nExit status:%n");
        usage.exitCodeList(Exit.meanings());
    }

    @Override
    public Integer call() {
        throw new ParameterException(spec.commandLine(), "Name a command, such as `plumb train`.");
    }
}
