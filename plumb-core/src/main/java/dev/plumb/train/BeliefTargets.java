package dev.plumb.train;

import dev.plumb.config.PlumbException;
import dev.plumb.data.Opinions;
import dev.plumb.data.RowId;
import dev.plumb.data.TokenBelief;
import dev.plumb.data.TokenStore;
import dev.plumb.hub.Sha256;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What each row is to be calibrated to, and what it counts. Beliefs belong to prompts: all rows of one prompt have the same
 * shares, and their votes are its votes. The histogram of a group is that of the training rows alone. Held in memory are a few
 * numbers a prompt and one a row.
 */
final class BeliefTargets {
    private static final double SAME = 1e-6;
    private static final int FEW = 3;

    private final Map<TokenStore, Held> held = new IdentityHashMap<>();
    private final BeliefSettings settings;
    private final int beliefs;
    private final boolean weighed;
    private long weak;

    /** One store: the prompt of each row, and of each prompt its shares and the mean share of its rows' beliefs. */
    private record Held(int[] prompt, List<double[]> shares, double[] mean) {}

    /** What is known of a prompt. */
    private static final class Known {
        private final RowId first;
        private final Opinions opinions;
        private final double[] votes;

        private Known(RowId first, Opinions opinions, int beliefs) {
            this.first = first;
            this.opinions = opinions;
            this.votes = opinions.votes().length > 0 ? opinions.votes() : new double[beliefs];
        }
    }

    private BeliefTargets(BeliefSettings settings, boolean weighed, int beliefs) {
        this.settings = settings;
        this.weighed = weighed;
        this.beliefs = beliefs;
    }

    /**
     * Estimates the shares of all prompts.
     *
     * @param settings how
     * @param weighed whether a row counts as much as its belief is held, else all count the same
     * @param train rows that are learnt
     * @param eval rows that are measured
     * @throws PlumbException if the rows of a prompt contradict each other, or lack what the estimator needs
     */
    static BeliefTargets of(BeliefSettings settings, boolean weighed, TokenStore train, TokenStore eval) {
        BeliefTargets targets = new BeliefTargets(settings, weighed, beliefs(List.of(train, eval)));
        int[] promptsOfTrain = new int[Math.toIntExact(train.size())];
        List<Known> known = targets.read(train, promptsOfTrain);
        Map<Long, double[]> groups = targets.groups(known);
        targets.settle(train, promptsOfTrain, known, groups);
        int[] promptsOfEval = new int[Math.toIntExact(eval.size())];
        targets.settle(eval, promptsOfEval, targets.read(eval, promptsOfEval), groups);
        return targets;
    }

    /** How many beliefs there are: what the rows' numbers say, or the largest that occurs. */
    private static int beliefs(List<TokenStore> stores) {
        int said = 0;
        int seen = 1;
        for (TokenStore store : stores) {
            for (long row = 0; row < store.size(); row++) {
                TokenBelief belief = (TokenBelief) store.get(row);
                int here = belief.opinions().beliefs();
                if (said > 0 && here > 0 && here != said) {
                    throw new PlumbException(store.id(row) + " has numbers for " + here
                            + " beliefs, rows before it for " + said + "; give every row one number a belief.");
                }
                said = Math.max(said, here);
                seen = Math.max(seen, belief.belief() + 1);
            }
        }
        return said > 0 ? said : Math.max(2, seen);
    }

    /** What the rows of each prompt say, and which prompt each row is of. */
    private List<Known> read(TokenStore store, int[] prompts) {
        List<Known> known = new ArrayList<>();
        Map<Long, Integer> numbers = new HashMap<>();
        for (int row = 0; row < prompts.length; row++) {
            TokenBelief belief = (TokenBelief) store.get(row);
            if (belief.names().length < beliefs) {
                throw new PlumbException(store.id(row) + " knows of " + belief.names().length
                        + " beliefs, other rows of " + beliefs + ".");
            }
            RowId id = store.id(row);
            int number = numbers.computeIfAbsent(hash(belief.prompt()), unseen -> {
                known.add(new Known(id, belief.opinions(), beliefs));
                return known.size() - 1;
            });
            prompts[row] = number;
            Known prompt = known.get(number);
            requireSame(prompt, id, belief.opinions());
            if (prompt.opinions.votes().length == 0) {
                prompt.votes[belief.belief()]++; // the rows are the votes
            }
        }
        return known;
    }

    private static void requireSame(Known prompt, RowId id, Opinions other) {
        boolean same = prompt.opinions.group() == other.group()
                && isSame(prompt.opinions.probabilities(), other.probabilities())
                && isSame(prompt.opinions.votes(), other.votes());
        if (!same) {
            throw new PlumbException(id + " and " + prompt.first + " have one prompt, but other belief_probs, votes or"
                    + " group. How people think about a prompt must be said the same way in all its rows.");
        }
    }

