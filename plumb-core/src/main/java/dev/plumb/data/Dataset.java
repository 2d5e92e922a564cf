package dev.plumb.data;

import dev.plumb.config.PlumbException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongFunction;
import java.util.stream.Stream;

/**
 * The rows of a run as tokens: those that are learnt, those that are only measured, and the report on both. Made in one
 * pass over the files; neither the rows nor the tokens stay on the heap. Closing it deletes the stored tokens.
 */
public final class Dataset implements AutoCloseable {
    private static final int AT_A_TIME = 64;
    private static final String TRAIN = "train";
    private static final String EVAL = "eval";
    private static final String IN_EVAL_FILES = "prompt_in_eval_files";
    private static final String BAD_ROW_REMEDY = "Mend the row in its file.";

    private final TokenStore train;
    private final TokenStore eval;
    private final List<Order.Part> parts;
    private final boolean shuffle;
    private final Preflight preflight;

    private Dataset(TokenStore train, TokenStore eval, List<Order.Part> parts, boolean shuffle, Preflight preflight) {
        this.train = train;
        this.eval = eval;
        this.parts = List.copyOf(parts);
        this.shuffle = shuffle;
        this.preflight = preflight;
    }

    /**
     * Reads and encodes all rows of the files that the encoder's settings name. Bad rows are gathered in the report, which
     * the caller asks whether training may start. Where judged answers are needed and a file has pairs, each pair becomes a good
     * answer and a bad one, both learnt or both held out.
     *
     * @param kind what a way of learning needs
     * @param encoder makes tokens of rows
     * @param folder where tokens are stored while the data set is open, about 4 bytes each
     * @return the data set
     * @throws dev.plumb.config.PlumbException if a file cannot be read, or the folder not written
     */
    public static Dataset prepare(RowKind kind, Encoder encoder, Path folder) {
        DataConfig config = encoder.config();
        PreflightTally tally = new PreflightTally(encoder);
        try (Sources evalSources = Sources.open(config.evalFiles(), kind);
                Sources sources = Sources.open(config.files(), kind);
                TokenStore.Writer trainWriter = new TokenStore.Writer(folder, TRAIN);
                TokenStore.Writer evalWriter = new TokenStore.Writer(folder, EVAL)) {
            Pass pass = new Pass(kind, encoder, tally, trainWriter, evalWriter);
            Set<Long> evalPrompts = new HashSet<>();
            for (RowSource source : evalSources.all()) {
                pass.over(source, prompt -> {
                    evalPrompts.add(prompt);
                    return Use.MEASURE;
                });
            }
            HeldOut heldOut = new HeldOut(config.evalFiles().isEmpty() ? config.evalShare() : 0);
            List<Order.Part> parts = new ArrayList<>();
            for (int file = 0; file < config.files().size(); file++) {
                long first = trainWriter.size();
                pass.over(sources.all().get(file), prompt -> {
                    if (evalPrompts.contains(prompt)) {
                        return Use.NEITHER;
                    }
                    return heldOut.holds(prompt) ? Use.MEASURE : Use.LEARN;
                });
                long rows = trainWriter.size() - first;
                parts.add(new Order.Part(first, rows, config.files().get(file).weight()));
            }
            List<String> shapes = Stream.concat(sources.all().stream(), evalSources.all().stream())
                    .map(source -> described(source, kind))
                    .toList();
            Preflight preflight = tally.report(shapes);
            return new Dataset(trainWriter.finish(), evalWriter.finish(), parts, config.shuffle(), preflight);
        }
    }

    private static String described(RowSource source, RowKind kind) {
        boolean split = kind == RowKind.UNPAIRED && source.kind() == RowKind.PREFERENCE;
        return source.shape() + (split ? "; each pair counts as two rows, a good answer and a bad one" : "");
    }

    /**
     * The rows that are learnt, those of one file after those of another.
     *
     * @return the store, which closes with this data set
     */
    public TokenStore train() {
        return train;
    }

    /**
     * The rows that are only measured, in the order of the files.
     *
     * @return the store, which closes with this data set
     */
    public TokenStore eval() {
        return eval;
    }

    /**
     * In which order the epochs visit {@link #train}.
     *
     * @param seed picks the order, unless the settings say that rows are not shuffled
     * @return the order
     */
    public Order order(long seed) {
        return new Order(parts, seed, shuffle);
    }

