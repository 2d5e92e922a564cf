package dev.plumb.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.plumb.config.Binder;
import dev.plumb.config.PlumbException;
import dev.plumb.config.YamlSource;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.Torch;
import dev.plumb.train.GenerateBench;
import dev.plumb.train.TrainBench;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Measures how fast this machine trains and generates. */
@Command(
        name = "bench",
        description = {
            "Measures training steps of random models on this machine, beside the rate of a plain matrix product; or"
                    + " generation, beside the rate at which the weights can be read: each step for all completions reads"
                    + " them once.",
            "",
            "Each task of training runs in a process of its own, as its peak memory is that of the process. The machine should be idle;"
                    + " quote medians and ratios of runs made one right after the other."
        },
        footer = {
            "",
            "Examples:",
            "  plumb bench train",
            "  plumb bench train task=dpo size=base steps=5",
            "  plumb bench train task=[sft,dpo] size=[small,base] output=bench.jsonl",
            "  plumb bench generate size=small"
        })
final class Bench implements Callable<Integer> {
    private static final JsonMapper JSON = new JsonMapper();

    @Spec
    private CommandSpec spec;

    @Mixin
    private HelpOption help;

    @Parameters(
            paramLabel = "train|generate KEY=VALUE",
            arity = "0..*",
            description = "What to measure, and settings; `plumb explain bench` and `plumb explain bench-generate` list"
                    + " them.")
    private List<String> words = new ArrayList<>();

    private Bench() {}

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (words.isEmpty() || !List.of("train", "generate").contains(words.get(0))) {
            throw new ParameterException(
                    spec.commandLine(),
                    "Say what to measure, as in `plumb bench train task=dpo` or `plumb bench generate`.");
        }
        List<String> rest = words.subList(1, words.size());
        if (words.get(0).equals("generate")) {
            generate(Binder.bind(
                    GenerateBenchSettings.class, YamlSource.commandLine().with(rest)));
            return Exit.DONE;
        }
        BenchSettings settings =
                Binder.bind(BenchSettings.class, YamlSource.commandLine().with(rest));
        if (settings.task().size() == 1 && settings.size().size() == 1) {
            ObjectNode result = measure(settings);
            settings.output().ifPresent(file -> append(file, result));
            heading();
            System.out.println(row(result));
            return Exit.DONE;
        }
        heading();
        for (TrainBench.Size size : settings.size()) {
            for (TrainBench.Task task : settings.task()) {
                JsonNode result = elsewhere(rest, task, size);
                settings.output().ifPresent(file -> append(file, result));
                System.out.println(row(result));
            }
        }
        return Exit.DONE;
    }

    private static void generate(GenerateBenchSettings settings) {
        settings.threads().ifPresent(Torch::threads);
        GenerateBench.Result r = GenerateBench.run(settings.plan(), settings.steps(), Device.named(settings.device()));
        ObjectNode json = Json.object();
        json.put("stack", "plumb").put("libtorch", Torch.version()).put("blas", Torch.blas());
        json.put("task", "gen").put("size", name(settings.size()));
        json.put("threads", r.threads()).put("parameters", r.parameters());
        json.put("step_s", r.median());
        json.set("all_s", Json.array(r.seconds().stream().mapToDouble(s -> s).toArray()));
        json.put("tokens_per_s", r.rate()).put("first_token_s", r.firstMedian());
        json.put("token_step_s", r.step()).put("weight_bytes", r.weightBytes());
        json.put("bandwidth_gb_per_s", r.bandwidth() / 1e9).put("floor_tokens_per_s", r.floor());
        json.put("peak_rss_mb", r.peakRssMb());
        settings.output().ifPresent(file -> append(file, json));
        System.out.println(
                "size   round s  tokens/s  first token s  step ms  GB/s read  floor tokens/s  of floor  peak MB");
        System.out.printf(
                Locale.ROOT,
                "%-6s %7.2f  %8.0f  %13.3f  %7.2f  %9.1f  %14.0f  %7.0f%%  %7d%n",
                name(settings.size()),
                r.median(),
                r.rate(),
                r.firstMedian(),
                1000 * r.step(),
                r.bandwidth() / 1e9,
                r.floor(),
                100 * r.rate() / r.floor(),
                r.peakRssMb());
    }

    private static ObjectNode measure(BenchSettings settings) {
        settings.threads().ifPresent(Torch::threads);
        TrainBench.Result result = TrainBench.run(
                settings.task().get(0),
                settings.size().get(0),
                settings.steps(),
                settings.microBatchTokens(),
                settings.gradientCheckpointing(),
                Device.named(settings.device()));
        ObjectNode json = Json.object();
        json.put("stack", "plumb").put("libtorch", Torch.version()).put("blas", Torch.blas());
        json.put("task", name(result.task())).put("size", name(result.size()));
        json.put("threads", result.threads()).put("parameters", result.parameters());
        json.put("step_s", result.median());
        json.set(
                "all_s",
                Json.array(result.seconds().stream().mapToDouble(s -> s).toArray()));
        json.put("tokens_per_s", result.tokens() / result.median());
        if (result.pairs() > 0) {
            json.put("pairs_per_s", result.pairs() / result.median());
        }
        json.put("gflops", result.gflops()).put("peak_gflops", result.peakGflops());
        return json.put("peak_rss_mb", result.peakRssMb());
    }

    /** Measures in a process of its own, with this one's Java and options. */
    private static JsonNode elsewhere(List<String> words, TrainBench.Task task, TrainBench.Size size)
            throws IOException, InterruptedException {
        Path file = Files.createTempFile("plumb-bench", ".jsonl");
        try {
            List<String> command = new ArrayList<>();
            command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
            command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
            command.addAll(
                    List.of("-cp", System.getProperty("java.class.path"), Main.class.getName(), "bench", "train"));
            words.stream()
                    .filter(word -> !word.matches("(task|size|output)=.*"))
                    .forEach(command::add);
            command.addAll(List.of("task=" + name(task), "size=" + name(size), "output=" + file));
            Process process = new ProcessBuilder(command)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            if (process.waitFor() != 0) {
                throw new PlumbException(
                        "Measuring " + name(task) + " " + name(size) + " failed; the reason stands above.");
            }
            return JSON.readTree(Files.readString(file));
        } finally {
            Files.deleteIfExists(file);
        }
    }

    private static void append(Path file, JsonNode result) {
        try {
            Files.writeString(
                    file,
                    result + "\n",
                    java.nio.file.StandardOpenOption.CREATE,
                    java.nio.file.StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new PlumbException(file + " cannot be written (" + e.getMessage() + ").", e);
        }
    }

    private static void heading() {
        System.out.println("task     size   step s  tokens/s  pairs/s  GFLOP/s  of peak  peak MB");
    }

    private static String row(JsonNode r) {
        return String.format(
                Locale.ROOT,
                "%-8s %-6s %6.2f  %8.0f  %7s  %7.1f  %7.1f  %7d",
                r.get("task").asText(),
                r.get("size").asText(),
                r.get("step_s").asDouble(),
                r.get("tokens_per_s").asDouble(),
                r.has("pairs_per_s")
                        ? String.format(
                                Locale.ROOT, "%.3f", r.get("pairs_per_s").asDouble())
                        : "-",
                r.get("gflops").asDouble(),
                r.get("peak_gflops").asDouble(),
                r.get("peak_rss_mb").asLong());
    }

    private static String name(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }
}
