package dev.plumb.cli;

import dev.plumb.config.PlumbException;
import dev.plumb.hub.AtomicFiles;
import dev.plumb.train.Job;
import dev.plumb.train.Report;
import dev.plumb.train.RunLayout;
import dev.plumb.train.Training;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * The whole road on a small world of its own: a base model, demonstrations, preferences, and rewards that are checked, and
 * what each changed.
 */
@Command(
        name = "quickstart",
        description = {
            "Shows the whole road in about three minutes, without any input or network.",
            "",
            "Makes a small world and a base model that has read about it, fine-tunes it on demonstrations and aligns it to a"
                    + " preference by DPO. Then it fine-tunes the base model on sums that are mostly wrong, and lets it learn"
                    + " by GRPO from whether its own answers are right. On held-out questions it shows what each stage"
                    + " changed. All files stay in the folder, so that every stage can be looked at and run again."
        },
        footer = {"", "Examples:", "  plumb quickstart", "  plumb quickstart --output /tmp/tour --seed 7"})
public final class Quickstart implements Callable<Integer> {
    private static final int SAMPLES = 6;

    @Mixin
    private HelpOption help;

    @Option(
            names = "--output",
            paramLabel = "DIR",
            description = "Folder for everything (default: ${DEFAULT-VALUE}).",
            defaultValue = "runs/quickstart")
    private Path output;

    @Option(
            names = "--seed",
            paramLabel = "N",
            description = "Seed of the world, the weights and the order of rows (default: ${DEFAULT-VALUE}).",
            defaultValue = "42")
    private long seed;

    @Option(names = "--force", description = "Delete an earlier quickstart in that folder.")
    private boolean force;

    @Option(names = "--picture", paramLabel = "FILE", hidden = true, description = "Draw the result as an SVG.")
    private Optional<Path> picture = Optional.empty();

    private final QuickstartPlan plan;

    Quickstart() {
        this(QuickstartPlan.standard());
    }

    Quickstart(QuickstartPlan plan) {
        this.plan = plan;
    }

    @Override
    public Integer call() {
        long started = System.nanoTime();
        List<String> times = new ArrayList<>();
        QuickstartFiles files = new QuickstartFiles(output);
        files.clear(force);

        say("1/6  the world", "a village, all that is true in it, sums, and a model of random weights");
        QuickstartWorld world = QuickstartWorld.make(plan, seed, files);
        System.out.println(world.told());
        lap(times, "world", started);

        Map<QuickstartStage, Path> models = new EnumMap<>(QuickstartStage.class);
        List<QuickstartRoad.Stage> village = new ArrayList<>();
        List<QuickstartRoad.Stage> sums = new ArrayList<>();
        for (QuickstartStage stage : QuickstartStage.values()) {
            long began = System.nanoTime();
            say(stage.ordinal() + 2 + "/6  " + stage.title(), stage.purpose());
            Path start = stage.before().map(models::get).orElse(files.blank());
            Optional<Path> model = train(files, stage, start);
            if (model.isEmpty()) {
                return Exit.INTERRUPTED;
            }
            models.put(stage, model.get());
            if (stage.knowsTheVillage()) {
                village.add(
                        new QuickstartRoad.Stage(stage.title(), world.village().sit(model.get(), files.stories())));
            }
            if (stage.adds()) {
                sums.add(new QuickstartRoad.Stage(stage.title(), world.sums().sit(model.get(), files.stories())));
            }
            lap(times, stage.title(), began);
        }
        lap(times, "in all", started);
        QuickstartResult result = new QuickstartResult(
                new QuickstartRoad(world.village(), village), new QuickstartRoad(world.sums(), sums));
        return conclude(result, files, String.join(", ", times));
    }

