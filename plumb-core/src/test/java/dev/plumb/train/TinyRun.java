package dev.plumb.train;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.plumb.config.YamlSource;
import dev.plumb.hub.Safetensors;
import dev.plumb.model.Architecture;
import dev.plumb.model.Models;
import dev.plumb.model.Weights;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.Scope;
import dev.plumb.text.BytePairTrainer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;

/** A tiny model, its tokenizer and a few rows on disk, and runs that learn from them. */
public record TinyRun(Path folder) {
    private static final String[] WORDS = {
        "the", "lamp", "keeper", "harbour", "boat", "storm", "night", "reads", "sleeps", "burns", "a", "old", "grey",
        "sea"
    };
    private static final int VOCABULARY = 280;

    /** Makes model and rows in an empty folder. */
    public static TinyRun make(Path folder) {
        TinyRun run = new TinyRun(folder);
        try {
            Random random = new Random(5);
            List<String> texts = new ArrayList<>();
            List<String> pairs = new ArrayList<>();
            List<String> demonstrations = new ArrayList<>();
            for (int row = 0; row < 60; row++) {
                ObjectNode pair = new JsonMapper().createObjectNode();
                ObjectNode demonstration = pair.objectNode();
                String prompt = "row " + row + " " + sentence(random);
                pair.put("prompt", prompt)
                        .put("chosen", " " + sentence(random))
                        .put("rejected", " " + sentence(random));
                demonstration.put("prompt", prompt).put("completion", " " + sentence(random));
                pairs.add(pair.toString());
                demonstrations.add(demonstration.toString());
                texts.add(pair.get("chosen").asText());
            }
            Files.write(folder.resolve("pairs.jsonl"), pairs);
            Files.write(folder.resolve("judged.jsonl"), judged());
            Files.write(folder.resolve("prompts.jsonl"), prompts());
            Files.write(folder.resolve("demonstrations.jsonl"), demonstrations);
            BytePairTrainer.train(
                    texts,
                    new BytePairTrainer.Plan(
                            VOCABULARY, List.of("<pad>", "<s>", "</s>"), "<s>", "</s>", Optional.empty()),
                    run.model());
            Files.writeString(run.model().resolve("config.json"), """
                    {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "vocab_size": 280, "hidden_size": 16,
                     "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1, "intermediate_size": 32,
                     "hidden_act": "silu", "rms_norm_eps": 1e-6, "rope_theta": 10000.0, "max_position_embeddings": 512,
                     "tie_word_embeddings": true, "torch_dtype": "float32"}
                    """);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        run.writeWeights(0.3);
        return run;
    }

    private static String sentence(Random random) {
        StringBuilder out = new StringBuilder();
        for (int word = 0; word < 1 + random.nextInt(9); word++) {
            out.append(word == 0 ? "" : " ").append(WORDS[random.nextInt(WORDS.length)]);
        }
        return out.toString();
    }

    /** Answers that are good or bad by the half of the words that they are made of. */
    private static List<String> judged() {
        Random random = new Random(6);
        List<String> rows = new ArrayList<>();
        for (int row = 0; row < 120; row++) {
            boolean good = random.nextBoolean();
            StringBuilder answer = new StringBuilder();
            for (int word = 0; word < 2 + random.nextInt(4); word++) {
                answer.append(' ').append(WORDS[random.nextInt(WORDS.length / 2) + (good ? 0 : WORDS.length / 2)]);
            }
            rows.add(new JsonMapper()
                    .createObjectNode()
                    .put("prompt", "row " + row + " " + sentence(random))
                    .put("completion", answer.toString())
                    .put("label", good)
                    .toString());
        }
        return rows;
    }

    /** Beginnings to go on from. */
    private static List<String> prompts() {
        Random random = new Random(7);
        List<String> rows = new ArrayList<>();
        for (int row = 0; row < 40; row++) {
            rows.add(new JsonMapper()
                    .createObjectNode()
                    .put("prompt", "row " + row + " " + sentence(random))
                    .put("answer", WORDS[row % WORDS.length])
                    .toString());
        }
        return rows;
    }

    private Path data(String method) {
        return folder.resolve(
                switch (method) {
                    case "sft" -> "demonstrations.jsonl";
                    case "kto", "bco" -> "judged.jsonl";
                    case "grpo", "rloo", "reinforce", "reinforce_plus_plus", "remax", "ppo", "online_dpo", "raft" ->
                        "prompts.jsonl";
                    default -> "pairs.jsonl";
                });
    }

    /** Other random weights, of another size. */
    void writeWeights(double std) {
        Architecture shape = Models.llama(VOCABULARY, 16, 2, 2, 1);
        try (Weights weights = Weights.random(shape, std, 9, Device.CPU)) {
            Safetensors.write(model().resolve("model.safetensors"), weights.all(), Optional.empty());
        }
    }

    public Path model() {
        return folder.resolve("model");
    }

    /** A YAML of a run with short steps; overrides win. */
    Path yaml(String method, String output, String... overrides) {
        Map<String, String> settings = new LinkedHashMap<>();
        for (String line : List.of(
                "method: " + method,
                "model: " + model(),
                "data: {files: [" + data(method) + "], eval_share: 0.15}",
                "output: " + folder.resolve(output),
                "device: cpu",
                "per_device_train_batch_size: 4",
                "micro_batch_tokens: 40",
                "learning_rate: 3e-3",
                "sample_prompts: 1",
                "max_completion_length: 4")) {
            settings.put(line.substring(0, line.indexOf(':')), line);
        }
        for (String line : overrides) {
            settings.put(line.substring(0, line.indexOf(':')), line);
        }
        Path file = folder.resolve(output + ".yaml");
        try {
            Files.write(file, settings.values());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return file;
    }

    /** The settings of a YAML, and others that win. */
    static Job job(Path yaml, String... overrides) {
        return Methods.job(YamlSource.file(yaml).with(List.of(overrides)));
    }

    /** Trains in this process. */
    RunLayout train(String method, String output, String... overrides) {
        Path yaml = yaml(method, output, overrides);
        new Training(job(yaml), false, List.of("test")).run();
        return layout(output);
    }

    /** Goes on from a checkpoint of a whole run, and holds the end to be the same as it was. */
    void assertResumes(long step, RunLayout whole) {
        Path before = folder.resolve("before");
        delete(before);
        copy(whole.root(), before);
        resumeFrom(step, whole.root().getFileName().toString());
        assertSame(whole, new RunLayout(before));
    }

    private static void copy(Path from, Path to) {
        try (Stream<Path> all = Files.walk(from)) {
            for (Path path : all.toList()) {
                Files.copy(path, to.resolve(from.relativize(path)));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Takes away what came after a checkpoint, as if the run had been killed there, and goes on. */
    RunLayout resumeFrom(long step, String output) {
        RunLayout layout = layout(output);
        discardAfter(layout, step);
        new Training(job(folder.resolve(output + ".yaml")), true, List.of("test")).run();
        return layout;
    }

    /** Takes away the final model and the checkpoints of later steps. */
    static void discardAfter(RunLayout layout, long step) {
        delete(layout.finalModel());
        for (Checkpoints.Checkpoint checkpoint : new Checkpoints(layout).complete()) {
            if (checkpoint.step() > step) {
                delete(checkpoint.folder());
            }
        }
    }

    RunLayout layout(String output) {
        return new RunLayout(folder.resolve(output));
    }

    private static void delete(Path root) {
        if (!Files.exists(root)) {
            return;
        }
        try (Stream<Path> all = Files.walk(root)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The measurements on trained rows, or on held-out ones. */
    static List<MetricsLog.Entry> entries(RunLayout layout, MetricsLog.Split split) {
        return MetricsLog.read(layout.metrics()).stream()
                .filter(entry -> entry.split() == split)
                .toList();
    }

    static List<Long> steps(RunLayout layout, MetricsLog.Split split) {
        return entries(layout, split).stream().map(MetricsLog.Entry::step).toList();
    }

    /** Holds two runs to be one and the same: weights, metrics and samples byte for byte. */
    static void assertSame(RunLayout got, RunLayout want) {
        assertThat(trained(got)).hasSameBinaryContentAs(trained(want));
        assertThat(got.metrics()).hasSameTextualContentAs(want.metrics());
        assertThat(got.samples()).hasSameTextualContentAs(want.samples());
        if (Files.exists(want.completions())) {
            assertThat(got.completions()).hasSameTextualContentAs(want.completions());
        }
    }

    /** The file of what was trained. */
    private static Path trained(RunLayout run) {
        Path adapter = run.finalModel().resolve("adapter_model.safetensors");
        return Files.exists(adapter) ? adapter : run.finalModel().resolve("model.safetensors");
    }

    /** How far the trained tensors of two runs are apart, as a share of their length. */
    static double distance(RunLayout one, RunLayout other) {
        try (Safetensors a = Safetensors.open(trained(one));
                Safetensors b = Safetensors.open(trained(other));
                Scope scope = Scope.open()) {
            double apart = 0;
            double length = 0;
            for (String name : a.names()) {
                apart += a.read(name).sub(b.read(name)).squaredNorm();
                length += a.read(name).squaredNorm();
            }
            return Math.sqrt(apart / length);
        }
    }
}
