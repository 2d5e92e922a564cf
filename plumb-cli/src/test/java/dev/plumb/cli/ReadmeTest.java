package dev.plumb.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.plumb.config.Binder;
import dev.plumb.config.YamlSource;
import dev.plumb.data.TokenSequence;
import dev.plumb.hub.Checkpoint;
import dev.plumb.recipe.Recipe;
import dev.plumb.tensor.Device;
import dev.plumb.train.Job;
import dev.plumb.train.Method;
import dev.plumb.train.Methods;
import dev.plumb.train.Scorer;
import dev.plumb.train.Training;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** The README, the examples and the check of both JDKs say what is true. */
class ReadmeTest {
    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
    private static final Pattern WORD = Pattern.compile("((?:[^\\s']|'[^']*')+)");

    @TestFactory
    Stream<DynamicTest> everyCommandOfTheReadmeIsOneThatPlumbTakes() throws IOException {
        List<String> commands = new ArrayList<>();
        for (String page : List.of("README.md", "docs/instructgpt.md")) {
            int before = commands.size();
            blocks(page, "sh").stream()
                    .flatMap(block -> block.replaceAll("\\\\\\n *", "").lines())
                    .filter(line -> line.startsWith("./plumb "))
                    .forEach(commands::add);
            assertThat(commands).as(page).hasSizeGreaterThan(before);
        }
        assertThat(commands).hasSizeGreaterThan(6);
        return commands.stream().map(command -> DynamicTest.dynamicTest(command, () -> check(command)));
    }

    private static void check(String command) {
        List<String> words = words(command);
        String name = words.get(0);
        List<String> rest = words.subList(1, words.size());
        Console help = Console.run(name, "--help");
        assertThat(help.status()).as(name + " is a command").isEqualTo(Exit.DONE);
        assertThat(help.out()).startsWith("Usage: plumb " + name);
        switch (name) {
            case "train", "check" -> {
                Optional<Recipe> recipe = RunWords.recipe(local(rest));
                if (recipe.isPresent()) {
                    assertThat(recipe.get().stages()).isNotEmpty();
                } else {
                    assertThat(job(rest).run().model()).isNotNull();
                }
            }
            case "generate" ->
                Binder.bind(GenerateSettings.class, YamlSource.commandLine().with(rest));
            case "chat" ->
                Binder.bind(ChatSettings.class, YamlSource.commandLine().with(rest));
            case "score" ->
                Binder.bind(ScoreSettings.class, YamlSource.commandLine().with(rest));
            case "eval" ->
                Binder.bind(EvalSettings.class, YamlSource.commandLine().with(rest));
            case "compare" -> assertThat(plan(rest).runs()).hasSizeGreaterThan(1);
            case "merge" ->
                Binder.bind(MergeSettings.class, YamlSource.commandLine().with(rest));
            default -> {
                if (!name.equals("quickstart")) { // which takes minutes and has a test of its own
                    assertThat(Console.run(words.toArray(new String[0])).status())
                            .isEqualTo(Exit.DONE);
                }
            }
        }
    }

    private static ComparePlan plan(List<String> words) {
        List<String> local = new ArrayList<>(words);
        if (local.get(0).endsWith(".yaml")) {
            local.set(0, ROOT.resolve(local.get(0)).toString());
        }
        return ComparePlan.of(local);
    }

    private static Job job(List<String> words) {
        if (words.contains("--resume")) {
            assertThat(words).hasSize(2); // the folder of a run, which is not there now
            return Methods.job(YamlSource.commandLine().with(List.of("method=dpo", "model=m", "data=d")));
        }
        return RunWords.job(local(words), false);
    }

    private static List<String> local(List<String> words) {
        List<String> local = new ArrayList<>(words);
        if (local.get(0).endsWith(".yaml")) {
            local.set(0, ROOT.resolve(local.get(0)).toString());
        }
        return local;
    }

    @Test
    void theTestCommandIsTheOneThatBothJdksRun() throws IOException {
        assertThat(blocks("README.md", "sh")).contains("mvn -B verify\n");
        assertThat(Files.readString(ROOT.resolve("README.md")))
                .contains("And this passes the tests:\n\n```sh\nmvn -B verify\n```");
        assertThat(Files.readString(ROOT.resolve(".ci/run"))).contains("/^And this passes the tests:/");
    }

