package dev.plumb.cli;

import dev.plumb.config.PlumbException;
import dev.plumb.data.BadRows;
import dev.plumb.data.ChatRenderer;
import dev.plumb.data.Content;
import dev.plumb.data.DataConfig;
import dev.plumb.data.DataFile;
import dev.plumb.data.EncodedRow;
import dev.plumb.data.Encoder;
import dev.plumb.data.Example;
import dev.plumb.data.Row;
import dev.plumb.data.RowKind;
import dev.plumb.data.RowResult;
import dev.plumb.data.RowSource;
import dev.plumb.data.Rows;
import dev.plumb.data.StepConfig;
import dev.plumb.data.StepFormat;
import dev.plumb.data.TokenSequence;
import dev.plumb.data.TokenSteps;
import dev.plumb.hub.Checkpoint;
import dev.plumb.hub.Hub;
import dev.plumb.text.Tokenizer;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** The rows of a file, of text or of token ids, one after another. */
final class ScoreRows {
    private final ScoreSettings settings;
    private final Checkpoint checkpoint;
    private final int maxLength;
    private long dropped;

    /** Rows for a model that reads so many tokens of ids; texts keep to its context. */
    ScoreRows(ScoreSettings settings, Checkpoint checkpoint, int maxLength) {
        this.settings = settings;
        this.checkpoint = checkpoint;
        this.maxLength = maxLength;
    }

    /** Gives every row that can be scored to {@code each}. */
    void forEach(Consumer<ScoreRow> each) {
        List<Path> found =
                Hub.ofEnvironment().data(settings.data().path(), false).paths();
        for (DataFile file : settings.data().at(found)) {
            if (holdsIds(file.path())) {
                fromIds(file.path(), each);
            } else {
                fromText(file, each);
            }
        }
        if (dropped > 0) {
            System.err.println("Rows left out, as asked, because they could not be scored: " + dropped + ".");
        }
    }

    /** Whether the first row is one of ids; what cannot be read so is left to the reader of texts, which says why. */
    private static boolean holdsIds(Path file) {
        if (!file.toString().matches(".*\\.jsonl(\\.gz)?")) {
            return false;
        }
        try (JsonInput in = JsonInput.open(file)) {
            return in.next()
                    .filter(row -> row.json().has("input_ids") || row.json().has("prompt_ids"))
                    .isPresent();
        } catch (PlumbException e) {
            return false;
        }
    }

    private void fromIds(Path file, Consumer<ScoreRow> each) {
        if (judgesSteps()) {
            throw new PlumbException(
                    file + " holds token ids, in which no step ends; a process reward model needs prompt"
                            + " and completions, a list of steps, or prompt and completion, as text.");
        }
        try (JsonInput in = JsonInput.open(file)) {
            for (Optional<JsonInput.Row> json = in.next(); json.isPresent(); json = in.next()) {
                ScoreRow row;
                try {
                    row = ScoreRow.of(json.get());
                    Models.requireKnown(checkpoint, row.place(), row.text());
                    if (row.end() - row.start() > maxLength) {
                        throw new PlumbException(row.place() + ": " + (row.end() - row.start())
                                + " tokens are more than the model's context of " + maxLength + ".");
                    }
                } catch (PlumbException e) {
                    drop(e);
                    continue;
                }
                each.accept(row);
            }
        }
    }

    private boolean judgesSteps() {
        return checkpoint.decoder().architecture().isClassifying();
    }

    private void fromText(DataFile file, Consumer<ScoreRow> each) {
        DataConfig config = settings.encoding();
        try (RowSource rows = Rows.open(file, judgesSteps() ? RowKind.SOLUTION : RowKind.DEMONSTRATION);
                Tokenizer tokenizer = Tokenizer.load(checkpoint.folder())) {
            Encoder encoder = new Encoder(
                    tokenizer,
                    ChatRenderer.of(config, checkpoint.folder(), tokenizer),
                    config,
                    checkpoint.decoder().architecture().contextLength(),
                    judgesSteps()
                            ? Optional.of(StepConfig.cutting(StepFormat.of(
                                    checkpoint.folder(), settings.stepSeparator(), settings.maxSolutionSteps())))
                            : Optional.empty());
            for (Optional<RowResult> result = rows.next(); result.isPresent(); result = rows.next()) {
                if (result.get() instanceof RowResult.Bad bad) {
                    drop(new PlumbException(bad.id() + ": " + bad.detail() + "."));
                    continue;
                }
                RowResult.Good good = (RowResult.Good) result.get();
                EncodedRow encoded = encoder.encode(good.row());
                if (encoded instanceof EncodedRow.Refused refused) {
                    drop(new PlumbException(good.id() + ": " + refused.detail() + "."));
                } else {
                    each.accept(row(good.row(), ((EncodedRow.Kept) encoded).example()));
                }
            }
        }
    }

    private static ScoreRow row(Row row, Example tokens) {
        Optional<Content> prompt =
                row instanceof Row.Steps steps ? Optional.of(steps.prompt()) : ((Row.Demonstration) row).prompt();
        String place = row.id().toString();
        return tokens instanceof TokenSteps solution
                ? ScoreRow.of(place, solution, prompt.orElseThrow())
                : ScoreRow.of(place, (TokenSequence) tokens, prompt.map(text -> text));
    }

    private void drop(PlumbException fault) {
        if (settings.onBadRow() == BadRows.ERROR) {
            throw new PlumbException(fault.getMessage() + " on_bad_row=drop leaves such rows out.", fault);
        }
        dropped++;
    }
}
