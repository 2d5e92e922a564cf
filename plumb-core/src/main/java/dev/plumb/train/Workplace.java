package dev.plumb.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.plumb.config.PlumbException;
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
import java.nio.file.Path;
import java.util.ArrayList;
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
    private final EncodedRows rows;
    private final Optional<EncodedRows> ptx;

    private Workplace(
            Inputs inputs, Checkpoint checkpoint, Tokenizer tokenizer, EncodedRows rows, Optional<EncodedRows> ptx) {
        this.inputs = inputs;
        this.checkpoint = checkpoint;
        this.tokenizer = tokenizer;
        this.rows = rows;
        this.ptx = ptx;
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
        Inputs inputs = Inputs.find(model, data, Optional.empty(), Hub.ofEnvironment());
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
        return open(settings, Inputs.find(settings, Optional.empty(), hub), kind, scores, Optional.empty());
    }

    /** The same as a job asks for it. */
    static Workplace open(Job job, Hub hub) {
        Inputs inputs = Inputs.find(job.run(), job.ptxData(), hub);
        return open(job.run(), inputs, job.rows(), job.scores(), job.steps());
    }

    private static Workplace open(
            RunSettings settings, Inputs inputs, RowKind kind, int scores, Optional<StepConfig> steps) {
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
        Tokenizer tokenizer = Tokenizer.load(checkpoint.folder());
        Optional<EncodedRows> rows = Optional.empty();
        try {
            rows = Optional.of(EncodedRows.of(inputs.data(), kind, checkpoint, tokenizer, steps));
            Optional<EncodedRows> ptx = inputs.ptx().map(data -> EncodedRows.ptx(data, checkpoint, tokenizer));
            return new Workplace(inputs, padded(checkpoint, tokenizer), tokenizer, rows.get(), ptx);
        } catch (RuntimeException e) {
            rows.ifPresent(EncodedRows::close);
            tokenizer.close();
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
        return rows.dataset();
    }

    /** The rows of {@code ptx_data}. */
    Optional<Dataset> ptx() {
        return ptx.map(EncodedRows::dataset);
    }

    /** What was found in all rows, as a page for people. */
    String preflightText() {
        String text = dataset().preflight().text();
        return ptx().map(beside -> text + "\n" + PtxSettings.DATA + ", learnt beside:\n"
                        + beside.preflight().text())
                .orElse(text);
    }

    /** The same for programs. */
    String preflightJson() {
        String json = dataset().preflight().json();
        if (ptx().isEmpty()) {
            return json;
        }
        try {
            ObjectNode all = (ObjectNode) StepLines.JSON.readTree(json);
            all.set(
                    PtxSettings.DATA,
                    StepLines.JSON.readTree(ptx().get().preflight().json()));
            return StepLines.JSON.writerWithDefaultPrettyPrinter().writeValueAsString(all) + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a preflight report is JSON", e);
        }
    }

    /**
     * Refuses rows that are surely wrong.
     *
     * @throws PlumbException with all reasons
     */
    void requireSound() {
        List<String> refusals = new ArrayList<>(dataset().preflight().refusals());
        ptx().ifPresent(beside -> refusals.addAll(beside.preflight().refusals()));
        if (!refusals.isEmpty()) {
            throw new PlumbException(String.join(System.lineSeparator(), refusals));
        }
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
        return rows.encoder();
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
            rows.close();
            ptx.ifPresent(EncodedRows::close);
        }
    }
}