    private static boolean isSame(double[] a, double[] b) {
        boolean same = a.length == b.length;
        for (int i = 0; same && i < a.length; i++) {
            same = Math.abs(a[i] - b[i]) <= SAME * Math.max(1, Math.abs(a[i]));
        }
        return same;
    }

    private static long hash(int[] prompt) {
        ByteBuffer bytes = ByteBuffer.allocate(prompt.length * Integer.BYTES);
        bytes.asIntBuffer().put(prompt);
        MessageDigest digest = Sha256.digest();
        digest.update(bytes);
        return ByteBuffer.wrap(digest.digest()).getLong();
    }

    /** Shares of all votes in each group; of all votes whatever under number 0. */
    private Map<Long, double[]> groups(List<Known> known) {
        Map<Long, double[]> sums = new HashMap<>();
        double[] all = new double[beliefs];
        for (Known prompt : known) {
            double[] sum = sums.computeIfAbsent(prompt.opinions.group(), unseen -> new double[beliefs]);
            for (int b = 0; b < beliefs; b++) {
                sum[b] += prompt.votes[b];
                all[b] += prompt.votes[b];
            }
        }
        sums.put(0L, all);
        sums.values().removeIf(sum -> Arrays.stream(sum).sum() == 0);
        sums.replaceAll((group, sum) -> BeliefEstimate.counts(sum, 0));
        return sums;
    }

    private void settle(TokenStore store, int[] prompts, List<Known> known, Map<Long, double[]> groups) {
        List<double[]> shares = new ArrayList<>();
        for (Known prompt : known) {
            shares.add(shares(prompt, groups));
        }
        double[] sum = new double[known.size()];
        double[] rows = new double[known.size()];
        for (int row = 0; row < prompts.length; row++) {
            int belief = ((TokenBelief) store.get(row)).belief();
            double share = shares.get(prompts[row])[belief];
            if (share == 0) {
                throw new PlumbException(
                        store.id(row) + " voices belief " + belief + ", which nobody holds about this prompt"
                                + " by the estimate; take the row out, or set belief.alpha above 0.");
            }
            sum[prompts[row]] += share;
            rows[prompts[row]]++;
        }
        Arrays.setAll(sum, i -> sum[i] / rows[i]);
        held.put(store, new Held(prompts, shares, sum));
    }

    private double[] shares(Known prompt, Map<Long, double[]> groups) {
        double votes = Arrays.stream(prompt.votes).sum();
        return switch (settings.estimator()) {
            case GIVEN -> {
                if (prompt.opinions.probabilities().length == 0) {
                    throw new PlumbException(
                            prompt.first + " has no belief_probs. Give the column, or set belief.estimator to"
                                    + " counts or shrunk, which take the column votes, or each row as a vote.");
                }
                yield prompt.opinions.probabilities();
            }
            case COUNTS -> {
                if (votes + settings.alpha() == 0) {
                    throw new PlumbException(prompt.first + " has no vote; set belief.alpha above 0.");
                }
                weak += votes < FEW ? 1 : 0;
                yield BeliefEstimate.counts(prompt.votes, settings.alpha());
            }
            case SHRUNK -> {
                double[] group = groups.getOrDefault(prompt.opinions.group(), groups.get(0L));
                if (group == null) {
                    throw new PlumbException(
                            "No training row has a vote, so that there is no histogram to draw towards.");
                }
                yield BeliefEstimate.shrunk(prompt.votes, group, settings.strength());
            }
        };
    }

    /** How many beliefs there are. */
    int beliefs() {
        return beliefs;
    }

    /** How many prompts were estimated from fewer than three votes and nothing else. */
    long weak() {
        return weak;
    }

    /** p* of a row's prompt. */
    double[] shares(TokenStore store, long row) {
        Held of = held.get(store);
        return of.shares().get(of.prompt()[Math.toIntExact(row)]);
    }

    /** What a row counts; 1 in the mean over the rows of each prompt. */
    double weight(TokenStore store, long row, int belief) {
        Held of = held.get(store);
        return weighed ? shares(store, row)[belief] / of.mean()[of.prompt()[Math.toIntExact(row)]] : 1;
    }

    /** What was found, in a line or two. */
    String text() {
        StringBuilder out = new StringBuilder("beliefs: ").append(beliefs);
        String from = settings.estimator().name().toLowerCase(Locale.ROOT);
        out.append(", estimator ").append(from);
        double[] mean = new double[beliefs];
        long prompts = 0;
        for (Held of : held.values()) {
            for (double[] shares : of.shares()) {
                for (int b = 0; b < beliefs; b++) {
                    mean[b] += shares[b];
                }
                prompts++;
            }
        }
        out.append("; mean shares over ").append(prompts).append(" prompts:");
        for (double sum : mean) {
            out.append(String.format(Locale.ROOT, " %.3f", sum / Math.max(1, prompts)));
        }
        if (weak > 0) {
            out.append("\nweak_belief_estimate: ")
                    .append(weak)
                    .append(" prompts have fewer than " + FEW + " votes; belief.estimator: shrunk draws them towards"
                            + " their group");
        }
        return out.toString();
    }
}
