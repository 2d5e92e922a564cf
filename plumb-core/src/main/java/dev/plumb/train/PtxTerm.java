package dev.plumb.train;

import dev.plumb.data.Dataset;
import dev.plumb.data.Order;
import dev.plumb.data.TokenStore;
import dev.plumb.model.Decoder;
import dev.plumb.objective.Ptx;
import java.util.ArrayList;
import java.util.List;

/**
 * Text that is learnt beside what answers earn: rows, mean and denominator of its own, in the same optimiser step. Which rows a
 * step takes follows from its number, so that a run that goes on from a checkpoint takes those that it would have taken.
 */
final class PtxTerm {
    /** Set apart from the order of the prompts, with which the rows have nothing to do. */
    private static final long ORDER = 0x2545F4914F6CDD1DL;

    private final SequenceLoop loop;
    private final TokenStore rows;
    private final TokenStore held;
    private final Order order;
    private final int rowsPerStep;

    /**
     * A term.
     *
     * @param decoder the policy
     * @param job whose settings they are
     * @param rows what is learnt
     * @param held what is only measured
     * @param order of the rows in all epochs
     */
    PtxTerm(Decoder decoder, OnlineJob job, TokenStore rows, TokenStore held, Order order) {
        PtxSettings settings = job.ptx();
        this.loop = new SequenceLoop(decoder, job.optimisation(), new Ptx(settings.ptxCoef()));
        this.rows = rows;
        this.held = held;
        this.order = order;
        this.rowsPerStep = settings.ptxBatchSize().orElse(job.optimisation().rowsPerStep());
    }

    /** That of the rows of {@code ptx_data}. */
    static PtxTerm of(Decoder decoder, OnlineJob job, Dataset text) {
        return new PtxTerm(
                decoder, job, text.train(), text.eval(), text.order(job.run().seed() ^ ORDER));
    }

    /** What a step brought. */
    record Share(double loss, long tokens) {}

    /** Adds the gradients of a step's rows to those of the answers. */
    Share learn(AdamW optimizer, long step, Metrics measured) {
        List<Long> taken = rows(step);
        Metrics own = loop.learn(optimizer, rows, taken).only("loss", Ptx.LOSS); // the rest is said of answers
        measured.merge(own);
        return new Share(
                own.values().get("loss"), taken.stream().mapToLong(rows::tokens).sum());
    }

    /** Measures the held-out rows, if there are any. */
    void evaluate(Metrics measured) {
        if (held.size() > 0) {
            measured.merge(loop.evaluate(held, held.rows()).only(Ptx.LOSS));
        }
    }

    private List<Long> rows(long step) {
        List<Long> taken = new ArrayList<>();
        for (long at = step * rowsPerStep; at < (step + 1) * rowsPerStep; at++) {
            taken.add(order.row(at / order.size(), at % order.size()));
        }
        return taken;
    }
}