    /** Trains as `plumb train FILE.yaml` does. */
    private Optional<Path> train(QuickstartFiles files, QuickstartStage stage, Path model) {
        files.settings(stage, model, plan, seed);
        List<String> words = List.of(files.yaml(stage).toString());
        Job job = RunWords.job(words, false);
        System.out.println("the same as: " + Text.program() + " train " + Text.word(files.yaml(stage)) + "\n");
        return new Training(job, false, List.of("plumb", "train", words.get(0)))
                .run()
                .model();
    }

    private int conclude(QuickstartResult result, QuickstartFiles files, String times) {
        List<String> notes = List.of(
                "The exam asks each model the same questions, about facts that stand in the texts of the base model and"
                        + " that no demonstration and no pair asks for; the exam of sums has those that no demonstration"
                        + " and no problem has;"
                        + " answers are sampled at temperature 1. One run each: the intervals cover the questions, not"
                        + " the noise of training.",
                "Curves, data and settings of each stage are in base/report.html, sft/report.html, dpo/report.html,"
                        + " sums/report.html and grpo/report.html beside this page. Seed " + seed + ". Time: " + times
                        + ".");
        RunLayout layout = new RunLayout(files.root());
        files.write(layout.samples(), result.sampleRows(SAMPLES));
        List<String> commands =
                commands(files, result.village().exam().questions().get(0).text());
        write(layout.summary(), result.summary(notes, commands).toPrettyString() + "\n");
        Path report = Report.write(files.root());
        picture.ifPresent(file -> write(file, QuickstartPicture.svg(result)));

        say("What each stage changed", "shares of held-out questions, with 95 % intervals");
        System.out.println(result.village().table() + "\n");
        System.out.println(result.sums().table() + "\n");
        System.out.println(String.join("\n", result.notes()) + "\n");
        System.out.println(result.village().samples(3));
        System.out.println(result.sums().samples(2));
        System.out.println("report  " + report);
        System.out.println("reward  " + new RunLayout(files.run(QuickstartStage.GRPO)).report() + " has its curve");
        System.out.println("time    " + times);
        List<String> failures = result.failures();
        if (!failures.isEmpty()) {
            System.out.println("\nThis did not work as it should: " + String.join(" ", failures));
            return Exit.FAULT;
        }
        System.out.println("\nNow yours:");
        commands.forEach(command -> System.out.println(command.isEmpty() ? "" : "  " + command));
        return Exit.DONE;
    }

    private static List<String> commands(QuickstartFiles files, String question) {
        String plumb = Text.program();
        return List.of(
                "# ask this model, or run a stage again with another setting",
                plumb + " generate model=" + Text.word(new RunLayout(files.run(QuickstartStage.DPO)).finalModel())
                        + " prompt='" + question + "'",
                plumb + " train " + Text.word(files.yaml(QuickstartStage.DPO)) + " beta=0.1 output="
                        + Text.word(files.root().resolve("dpo-again")),
                "# your model (a Hugging Face checkpoint folder), your demonstrations, preferences and problems",
                plumb + " check sft model=MODEL data=demonstrations.jsonl",
                plumb + " train sft model=MODEL data=demonstrations.jsonl output=runs/sft",
                plumb + " train dpo model=runs/sft/final data=preferences.jsonl output=runs/dpo",
                plumb + " train grpo model=runs/sft/final data=problems.jsonl reward_funcs=[accuracy] output=runs/grpo",
                "# rows look like those in " + Text.word(files.demonstrations()) + ", "
                        + Text.word(files.preferences().getFileName()) + " and "
                        + Text.word(files.problems().getFileName()));
    }

    private static void say(String title, String what) {
        System.out.println("\n== " + title + ": " + what);
    }

    private static void lap(List<String> times, String what, long since) {
        times.add(String.format(Locale.ROOT, "%s %.0f s", what, (System.nanoTime() - since) * 1e-9));
    }

    private static void write(Path file, String text) {
        try {
            AtomicFiles.writeString(file, text);
        } catch (IOException e) {
            throw new PlumbException(file + " cannot be written (" + e.getMessage() + ").", e);
        }
    }
}
