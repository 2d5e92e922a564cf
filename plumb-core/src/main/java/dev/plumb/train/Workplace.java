package dev.plumb.train;

import dev.plumb.config.PlumbException;
import dev.plumb.data.ChatRenderer;
import dev.plumb.data.DataConfig;
import dev.plumb.data.Dataset;
import dev.plumb.data.Encoder;
import dev.plumb.data.RowKind;
import dev.plumb.data.StepConfig;
import dev.plumb.hub.Checkpoint;
import dev.plumb.hub.Hub;
import dev.plumb.hub.HubOrigin;
import dev.plumb.model.Architecture;
import dev.plumb.tensor.DType;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.Torch;
import dev.plumb.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** A model, its tokenizer and the rows to learn from, opened and checked: all that stands before step 0. */
public final class Workplace implements AutoCloseable {
    private final Inputs inputs;
    private final Checkpoint checkpoint;
    private final Tokenizer tokenizer;
    private final Encoder encoder;
    private final Dataset dataset;
    private final Path scratch;

    private Workplace(
            Inputs inputs, Checkpoint checkpoint, Tokenizer tokenizer, Encoder encoder, Dataset dataset, Path scratch) {
        this.inputs = inputs;
        this.checkpoint = checkpoint;
        this.tokenizer = tokenizer;
        this.encoder = encoder;
        this.dataset = dataset;
        this.scratch = scratch;
    }

    /**
     * Opens model and data and reads every row once.
     *
     * @param settings of the run
     * @param kind which rows its method needs
     * @return the opened workplace; its preflight may hold refusals
     * @throws PlumbException if the model or a file cannot be read
     */
    public static Workplace open(RunSettings settings, RowKind kind) {
        return open(settings, kind, 0, Hub.ofEnvironment());
    }

    /**
     * Opens a language model that is to answer prompts and learns nothing.
     *
     * @param model checkpoint folder, or an id on a hub
     * @param data the prompts
     * @param device where to compute
     * @param dtype number format of the weights
     * @return the opened workplace; its preflight may hold refusals
     * @throws PlumbException if the model or a file cannot be read, or the model is a reward model
     */
    public static Workplace forPrompts(Path model, DataConfig data, Device device, Precision dtype) {
        Inputs inputs = Inputs.find(model, data, Hub.ofEnvironment());
        Checkpoint checkpoint = Checkpoint.load(inputs.model(), Optional.of(dtype.on(device)), device);
        try {
            requireWriter(checkpoint, model);
            return open(inputs, checkpoint, RowKind.PROMPT, Optional.empty());
        } catch (RuntimeException e) {
            checkpoint.close();
            throw e;
        }
    }

    private static void requireWriter(Checkpoint checkpoint, Path model) {
        if (checkpoint.decoder().architecture().isScoring()) {
            throw new PlumbException(model + ": is a reward model, which gives scores and writes nothing;"
                    + " this method needs a language model.");
        }
    }

    /**
     * The same with a model that gives scores in place of words, if so wished, and with a hub that may know the commits of an
     * earlier start.
     *
     * @param settings of the run
     * @param kind which rows its method needs
     * @param scores how many scores the model is to give; 0 for a language model
     * @param hub where names of models and data lead
     * @return the opened workplace; its preflight may hold refusals
     * @throws PlumbException if the model or a file cannot be read, or the model is a reward model and none is wanted, or of other size
     */
    static Workplace open(RunSettings settings, RowKind kind, int scores, Hub hub) {
        return open(settings, kind, scores, Optional.empty(), hub);
    }

    /** The same as a job asks for it. */
    static Workplace open(Job job, Hub hub) {
        return open(job.run(), job.rows(), job.scores(), job.steps(), hub);
    }

    private static Workplace open(RunSettings settings, RowKind kind, int scores, Optional<StepConfig> steps, Hub hub) {
        Inputs inputs = Inputs.find(settings, hub);
        settings.threads().ifPresent(Torch::threads);
        Torch.seed(settings.seed());
        Device device = Device.named(settings.device());
        Optional<DType> type = Optional.of(settings.dtype().on(device));
        Checkpoint checkpoint = steps.isPresent()
                ? Checkpoint.loadForClassifying(inputs.model(), type, device, settings.seed())
                : scores > 0
                        ? Checkpoint.loadForScoring(inputs.model(), type, device, settings.seed(), scores)
                        : Checkpoint.load(inputs.model(), type, device);
        try {
            if (scores == 0 && steps.isEmpty()) {
                requireWriter(checkpoint, settings.model());
            }
            checkpoint = settings.adapter().prepare(checkpoint, settings.seed());
            return open(inputs, checkpoint, kind, steps);
        } catch (RuntimeException e) {
            checkpoint.close();
            throw e;
        }
    }

