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
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The whole road on a small world of its own: a base model, demonstrations, preferences, and what each changed. */
@Command(
        name = "quickstart",
        description = {
            "Shows the whole road in about three minutes, without any input or network.",
            "",
            "Makes a small world and a base model that has read about it, fine-tunes it on demonstrations, aligns it to a"
                    + " preference by DPO, and shows on held-out questions what each stage changed. All files stay in the"
                    + " folder, so that every stage can be looked at and run again."
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

    /** A stage of learning: its name is that of its run folder and its YAML file. */
    private enum Stage {
        BASE("base", "pre-training: the model reads about the village and learns to go on with a text"),
        SFT("SFT", "supervised fine-tuning: from demonstrations the model learns to answer a question and then stop"),
        DPO("DPO", "direct preference optimisation: from pairs of right answers it learns which manner is preferred");

        private final String title;
        private final String purpose;

        Stage(String title, String purpose) {
            this.title = title;
            this.purpose = purpose;
        }

        String folder() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    @Override
    public Integer call() {
        long started = System.nanoTime();
        List<String> times = new ArrayList<>();
        QuickstartFiles files = new QuickstartFiles(output);
        files.clear(force);

        say("1/4  the world", "a village, all that is true in it, and a model of random weights");
        Exam exam = makeWorld(files);
        lap(times, "world", started);

        List<QuickstartResult.Stage> results = new ArrayList<>();
        Path model = files.blank();
        for (Stage stage : Stage.values()) {
            long began = System.nanoTime();
            say(stage.ordinal() + 2 + "/4  " + stage.title, stage.purpose);
            Optional<Path> trained = train(files, stage, model);
            if (trained.isEmpty()) {
                return Exit.INTERRUPTED;
            }
            model = trained.get();
            results.add(new QuickstartResult.Stage(stage.title, exam.sit(model, data(files, stage))));
            lap(times, stage.title, began);
        }
        lap(times, "in all", started);
        return conclude(new QuickstartResult(exam, results), files, model, String.join(", ", times));
    }

    private Exam makeWorld(QuickstartFiles files) {
        Random random = new Random(seed);
        Village village = Village.found(plan.villagers(), random);
        List<Village.Story> stories = village.stories(plan.stories(), random);
        List<Village.Demonstration> demonstrations =
                village.demonstrations(plan.demonstrations(), plan.sourced(), random);
        files.write(files.stories(), stories);
        files.write(files.demonstrations(), demonstrations);
        files.write(files.preferences(), village.preferences(plan.pairs(), random));
        Exam exam = Exam.of(village, seed);
        files.write(files.exam(), exam.questions());
        files.tokenizer(stories.stream().map(Village.Story::text).toList(), plan.vocabulary());
        long parameters = files.blank(plan.width(), plan.layers(), seed);
        System.out.printf(
                Locale.ROOT,
                "%d people and %d facts; %,d texts, %,d demonstrations, %,d pairs; a Llama of %,d parameters.%n"
                        + "The texts tell all facts. Demonstrations and pairs ask for %d of them; the exam asks for the other %d.%n"
                        + "The preference: say it in one sentence and name the book that it stands in.%n",
                plan.villagers(),
                village.facts().size(),
                plan.stories(),
                plan.demonstrations(),
                plan.pairs(),
                parameters,
                village.asked().size(),
                village.heldOut().size());
        return exam;
    }

    private static Path data(QuickstartFiles files, Stage stage) {
        return switch (stage) {
            case BASE -> files.stories();
            case SFT -> files.demonstrations();
            case DPO -> files.preferences();
        };
    }

    /** Trains as `plumb train FILE.yaml` does. */
    private Optional<Path> train(QuickstartFiles files, Stage stage, Path model) {
        int batch = stage == Stage.BASE ? plan.batch() : plan.batch() / 2;
        files.settings(stage.folder(), model, data(files, stage), batch, seed);
        List<String> words = List.of(files.yaml(stage.folder()).toString());
        Job job = RunWords.job(words, false);
        System.out.println("the same as: " + Text.program() + " train " + Text.word(files.yaml(stage.folder())) + "\n");
        return new Training(job, false, List.of("plumb", "train", words.get(0)))
                .run()
                .model();
    }

    private int conclude(QuickstartResult result, QuickstartFiles files, Path model, String times) {
        List<String> notes = List.of(
                "The exam asks each model the same questions, about facts that stand in the texts of the base model and"
                        + " that no demonstration and no pair asks for;"
                        + " answers are sampled at temperature 1. One run each: the intervals cover the questions, not"
                        + " the noise of training.",
                "Curves, data and settings of each stage are in base/report.html, sft/report.html and dpo/report.html"
                        + " beside this page. Seed " + seed + ". Time: " + times + ".");
        RunLayout layout = new RunLayout(files.root());
        files.write(layout.samples(), result.sampleRows(SAMPLES));
        List<String> commands =
                commands(files, model, result.exam().questions().get(0).text());
        write(layout.summary(), result.summary(notes, commands).toPrettyString() + "\n");
        Path report = Report.write(files.root());
        picture.ifPresent(file -> write(file, QuickstartPicture.svg(result)));

        say("What each stage changed", "shares of held-out questions, with 95 % intervals");
        System.out.println(result.table() + "\n");
        System.out.println(String.join("\n", result.notes()) + "\n");
        System.out.println(result.samples(3));
        System.out.println("report  " + report);
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

    private static List<String> commands(QuickstartFiles files, Path model, String question) {
        String plumb = Text.program();
        return List.of(
                "# ask this model, or run a stage again with another setting",
                plumb + " generate model=" + Text.word(model) + " prompt='" + question + "'",
                plumb + " train " + Text.word(files.yaml(Stage.DPO.folder())) + " beta=0.1 output="
                        + Text.word(files.run("dpo-again")),
                "# your model (a Hugging Face checkpoint folder), your demonstrations, your preferences",
                plumb + " check sft model=MODEL data=demonstrations.jsonl",
                plumb + " train sft model=MODEL data=demonstrations.jsonl output=runs/sft",
                plumb + " train dpo model=runs/sft/final data=preferences.jsonl output=runs/dpo",
                "# rows look like those in " + Text.word(files.demonstrations()) + " and "
                        + Text.word(files.preferences()));
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
