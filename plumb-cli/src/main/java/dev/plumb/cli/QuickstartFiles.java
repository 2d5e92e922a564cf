package dev.plumb.cli;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.plumb.config.PlumbException;
import dev.plumb.hub.Checkpoint;
import dev.plumb.tensor.DType;
import dev.plumb.tensor.Device;
import dev.plumb.text.BytePairTrainer;
import dev.plumb.text.Tokenizer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What a quickstart writes before it trains: rows, a tokenizer, a model that has learnt nothing, and a YAML file for each
 * stage.
 *
 * @param root the quickstart's folder
 */
record QuickstartFiles(Path root) {
    private static final JsonMapper JSON = new JsonMapper();
    private static final String END = "<|end|>";
    private static final List<String> SPECIAL = List.of(END, "<|user|>", "<|assistant|>");
    private static final String TEMPLATE =
            "{% for message in messages %}{{ '<|' + message.role + '|> ' + message.content"
                    + " + '<|end|>' }}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}";
    private static final int CONTEXT = 128;

    /** Of the random weights, about 1 / √width: with the usual 0.02, which suits wider models, this one learns slower. */
    private static final double DEVIATION = 0.06;

    Path stories() {
        return root.resolve("world").resolve("stories.jsonl");
    }

    Path demonstrations() {
        return root.resolve("world").resolve("demonstrations.jsonl");
    }

    Path preferences() {
        return root.resolve("world").resolve("preferences.jsonl");
    }

    Path exam() {
        return root.resolve("world").resolve("exam.jsonl");
    }

    Path sums() {
        return root.resolve("world").resolve("sums.jsonl");
    }

    Path problems() {
        return root.resolve("world").resolve("problems.jsonl");
    }

    Path sumsExam() {
        return root.resolve("world").resolve("sums-exam.jsonl");
    }

    private Path data(QuickstartStage stage) {
        return switch (stage) {
            case BASE -> stories();
            case SFT -> demonstrations();
            case DPO -> preferences();
            case SUMS -> sums();
            case GRPO -> problems();
        };
    }

    Path blank() {
        return root.resolve("blank");
    }

    private Path shape() {
        return root.resolve("world").resolve("model");
    }

    /** The run folder of a stage. */
    Path run(QuickstartStage stage) {
        return root.resolve(stage.folder());
    }

    /** The settings of a stage. */
    Path yaml(QuickstartStage stage) {
        return root.resolve(stage.folder() + ".yaml");
    }

    /** Everything that a quickstart puts into its folder, and nothing else that may be there. */
    private List<Path> own() {
        List<Path> own = new ArrayList<>(List.of(root.resolve("world"), blank()));
        for (QuickstartStage stage : QuickstartStage.values()) {
            own.add(run(stage));
            own.add(yaml(stage));
        }
        for (String name : List.of("summary.json", "samples.jsonl", "report.html")) {
            own.add(root.resolve(name));
        }
        return own;
    }

    /**
     * Makes room.
     *
     * @param force whether an earlier quickstart is deleted
     * @throws PlumbException if there is one, and it is not to be deleted
     */
    void clear(boolean force) {
        List<Path> there = own().stream().filter(Files::exists).toList();
        if (!there.isEmpty() && !force) {
            throw new PlumbException(root + ": holds " + there.get(0).getFileName()
                    + " of an earlier quickstart. Choose another --output, or --force to delete that one.");
        }
        try {
            for (Path path : there) {
                delete(path);
            }
            Files.createDirectories(root.resolve("world"));
        } catch (IOException e) {
            throw new PlumbException(root + ": cannot be written (" + e.getMessage() + ").", e);
        }
    }

    private static void delete(Path tree) throws IOException {
        try (Stream<Path> all = Files.walk(tree)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }

    /** Writes rows, one JSON object a line. */
    void write(Path file, List<?> rows) {
        try {
            StringBuilder lines = new StringBuilder();
            for (Object row : rows) {
                lines.append(JSON.writeValueAsString(row)).append('\n');
            }
            Files.writeString(file, lines);
        } catch (IOException e) {
            throw new PlumbException(file + " cannot be written (" + e.getMessage() + ").", e);
        }
    }

    /** Makes a tokenizer for texts. */
    void tokenizer(List<String> texts, int vocabulary) {
        BytePairTrainer.train(
                texts, new BytePairTrainer.Plan(vocabulary, SPECIAL, END, END, Optional.of(TEMPLATE)), shape());
    }

    /**
     * Writes the checkpoint of a Llama that has learnt nothing, for the tokenizer.
     *
     * @return how many parameters it has
     */
    long blank(int width, int layers, long seed) {
        ObjectNode config = JSON.createObjectNode();
        try (Tokenizer tokenizer = Tokenizer.load(shape())) {
            int end = tokenizer.eos().orElseThrow();
            config.putArray("architectures").add("LlamaForCausalLM");
            config.put("model_type", "llama")
                    .put("vocab_size", tokenizer.vocabularySize())
                    .put("hidden_size", width)
                    .put("intermediate_size", width * 8 / 3 / 16 * 16)
                    .put("num_hidden_layers", layers)
                    .put("num_attention_heads", width / 32)
                    .put("num_key_value_heads", width / 32)
                    .put("hidden_act", "silu")
                    .put("max_position_embeddings", CONTEXT)
                    .put("rms_norm_eps", 1e-5)
                    .put("rope_theta", 10000.0)
                    .put("initializer_range", DEVIATION)
                    .put("tie_word_embeddings", false)
                    .put("bos_token_id", end)
                    .put("eos_token_id", end)
                    .put("torch_dtype", "float32");
            Files.writeString(shape().resolve("config.json"), config.toPrettyString() + "\n");
        } catch (IOException e) {
            throw new PlumbException(shape() + " cannot be written (" + e.getMessage() + ").", e);
        }
        try (Checkpoint checkpoint = Checkpoint.fresh(shape(), seed, Device.CPU)) {
            checkpoint.save(blank(), DType.FLOAT32);
            return checkpoint.decoder().weights().count();
        }
    }

    /**
     * Writes the settings of a stage, which are a resource beside this class.
     *
     * @param stage the stage
     * @param model the folder that it starts from
     * @param plan how much it learns at once
     * @param seed of the run
     */
    void settings(QuickstartStage stage, Path model, QuickstartPlan plan, long seed) {
        try (var in = QuickstartFiles.class.getResourceAsStream("quickstart-" + stage.folder() + ".yaml")) {
            if (in == null) {
                throw new IllegalStateException("the settings of " + stage + " are not packaged");
            }
            String text = new String(in.readAllBytes(), java.nio.charset.StandardCharsets.UTF_8)
                    .replace("MODEL", quoted(model))
                    .replace("DATA", quoted(data(stage)))
                    .replace("EXAM", quoted(sumsExam()))
                    .replace("OUTPUT", quoted(run(stage)))
                    .replace("BATCH", Integer.toString(plan.batch(stage)))
                    .replace("STEPS", Integer.toString(plan.rollouts()))
                    .replace("SEED", Long.toString(seed));
            Files.writeString(yaml(stage), text);
        } catch (IOException e) {
            throw new PlumbException(yaml(stage) + " cannot be written (" + e.getMessage() + ").", e);
        }
    }

    /** A path as YAML, in quotes where it needs them. */
    private static String quoted(Path path) {
        String text = path.toString();
        if (text.matches("[A-Za-z0-9_/][A-Za-z0-9_./-]*")) {
            return text;
        }
        try {
            return JSON.writeValueAsString(text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