    private static Workplace open(Inputs inputs, Checkpoint checkpoint, RowKind kind, Optional<StepConfig> steps) {
        DataConfig data = inputs.data();
        Tokenizer tokenizer = Tokenizer.load(checkpoint.folder());
        Path scratch = null;
        try {
            Optional<ChatRenderer> renderer = ChatRenderer.of(data, checkpoint.folder(), tokenizer);
            int context = checkpoint.decoder().architecture().contextLength();
            Encoder encoder = new Encoder(tokenizer, renderer, data, context, steps);
            scratch = Files.createTempDirectory("plumb-rows");
            Dataset dataset = Dataset.prepare(kind, encoder, scratch);
            return new Workplace(inputs, padded(checkpoint, tokenizer), tokenizer, encoder, dataset, scratch);
        } catch (IOException e) {
            tokenizer.close();
            throw new PlumbException(
                    "No temporary folder can be made for the encoded rows (" + e.getMessage()
                            + "): free some space, or set -Djava.io.tmpdir in PLUMB_JAVA_OPTS.",
                    e);
        } catch (RuntimeException e) {
            tokenizer.close();
            delete(scratch);
            throw e;
        }
    }

    /** What was read, and where it came from. */
    Inputs inputs() {
        return inputs;
    }

    /**
     * The data settings with files of this machine in place of ids on a hub.
     *
     * @return the settings
     */
    public DataConfig data() {
        return inputs.data();
    }

    /**
     * What of model and data came from a hub.
     *
     * @return the origins
     */
    public List<HubOrigin> origins() {
        return inputs.origins();
    }

    /**
     * A reward model is read at the last token that is not padding, so the token for padding must be none that ends an answer.
     * A process reward model is read where steps end. A language model keeps what it has.
     */
    private static Checkpoint padded(Checkpoint checkpoint, Tokenizer tokenizer) {
        Architecture shape = checkpoint.decoder().architecture();
        if (!shape.isScoring() || shape.isClassifying()) {
            return checkpoint;
        }
        Set<Integer> stops = stops(checkpoint, tokenizer);
        Optional<Integer> pad = Stream.concat(
                        checkpoint.generation().padId().stream().boxed(), tokenizer.fillers().stream())
                .filter(id -> !stops.contains(id))
                .findFirst();
        if (pad.isEmpty()) {
            System.out.println("The tokenizer has no token for padding but those that end a text: other tools can score"
                    + " with this model one text at a time only.");
        }
        return pad.map(checkpoint::paddedWith).orElse(checkpoint);
    }

    /**
     * The model.
     *
     * @return the open checkpoint
     */
    public Checkpoint checkpoint() {
        return checkpoint;
    }

    /**
     * The rows and what was found about them.
     *
     * @return the data set
     */
    public Dataset dataset() {
        return dataset;
    }

    /**
     * Words to tokens and back.
     *
     * @return the tokenizer
     */
    public Tokenizer tokenizer() {
        return tokenizer;
    }

    /**
     * Rows to tokens, as the data set was encoded.
     *
     * @return the encoder
     */
    public Encoder encoder() {
        return encoder;
    }

    /**
     * Tokens that end an answer: those the checkpoint names and the tokenizer's.
     *
     * @return their ids
     */
    public Set<Integer> stops() {
        return stops(checkpoint, tokenizer);
    }

    private static Set<Integer> stops(Checkpoint checkpoint, Tokenizer tokenizer) {
        Set<Integer> stops = new LinkedHashSet<>(checkpoint.generation().endIds());
        tokenizer.eos().ifPresent(stops::add);
        return stops;
    }

    @Override
    public void close() {
        try (checkpoint;
                tokenizer) {
            dataset.close();
        }
        delete(scratch);
    }

    private static void delete(@org.jspecify.annotations.Nullable Path folder) {
        if (folder == null) {
            return;
        }
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.deleteIfExists(file);
            }
            Files.deleteIfExists(folder);
        } catch (IOException e) {
            folder.toFile().deleteOnExit(); // a leftover in the temporary folder harms nobody
        }
    }
}
