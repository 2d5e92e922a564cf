package dev.plumb.cli;

import dev.plumb.config.Binder;
import dev.plumb.config.YamlSource;
import dev.plumb.evaluate.Proportion;
import dev.plumb.train.Job;
import dev.plumb.train.Training;
import java.nio.file.Path;
import java.util.*;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Draft. */
@Command(name = "quickstart")
public final class Quickstart implements Callable<Integer> {
    @Option(names = "--output")
    private Path output = Path.of("runs", "quickstart");
    @Option(names = "--seed")
    private long seed = 42;
    @Option(names = "--force")
    private boolean force;

    @Override
    public Integer call() {
        QuickstartPlan plan = QuickstartPlan.standard();
        long t0 = System.nanoTime();
        QuickstartFiles files = new QuickstartFiles(output);
        files.clear(force);
        Random random = new Random(seed);
        Village village = Village.found(plan.villagers(), random);
        List<Village.Story> stories = village.stories(plan.stories(), random);
        List<Village.Demonstration> demos = village.demonstrations(plan.demonstrations(), QuickstartPlan.SOURCED, random);
        List<Village.Pair> pairs = village.preferences(plan.pairs(), random);
        files.write(files.stories(), stories);
        files.write(files.demonstrations(), demos);
        files.write(files.preferences(), pairs);
        Exam exam = Exam.of(village, seed);
        files.write(files.exam(), exam.questions());
        List<String> texts = new ArrayList<>();
        stories.forEach(s -> texts.add(s.text()));
        demos.forEach(d -> d.messages().forEach(t -> texts.add(t.content())));
        files.tokenizer(texts, plan.vocabulary());
        System.out.println("params " + files.blank(plan.width(), plan.layers(), seed));
        t0 = lap("world", t0);
        Path model = files.blank();
        Path[] data = {files.stories(), files.demonstrations(), files.preferences()};
        String[] stages = {"base", "sft", "dpo"};
        for (int i = 0; i < 3; i++) {
            files.settings(stages[i], model, data[i], seed);
            YamlSource source = YamlSource.file(files.yaml(stages[i]));
            Job job = i == 2 ? Binder.bind(Job.DpoJob.class, source) : Binder.bind(Job.SftJob.class, source);
            model = new Training(job, false, List.of("quickstart")).run().model().orElseThrow();
            t0 = lap(stages[i], t0);
            List<Exam.Answer> answers = exam.sit(model, files.stories());
            System.out.println("right " + new Proportion(answers.stream().filter(Exam.Answer::right).count(), answers.size()) + " sourced " + answers.stream().filter(Exam.Answer::sourced).count());
            for (int k = 0; k < 6; k++) System.out.println("   " + exam.questions().get(k) + " -> " + answers.get(k));
            t0 = lap(stages[i] + " exam", t0);
            try (var c = dev.plumb.hub.Checkpoint.load(model, Optional.empty(), dev.plumb.tensor.Device.CPU); var tk = dev.plumb.text.Tokenizer.load(model)) {
                for (var fs : List.of(village.asked(), village.heldOut())) {
                List<int[]> ps = new ArrayList<>();
                for (Fact f : fs) ps.add(tk.encode("Heard: " + f.in(f.topic().questions().get(0)) + " T" + f.statement().replace(" " + f.value(), "").substring(1)));
                var out = new dev.plumb.model.Generator(c.decoder(), 64).generate(ps, dev.plumb.model.Sampling.greedy(5, Set.of()));
                int ok = 0;
                for (int k = 0; k < ps.size(); k++) if (tk.decode(out.get(k).ids()).startsWith(" " + fs.get(k).value())) ok++;
                System.out.println("knows " + ok + " of " + ps.size());
                }
            }
            t0 = System.nanoTime();
        }
        return 0;
    }

    private static long lap(String what, long t0) {
        System.out.printf("## %s %.1f s%n", what, (System.nanoTime() - t0) * 1e-9);
        return System.nanoTime();
    }

    public static void main(String[] args) {
        System.exit(new picocli.CommandLine(new Quickstart()).execute(args));
    }
}
