package dev.plumb.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.plumb.config.PlumbException;
import dev.plumb.data.RowKind;
import dev.plumb.evaluate.PairScores;
import dev.plumb.hub.AtomicFiles;
import dev.plumb.hub.Checkpoint;
import dev.plumb.model.Decoder;
import dev.plumb.train.ComparisonReport;
import dev.plumb.train.Evaluation;
import dev.plumb.train.Job;
import dev.plumb.train.RunCost;
import dev.plumb.train.RunLayout;
import dev.plumb.train.Workplace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Compares methods. */
@Command(
        name = "compare",
        description = {
            "Trains several methods from one model on the same pairs in as many steps, and compares them on the same held-out"
                    + " pairs: accuracies with intervals, how far answers moved, tests of every method against every other,"
                    + " time and memory.",
            "",
            "Each run is made by a process of its own in a folder of its own. Called again with the same words, it goes on"
                    + " with what was not finished."
        },
        footer = {
            "",
            "Examples:",
            "  plumb compare methods=[dpo,ipo,simpo] model=my-model data=pairs.jsonl",
            "  plumb compare methods=[dpo,kto] model=my-model data=pairs.jsonl max_steps=200 dpo.beta=0.2",
            "  plumb compare examples/compare.yaml seeds=[1,2,3] output=runs/three-each"
        })
final class Compare implements Callable<Integer> {
    private static final String START = "start";

    @Spec
    private CommandSpec spec;

    @Mixin
    private HelpOption help;

    @Parameters(
            paramLabel = "WORDS",
            arity = "0..*",
            description = {
                "FILE.yaml if there is one, then key=value settings, which win over the file: those of `plumb explain"
                        + " compare`, those of every run, and METHOD.key=value."
            })
    private List<String> words = new ArrayList<>();

    @Option(names = "--resume", description = "Go on with what was not finished, as without this word.")
    private boolean resume;

    private Compare() {}

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (words.isEmpty()) {
            throw new ParameterException(
                    spec.commandLine(), "Name methods, as in `plumb compare methods=[dpo,ipo] model=… data=…`.");
        }
        ComparePlan plan = ComparePlan.of(words);
        Path folder = plan.settings().output();
        if (resume && !Files.exists(folder)) {
            throw new PlumbException("There is no comparison at " + folder
                    + " to resume: leave out `--resume` to start one, or correct `output`.");
        }
        CompareRuns runs = new CompareRuns(plan);
        runs.requireSameSettings();
        check(plan);
        CompareRuns.Outcome outcome = runs.train();
        if (outcome.interrupted()) {
            System.out.println("interrupted: the same command goes on");
            return Exit.INTERRUPTED;
        }
        if (outcome.failed().size() == plan.runs().size()) {
            throw new PlumbException("No run finished; the first: "
                    + outcome.failed().values().iterator().next() + ".");
        }
        CompareResult result = measure(plan, outcome);
        System.out.print(result.text());
        ObjectNode json = result.json();
        AtomicFiles.writeString(folder.resolve("compare.json"), json.toPrettyString() + "\n");
        ComparisonReport.write(folder.resolve("compare.html"), json);
        System.out.println();
        System.out.println("results " + folder.resolve("compare.json"));
        System.out.println("report  " + folder.resolve("compare.html"));
        if (!outcome.failed().isEmpty()) {
            outcome.failed().forEach((name, why) -> System.err.println(name + " did not finish: " + why + "."));
            System.err.println("Mend what stopped them and call again: finished runs are kept.");
            return Exit.FAULT;
        }
        return Exit.DONE;
    }

    /** Everything that the runs would refuse of data and model, before any of them starts. */
    private static void check(ComparePlan plan) {
        try (Workplace workplace = open(plan)) {
            System.out.println(workplace.dataset().preflight().text());
            workplace.dataset().preflight().requireSound();
            if (workplace.dataset().eval().size() == 0) {
                throw new PlumbException(
                        "There is no held-out pair to compare on: data.eval_share or data.eval_files must"
                                + " hold some.");
            }
        }
    }

    private static Workplace open(ComparePlan plan) {
        return Workplace.open(plan.runs().get(0).job().run(), RowKind.PREFERENCE);
    }

    private static CompareResult measure(ComparePlan plan, CompareRuns.Outcome outcome) {
        System.out.println("\n== comparing on the held-out pairs");
        try (Workplace workplace = open(plan)) {
            Evaluation evaluation = new Evaluation(List.of(workplace.dataset().eval()));
            Decoder begin = workplace.checkpoint().decoder();
            int limit = plan.runs().get(0).job().run().maxCompletionLength().orElse(64);
            List<int[]> prompts = evaluation.prompts(
                    plan.settings().lengthPrompts(), begin.architecture().contextLength() - limit);
            List<float[]> before = evaluation.tokenLogps(begin);
            CompareArm start = new CompareArm(
                    START,
                    START,
                    evaluation.sums(before),
                    Optional.empty(),
                    Evaluation.answers(begin, prompts, limit, workplace.stops()));
            List<CompareArm> trained = new ArrayList<>();
            for (ComparePlan.Run run : plan.runs()) {
                if (outcome.failed().containsKey(run.name())) {
                    continue;
                }
                Job job = run.job();
                RunLayout layout = new RunLayout(job.run().folder());
                RunCost cost = RunCost.read(layout);
                try (Checkpoint model = Models.open(layout.finalModel(), computing(job))) {
                    PairScores logps = evaluation.logps(model.decoder());
                    trained.add(new CompareArm(
                            run.name(),
                            run.method(),
                            logps,
                            Optional.of(new CompareArm.Learnt(
                                    evaluation.rewards(model.decoder(), before, job),
                                    evaluation.ratios(logps, before, 1),
                                    cost,
                                    cost.steps() * run.rowsPerStep())),
                            Evaluation.answers(model.decoder(), prompts, limit, workplace.stops())));
                }
            }
            return new CompareResult(plan, evaluation.rows(), start, trained, outcome.failed());
        }
    }

    private static Computing computing(Job job) {
        return new Computing(
                Optional.empty(),
                job.run().device(),
                job.run().dtype(),
                job.run().threads());
    }
}