    @Test
    void theTablesNameEveryMethodAndEveryExitStatus() throws IOException {
        String readme = Files.readString(ROOT.resolve("README.md"));
        for (Method<?> method : Methods.all()) {
            assertThat(readme).contains("| `" + method.name() + "` |");
        }
        Exit.meanings()
                .forEach((status, meaning) -> assertThat(readme).contains("| " + status + " | " + meaning + " |"));
    }

    @TestFactory
    Stream<DynamicTest> everyExampleBindsAndSaysHowItIsStarted() throws IOException {
        List<Path> examples;
        try (Stream<Path> files = Files.list(ROOT.resolve("examples"))) {
            examples = files.filter(file -> file.toString().endsWith(".yaml"))
                    .sorted()
                    .toList();
        }
        assertThat(examples.stream().filter(file -> !Recipe.isRecipe(YamlSource.file(file))))
                .hasSizeGreaterThanOrEqualTo(Methods.all().size());
        return examples.stream()
                .map(file -> DynamicTest.dynamicTest(file.getFileName().toString(), () -> {
                    boolean several = file.endsWith("compare.yaml");
                    Optional<Recipe> recipe = several ? Optional.empty() : RunWords.recipe(List.of(file.toString()));
                    if (recipe.isPresent()) {
                        assertThat(recipe.get().stages()).isNotEmpty();
                    } else {
                        Job job = several
                                ? plan(List.of("examples/compare.yaml"))
                                        .runs()
                                        .get(0)
                                        .job()
                                : RunWords.job(List.of(file.toString()), false);
                        assertThat(job.run().data().files()).isNotEmpty();
                    }
                    assertThat(Files.readString(file))
                            .contains("#   ./plumb " + (several ? "compare" : "train") + " examples/"
                                    + file.getFileName() + " ");
                }));
    }

    /** Compiled and run here; {@link #theProgramOfTheReadmeIsThisOne} holds the README to it. */
    private static double[] program(Path model, Path pairs, Path folder) {
        // README
        Job job = Methods.job(YamlSource.commandLine()
                .with(List.of("method=dpo", "model=" + model, "data=" + pairs, "output=" + folder)));
        Training.Outcome outcome = new Training(job, false, List.of()).run();
        Path aligned = outcome.model().orElseThrow(); // empty only if the run was interrupted
        try (Checkpoint checkpoint = Checkpoint.load(aligned, Optional.empty(), Device.CPU)) {
            TokenSequence sequence = new TokenSequence(new int[] {1, 5, 9}, new boolean[] {false, true, true});
            double[] logProbs =
                    new Scorer(checkpoint.decoder()).logProbs(List.of(sequence)).get(0);
            // end
            return logProbs;
        }
    }

    @Test
    void theProgramOfTheReadmeRuns(@TempDir Path folder) throws IOException {
        Path pairs = folder.resolve("pairs.jsonl");
        Files.writeString(pairs, "{\"prompt\": \"a\", \"chosen\": \"b\", \"rejected\": \"c\"}\n".repeat(4));
        double[] logProbs = program(TinyModel.write(folder.resolve("model")), pairs, folder.resolve("run"));
        assertThat(logProbs).hasSize(2);
        assertThat(Math.max(logProbs[0], logProbs[1])).isNegative();
    }

    @Test
    void theProgramOfTheReadmeIsThisOne() throws IOException {
        String source = Files.readString(Path.of("src/test/java/dev/plumb/cli/ReadmeTest.java"));
        String here = source.substring(source.indexOf("// README") + 9, source.indexOf("// end"));
        String there = blocks("README.md", "java").get(0).strip();
        assertThat(there.substring(0, there.length() - 1).replaceAll("\\s+", ""))
                .isEqualTo(here.replaceAll("\\s+", ""));
    }

    /** The fenced blocks of a language on a page. */
    private static List<String> blocks(String page, String language) throws IOException {
        Matcher matcher =
                Pattern.compile("(?ms)^```" + language + "\\n(.*?)^```$").matcher(Files.readString(ROOT.resolve(page)));
        return matcher.results().map(result -> result.group(1)).toList();
    }

    /** The words of a command line behind the program, quotes taken off. */
    private static List<String> words(String command) {
        return WORD.matcher(command)
                .results()
                .map(result -> result.group(1).replace("'", ""))
                .skip(1)
                .toList();
    }
}
