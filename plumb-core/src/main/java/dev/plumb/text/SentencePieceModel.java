package dev.plumb.text;

import dev.plumb.config.PlumbException;
import java.nio.BufferUnderflowException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The content of a SentencePiece model file, as far as encoding and decoding need it.
 *
 * <p>Source: SentencePiece, {@code sentencepiece_model.proto}.
 *
 * @param pieces the vocabulary; a piece's id is its place
 * @param algorithm how a text is split
 * @param byteFallback characters that are no piece become pieces of their bytes
 * @param bos the piece that opens a text
 * @param eos the piece that closes one
 * @param charsmap the compiled normalisation rules; empty for none
 * @param dummyPrefix a space is put before the text
 * @param trims spaces at both ends are dropped and runs of spaces become one
 * @param escapesSpaces spaces are written as U+2581
 */
record SentencePieceModel(
        List<Piece> pieces,
        Algorithm algorithm,
        boolean byteFallback,
        Optional<String> bos,
        Optional<String> eos,
        byte[] charsmap,
        boolean dummyPrefix,
        boolean trims,
        boolean escapesSpaces) {

    /** How a text is split into pieces. */
    enum Algorithm {
        UNIGRAM,
        BPE
    }

    /** What a piece is; in the order of the format's numbers, from 1. */
    enum Kind {
        NORMAL,
        UNKNOWN,
        CONTROL,
        USER_DEFINED,
        UNUSED,
        BYTE
    }

    /**
     * An entry of the vocabulary.
     *
     * @param text the piece
     * @param score its log-probability, or minus its rank for BPE
     * @param kind what it is
     */
    record Piece(String text, float score, Kind kind) {}

    private static final class Fields {
        final List<Piece> pieces = new ArrayList<>();
        long algorithm = 1;
        boolean byteFallback;
        boolean suffix;
        long bosId = 1;
        long eosId = 2;
        byte[] charsmap = {};
        boolean dummyPrefix = true;
        boolean trims = true;
        boolean escapesSpaces = true;
    }

    /** Reads a model file's content; the file is named in errors. */
    static SentencePieceModel read(Path file, byte[] content) {
        Fields fields = new Fields();
        try {
            ProtobufReader in = new ProtobufReader(content);
            for (int field = in.next(); field != 0; field = in.next()) {
                switch (field) {
                    case 1 -> fields.pieces.add(piece(in.message()));
                    case 2 -> readTrainer(in.message(), fields);
                    case 3 -> readNormalizer(in.message(), fields);
                    default -> in.skip();
                }
            }
        } catch (BufferUnderflowException | IndexOutOfBoundsException e) {
            throw new PlumbException(file + ": not a SentencePiece model, or one that was cut short", e);
        }
        if (fields.pieces.isEmpty()) {
            throw new PlumbException(file + ": not a SentencePiece model: it holds no pieces");
        }
        if (fields.pieces.stream().anyMatch(piece -> piece.text().isEmpty())) {
            throw new PlumbException(file + ": a broken SentencePiece model: one of its pieces is empty");
        }
        if (fields.algorithm != 1 && fields.algorithm != 2 || fields.suffix) {
            throw new PlumbException(file + ": a SentencePiece model "
                    + (fields.suffix ? "that treats white space as a suffix" : "of words or characters")
                    + " is not supported; unigram and BPE models are");
        }
        return new SentencePieceModel(
                List.copyOf(fields.pieces),
                fields.algorithm == 1 ? Algorithm.UNIGRAM : Algorithm.BPE,
                fields.byteFallback,
                control(fields, fields.bosId),
                control(fields, fields.eosId),
                fields.charsmap,
                fields.dummyPrefix,
                fields.trims,
                fields.escapesSpaces);
    }

    private static Optional<String> control(Fields fields, long id) {
        return id >= 0
                        && id < fields.pieces.size()
                        && fields.pieces.get((int) id).kind() == Kind.CONTROL
                ? Optional.of(fields.pieces.get((int) id).text())
                : Optional.empty();
    }

    private static Piece piece(ProtobufReader in) {
        String text = "";
        float score = 0;
        Kind kind = Kind.NORMAL;
        for (int field = in.next(); field != 0; field = in.next()) {
            switch (field) {
                case 1 -> text = in.text();
                case 2 -> score = in.real();
                case 3 -> kind = Kind.values()[(int) in.number() - 1];
                default -> in.skip();
            }
        }
        return new Piece(text, score, kind);
    }

    private static void readTrainer(ProtobufReader in, Fields fields) {
        for (int field = in.next(); field != 0; field = in.next()) {
            switch (field) {
                case 3 -> fields.algorithm = in.number();
                case 24 -> fields.suffix = in.number() != 0;
                case 35 -> fields.byteFallback = in.number() != 0;
                case 41 -> fields.bosId = (int) in.number();
                case 42 -> fields.eosId = (int) in.number();
                default -> in.skip();
            }
        }
    }

    private static void readNormalizer(ProtobufReader in, Fields fields) {
        for (int field = in.next(); field != 0; field = in.next()) {
            switch (field) {
                case 2 -> fields.charsmap = in.bytes();
                case 3 -> fields.dummyPrefix = in.number() != 0;
                case 4 -> fields.trims = in.number() != 0;
                case 5 -> fields.escapesSpaces = in.number() != 0;
                default -> in.skip();
            }
        }
    }
}
