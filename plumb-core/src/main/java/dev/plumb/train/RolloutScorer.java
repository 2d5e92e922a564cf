package dev.plumb.train;

import dev.plumb.tensor.Scope;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** What policy and reference say of completions by the way that training computes it, and how these are laid out for that. */
final class RolloutScorer {
    private static final double[] NONE = new double[0];

    private final Policy policy;
    private final Optional<Policy> reference;
    private final Optional<Critic> critic;
    private final int tokens;
    private final Packing.Style style;

    /**
     * A scorer.
     *
     * @param policy that wrote them
     * @param reference what it is measured against
     * @param critic its value function
     * @param tokens of a part, about
     * @param style how parts are laid out
     */
    RolloutScorer(Policy policy, Optional<Policy> reference, Optional<Critic> critic, int tokens, Packing.Style style) {
        this.policy = policy;
        this.reference = reference;
        this.critic = critic;
        this.tokens = tokens;
        this.style = style;
    }

    /** Adds what is asked for to completions. */
    List<Written> score(List<Written> written, boolean ofPolicy, boolean ofReference) {
        if (!ofPolicy && !ofReference && critic.isEmpty()) {
            return written;
        }
        Written[] out = written.toArray(Written[]::new);
        List<Integer> all = IntStream.range(0, out.length).boxed().toList();
        for (RolloutPart part : parts(written, all)) {
            double[] old = NONE;
            double[] entropies = NONE;
            double[] ref = NONE;
            double[] values = NONE;
            try (Scope scope = Scope.open()) {
                if (ofPolicy) {
                    LogProbs.Scores scores = policy.score(part.packing());
                    old = scores.logps().toDoubles();
                    entropies = scores.entropies().toDoubles();
                }
                if (ofReference) {
                    ref = reference.orElseThrow().score(part.packing()).logps().toDoubles();
                }
                if (critic.isPresent()) {
                    values = critic.get().values(part.packing()).toDoubles();
                }
            }
            int start = 0;
            for (int row : part.rows()) {
                int end = start + out[row].ids().length;
                out[row] = out[row].scored(
                        slice(old, start, end),
                        slice(ref, start, end),
                        slice(values, start, end),
                        slice(entropies, start, end));
                start = end;
            }
        }
        return List.of(out);
    }

    /** V after the last token of completions that were cut off, 0 of those that ended, [rows]. */
    double[] valuesAtCuts(List<Written> written) {
        double[] out = new double[written.size()];
        List<Integer> cut = IntStream.range(0, out.length)
                .filter(i -> !written.get(i).stopped())
                .boxed()
                .toList();
        for (RolloutPart part : parts(written, cut)) {
            try (Scope scope = Scope.open()) {
                Packing ends = packing(written, part.rows(), true);
                double[] values = critic.orElseThrow().values(ends).toDoubles();
                for (int i = 0; i < values.length; i++) {
                    out[part.rows().get(i)] = values[i];
                }
            }
        }
        return out;
    }

    private static double[] slice(double[] all, int start, int end) {
        return all.length == 0 ? NONE : Arrays.copyOfRange(all, start, end);
    }

    /** Splits completions into parts; those of one prompt that follow each other share it. */
    List<RolloutPart> parts(List<Written> written, List<Integer> rows) {
        return parts(written, rows, 1);
    }

    /** The same, with so many that follow each other in one part, also where that alone is more than a part should hold. */
    List<RolloutPart> parts(List<Written> written, List<Integer> rows, int together) {
        if (rows.size() % together != 0) {
            throw new IllegalArgumentException(rows.size() + " completions are not " + together + " of each prompt");
        }
        List<RolloutPart> parts = new ArrayList<>();
        List<Integer> now = new ArrayList<>();
        long held = 0;
        for (int at = 0; at < rows.size(); at += together) {
            List<Integer> next = rows.subList(at, at + together);
            long more = size(written, now, next);
            if (!now.isEmpty() && held + more > tokens) {
                parts.add(part(written, now));
                now = new ArrayList<>();
                held = 0;
                more = size(written, now, next);
            }
            now.addAll(next);
            held += more;
        }
        if (!now.isEmpty()) {
            parts.add(part(written, now));
        }
        return parts;
    }

    /** Tokens that more completions add to a part. */
    private long size(List<Written> written, List<Integer> part, List<Integer> more) {
        long before =
                part.isEmpty() ? -1 : written.get(part.get(part.size() - 1)).row();
        long size = 0;
        for (int row : more) {
            Written one = written.get(row);
            boolean shares = style == Packing.Style.SHARED && before == one.row();
            size += one.ids().length + (shares ? 0 : one.prompt().length);
            before = one.row();
        }
        return size;
    }

    private RolloutPart part(List<Written> written, List<Integer> rows) {
        return new RolloutPart(List.copyOf(rows), packing(written, rows, false));
    }

    private Packing packing(List<Written> written, List<Integer> rows, boolean endings) {
        List<int[]> prompts = new ArrayList<>();
        List<Packing.Answer> answers = new ArrayList<>();
        long last = -1;
        for (int row : rows) {
            Written one = written.get(row);
            if (prompts.isEmpty() || one.row() != last) {
                prompts.add(one.prompt());
                last = one.row();
            }
            answers.add(new Packing.Answer(prompts.size() - 1, one.ids()));
        }
        return Packing.answers(prompts, answers, style, endings);
    }
}