    /**
     * What the rows are made of.
     *
     * @return the report
     */
    public Preflight preflight() {
        return preflight;
    }

    /**
     * The same rows, whose report names settings under another key than {@code data}.
     *
     * @param key the other key
     * @return the data set; only one of both is to be closed
     */
    public Dataset under(String key) {
        return new Dataset(train, eval, parts, shuffle, preflight.under(key));
    }

    @Override
    public void close() {
        try (train;
                eval) {
            // Closing deletes both.
        }
    }

    private enum Use {
        LEARN,
        MEASURE,
        NEITHER
    }

    private record Pass(
            RowKind kind,
            Encoder encoder,
            PreflightTally tally,
            TokenStore.Writer trainWriter,
            TokenStore.Writer evalWriter) {
        /** Encodes all rows of a source, some at a time on all processors; the hash of its prompt says what a row is for. */
        void over(RowSource source, LongFunction<Use> use) {
            List<RowResult> batch = new ArrayList<>(AT_A_TIME);
            Optional<RowResult> next = source.next();
            while (next.isPresent()) {
                batch.add(next.get());
                next = source.next();
                if (batch.size() == AT_A_TIME || next.isEmpty()) {
                    List<Optional<EncodedRow>> encoded =
                            batch.parallelStream().map(this::encode).toList();
                    for (int i = 0; i < batch.size(); i++) {
                        add(batch.get(i), encoded.get(i), use);
                    }
                    batch.clear();
                }
            }
        }

        private Optional<EncodedRow> encode(RowResult result) {
            return result instanceof RowResult.Good good ? Optional.of(encoder.encode(good.row())) : Optional.empty();
        }

        private void add(RowResult result, Optional<EncodedRow> encoded, LongFunction<Use> use) {
            boolean drop = encoder.config().onBadRow() == BadRows.DROP;
            if (result instanceof RowResult.Bad bad) {
                tally.leftOut(bad.id(), bad.reason().key(), drop, BAD_ROW_REMEDY, bad.detail());
                return;
            }
            Row row = ((RowResult.Good) result).row();
            Use what = use.apply(HeldOut.promptHash(row));
            if (what == Use.NEITHER) {
                tally.leftOut(row.id(), IN_EVAL_FILES, true, "", "its prompt stands in data.eval_files");
            } else if (encoded.orElseThrow() instanceof EncodedRow.Refused refused) {
                boolean asked = drop
                        || refused.fault() == EncodingFault.TOO_LONG
                                && encoder.config().truncation() == Truncation.DROP;
                tally.leftOut(
                        row.id(), refused.fault().key(), asked, refused.fault().remedy(), refused.detail());
            } else if (encoded.orElseThrow() instanceof EncodedRow.Kept kept) {
                if (kind == RowKind.UNPAIRED && row instanceof Row.Preference pair) {
                    Thumbs thumbs = Thumbs.of(pair, kept, encoder.maxLength());
                    keep(thumbs.up(), thumbs.encodedUp(), what);
                    keep(thumbs.down(), thumbs.encodedDown(), what);
                } else {
                    keep(row, kept, what);
                }
            }
        }

        private void keep(Row row, EncodedRow.Kept kept, Use what) {
            tally.kept(row, kept, what == Use.LEARN);
            (what == Use.LEARN ? trainWriter : evalWriter).add(row.id(), kept.example());
        }
    }

    /**
     * Files that are open together, so that a missing one shows before any is read.
     *
     * @param all their rows, in the order of the settings
     */
    private record Sources(List<RowSource> all) implements AutoCloseable {
        static Sources open(List<DataFile> files, RowKind kind) {
            Sources sources = new Sources(new ArrayList<>());
            try {
                for (DataFile file : files) {
                    sources.all.add(open(file, kind));
                }
            } catch (RuntimeException e) {
                sources.close();
                throw e;
            }
            return sources;
        }

        private static RowSource open(DataFile file, RowKind kind) {
            try {
                return Rows.open(file, kind);
            } catch (PlumbException e) {
                if (kind != RowKind.UNPAIRED) {
                    throw e;
                }
                try {
                    return Rows.open(file, RowKind.PREFERENCE);
                } catch (PlumbException noPairs) {
                    throw e;
                }
            }
        }

        @Override
        public void close() {
            all.forEach(RowSource::close);
        }
    }
}
