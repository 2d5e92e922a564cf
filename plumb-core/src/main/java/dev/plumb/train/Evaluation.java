package dev.plumb.train;

import dev.plumb.data.Example;
import dev.plumb.data.RowId;
import dev.plumb.data.TokenPair;
import dev.plumb.data.TokenRanked;
import dev.plumb.data.TokenSequence;
import dev.plumb.data.TokenStore;
import dev.plumb.evaluate.PairScores;
import dev.plumb.model.Decoder;
import dev.plumb.model.Generator;
import dev.plumb.model.Sampling;
import dev.plumb.objective.Measure;
import dev.plumb.objective.PreferenceBatch;
import dev.plumb.objective.PreferenceObjective;
import dev.plumb.tensor.NoGrad;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;

/** Measures models on rows, each by itself, so that intervals and slices can be made of them. Nothing is trained. */
public final class Evaluation {
    private static final int TOKENS = 2048;
    private static final int SLOTS = 16;

    private final List<TokenStore> stores;

    /**
     * Rows to measure on.
     *
     * @param stores the rows, those of one store after those of another; together at least one
     */
    public Evaluation(List<TokenStore> stores) {
        this.stores = List.copyOf(stores);
    }

    /**
     * What the rows are, in the order in which they are measured. A ranking is as many as it has pairs of which one is better.
     *
     * @param ids where they came from
     * @param prompt for each the number of its prompt, from 0 on: rows with one prompt have one number
     * @param promptTokens tokens of its prompt; 0 for a text without one
     * @param tokens trained tokens of its completion, of the chosen one for a pair
     * @param rejectedTokens trained tokens of the rejected completion; 0 for a sequence
     */
    public record Rows(List<RowId> ids, int[] prompt, int[] promptTokens, int[] tokens, int[] rejectedTokens) {}

    /**
     * Reads what the rows are.
     *
     * @return their properties
     */
    public Rows rows() {
        List<RowId> ids = new ArrayList<>();
        List<int[]> columns = new ArrayList<>();
        Map<IntBuffer, Integer> numbers = new HashMap<>();
        for (TokenStore store : stores) {
            for (long row : store.rows()) {
                Example example = store.get(row);
                int[] prompt = prompt(example);
                if (!(example instanceof TokenSequence)) {
                    Compared compared = Compared.of(example);
                    int number = numbers.computeIfAbsent(IntBuffer.wrap(prompt), unseen -> numbers.size());
                    for (int[] pair : compared.pairs()) {
                        ids.add(store.id(row));
                        int better = compared.completions().get(pair[0]).length;
                        int worse = compared.completions().get(pair[1]).length;
                        columns.add(new int[] {number, prompt.length, better, worse});
                    }
                    continue;
                }
                // A text that is trained from its start answers nothing: it is a unit of its own.
                int[] unit = prompt.length == 0 ? ((TokenSequence) example).ids() : prompt;
                int number = numbers.computeIfAbsent(IntBuffer.wrap(unit), unseen -> numbers.size());
                ids.add(store.id(row));
                columns.add(new int[] {number, prompt.length, example.trainedTokens(), 0});
            }
        }
        return new Rows(ids, column(columns, 0), column(columns, 1), column(columns, 2), column(columns, 3));
    }

    private static int[] column(List<int[]> rows, int which) {
        return rows.stream().mapToInt(row -> row[which]).toArray();
    }

    /** What comes before the first trained token; nothing where that is the first that can be. */
    private static int[] prompt(Example example) {
        if (example instanceof TokenPair pair) {
            return pair.prompt();
        }
        if (example instanceof TokenRanked ranked) {
            return ranked.prompt();
        }
        TokenSequence sequence = (TokenSequence) example;
        int first = 1;
        while (first < sequence.ids().length && !sequence.trained()[first]) {
            first++;
        }
        return first == 1 ? new int[0] : Arrays.copyOf(sequence.ids(), first);
    }

    /**
     * Log-probabilities of both completions of all pairs.
     *
     * @param model a language model
     * @return for each pair their sums over tokens
     */
    public PairScores logps(Decoder model) {
        Policy policy = new Policy(model, false);
        List<double[]> sums = new ArrayList<>();
        for (TokenStore store : stores) {
            for (Part<TokenPair> part : Part.pairs(store, store.rows(), TOKENS, Packing.Style.SHARED)) {
                try (Scope scope = Scope.open()) {
                    double[] bySequence = sums(
                            policy.score(part.packing()).logps().toDoubles(),
                            part.packing().lengths());
                    for (int i = 0; i < part.size(); i++) {
                        sums.add(new double[] {bySequence[i], bySequence[part.size() + i]});
                    }
                }
            }
        }
        return pairs(sums);
    }

    /**
     * Log-probabilities of all tokens of the completions of all pairs.
     *
     * @param model a language model
     * @return for each pair those of the chosen completion, then those of the rejected one
     */
    public List<float[]> tokenLogps(Decoder model) {
        Policy policy = new Policy(model, false);
        List<float[]> rows = new ArrayList<>();
        for (TokenStore store : stores) {
            for (long row : store.rows()) {
                for (Part<TokenPair> part : alone(store, row)) {
                    try (Scope scope = Scope.open()) {
                        rows.add(policy.score(part.packing()).logps().toFloats());
                    }
                }
            }
        }
        return rows;
    }

    /**
     * What a way of learning itself compares of a pair: its rewards, as it logs them.
     *
     * @param model a language model that it trained
     * @param start {@link #tokenLogps} of the model that the training started from
     * @param job the settings that it was trained by, of a method that learns from pairs or from judged answers
     * @return for each pair both rewards
     * @throws IllegalArgumentException if the method gives no rewards to answers
     */
    public PairScores rewards(Decoder model, List<float[]> start, Job job) {
        if (job instanceof UnpairedJob.KtoJob kto) {
            return ratios(logps(model), start, kto.kto().beta());
        }
        if (job instanceof UnpairedJob.BcoJob bco) {
            return ratios(logps(model), start, bco.bco().beta());
        }
        if (!(job instanceof PreferenceJob pairs)) {
            throw new IllegalArgumentException(job.run().method() + " compares no answers");
        }
        PreferenceObjective objective = pairs.objective();
        Policy policy = new Policy(model, objective.needsSquaredMass());
        Iterator<float[]> reference = start.iterator();
        List<double[]> rewards = new ArrayList<>();
        for (TokenStore store : stores) {
            for (long row : store.rows()) {
                for (Part<TokenPair> part : alone(store, row)) {
                    try (NoGrad guard = NoGrad.open();
                            Scope scope = Scope.open()) {
                        float[] known = reference.next();
                        LogProbs.Scores scores = policy.score(part.packing());
                        Optional<Tensor> ref = objective.needsReference()
                                ? Optional.of(Tensor.of(known, model.device()))
                                : Optional.empty();
                        PreferenceBatch batch =
                                PreferenceLoop.batch(objective, model.device(), part, scores.logps(), ref, scores);
                        int chosen = part.examples().get(0).chosen().length;
                        List<Measure> measures = objective
                                .loss(batch, new PreferenceObjective.Step(1, chosen))
                                .measures();
                        rewards.add(
                                new double[] {value(measures, "rewards/chosen"), value(measures, "rewards/rejected")});
                    }
                }
            }
        }
        return pairs(rewards);
    }

    /**
     * Implicit rewards.
     *
     * @param logps of a model
     * @param start {@link #tokenLogps} of the model that it started from
     * @param beta factor
     * @return for each pair β (log p − log p of the start) of both completions
     */
    public PairScores ratios(PairScores logps, List<float[]> start, double beta) {
        PairScores before = sums(start);
        List<double[]> ratios = new ArrayList<>();
        for (int i = 0; i < logps.chosen().length; i++) {
            ratios.add(new double[] {
                beta * (logps.chosen()[i] - before.chosen()[i]), beta * (logps.rejected()[i] - before.rejected()[i])
            });
        }
        return pairs(ratios);
    }

    /**
     * Log-probabilities of completions from those of their tokens.
     *
     * @param perToken {@link #tokenLogps}
     * @return for each pair their sums over tokens
     */
    public PairScores sums(List<float[]> perToken) {
        List<double[]> all = new ArrayList<>();
        Iterator<float[]> next = perToken.iterator();
        for (TokenStore store : stores) {
            for (long row : store.rows()) {
                TokenPair pair = (TokenPair) store.get(row);
                float[] logps = next.next();
                double[] doubles = new double[logps.length];
                Arrays.setAll(doubles, i -> logps[i]);
                all.add(sums(doubles, new int[] {pair.chosen().length, pair.rejected().length}));
            }
        }
        return pairs(all);
    }

    private static Iterable<Part<TokenPair>> alone(TokenStore store, long row) {
        return Part.pairs(store, List.of(row), TOKENS, Packing.Style.SHARED);
    }

    private static double value(List<Measure> measures, String name) {
        Measure measure = measures.stream()
                .filter(one -> one.name().equals(name))
                .findFirst()
                .orElseThrow();
        return measure.sum() / measure.count();
    }

    /**
     * Greedy answers to the prompts of rows.
     *
     * @param lengths tokens of each answer, the stop token included
     * @param stopped for each answer 1 if it ended by itself, 0 if by the limit
     */
    public record Answered(double[] lengths, double[] stopped) {}

    /**
     * Lets a model answer prompts, always by the most probable token.
     *
     * @param model a language model
     * @param prompts token ids, see {@link #prompts}
     * @param limit tokens of an answer at most
     * @param stops tokens that end it
     * @return how long the answers are
     */
    public static Answered answers(Decoder model, List<int[]> prompts, int limit, Set<Integer> stops) {
        List<Generator.Completion> made = prompts.isEmpty()
                ? List.of()
                : new Generator(model, Math.min(SLOTS, prompts.size()))
                        .generate(prompts, Sampling.greedy(limit, stops));
        return new Answered(
                made.stream().mapToDouble(answer -> answer.ids().length).toArray(),
                made.stream().mapToDouble(answer -> answer.stopped() ? 1 : 0).toArray());
    }

    /**
     * Different prompts of the pairs that leave a model room to answer, in the order of the rows.
     *
     * @param most how many at most
     * @param longest the longest that is taken, in tokens
     * @return token ids
     */
    public List<int[]> prompts(int most, int longest) {
        Map<IntBuffer, int[]> different = new LinkedHashMap<>();
        for (TokenStore store : stores) {
            for (long row = 0; row < store.size() && different.size() < most; row++) {
                int[] prompt = ((TokenPair) store.get(row)).prompt();
                if (prompt.length <= longest) {
                    different.put(IntBuffer.wrap(prompt), prompt);
                }
            }
        }
        return List.copyOf(different.values());
    }

    /**
     * What reward models say of rows.
     *
     * @param pairs of each pair, as {@link #rows} has them, which completion is the better one and which the other
     * @param members for each completion, each once, the rewards of all members, [completion][member]
     * @param tokens of each completion
     * @param prompt for each the number of its prompt, as in {@code rows}
     */
    public record Rewards(List<int[]> pairs, double[][] members, int[] tokens, int[] prompt) {
        /**
         * The same with other rewards.
         *
         * @param scale from what all members give for a completion to what is taken for it
         * @return the rewards there
         */
        public Rewards on(UnaryOperator<double[]> scale) {
            return new Rewards(pairs, Arrays.stream(members).map(scale).toArray(double[][]::new), tokens, prompt);
        }

        /**
         * The pairs.
         *
         * @param rewards one reward for each completion
         * @return those of each pair
         */
        public PairScores pairs(double[] rewards) {
            return new PairScores(
                    pairs.stream().mapToDouble(pair -> rewards[pair[0]]).toArray(),
                    pairs.stream().mapToDouble(pair -> rewards[pair[1]]).toArray());
        }
    }

    /**
     * Rewards of all completions of pairs and rankings, with their prompt.
     *
     * @param models reward models that read the same tokens; each output of each is a member
     * @return what they give
     */
    public Rewards rewards(List<Decoder> models) {
        List<Scorer> scorers = models.stream().map(Scorer::new).toList();
        List<int[]> pairs = new ArrayList<>();
        List<double[]> members = new ArrayList<>();
        List<int[]> columns = new ArrayList<>();
        Map<IntBuffer, Integer> numbers = new HashMap<>();
        for (TokenStore store : stores) {
            for (long row : store.rows()) {
                Compared compared = Compared.of(store.get(row));
                int number = numbers.computeIfAbsent(IntBuffer.wrap(compared.prompt()), unseen -> numbers.size());
                int first = members.size();
                compared.pairs().forEach(pair -> pairs.add(new int[] {first + pair[0], first + pair[1]}));
                List<int[]> texts = compared.completions().stream()
                        .map(completion -> joined(compared.prompt(), completion))
                        .toList();
                List<List<double[]>> given =
                        scorers.stream().map(scorer -> scorer.rewards(texts)).toList();
                for (int i = 0; i < texts.size(); i++) {
                    int which = i;
                    members.add(given.stream()
                            .flatMapToDouble(one -> Arrays.stream(one.get(which)))
                            .toArray());
                    columns.add(new int[] {compared.completions().get(i).length, number});
                }
            }
        }
        return new Rewards(pairs, members.toArray(double[][]::new), column(columns, 0), column(columns, 1));
    }

    private static PairScores pairs(List<double[]> both) {
        return new PairScores(
                both.stream().mapToDouble(scores -> scores[0]).toArray(),
                both.stream().mapToDouble(scores -> scores[1]).toArray());
    }

    private static int[] joined(int[] prompt, int[] completion) {
        int[] all = Arrays.copyOf(prompt, prompt.length + completion.length);
        System.arraycopy(completion, 0, all, prompt.length, completion.length);
        return all;
    }

    /**
     * How well sequences are predicted.
     *
     * @param nll negative log-likelihood of the trained tokens, one sum a row
     * @param hits how many of them were the most probable token
     */
    public record Fit(double[] nll, double[] hits) {}

    /**
     * Measures sequences.
     *
     * @param model a language model
     * @return sums over each row's trained tokens
     */
    public Fit fit(Decoder model) {
        Policy policy = new Policy(model, false);
        List<Double> nll = new ArrayList<>();
        List<Double> hits = new ArrayList<>();
        for (TokenStore store : stores) {
            for (Part<TokenSequence> part : Part.sequences(store, store.rows(), TOKENS, Packing.Style.PACKED)) {
                try (Scope scope = Scope.open()) {
                    LogProbs.Scores scores = policy.score(part.packing());
                    int[] lengths = part.packing().lengths();
                    addTo(hits, sums(scores.hits().toDoubles(), lengths), 1);
                    addTo(nll, sums(scores.logps().toDoubles(), lengths), -1);
                }
            }
        }
        return new Fit(array(nll), array(hits));
    }

    private static void addTo(List<Double> all, double[] values, int sign) {
        Arrays.stream(values).forEach(value -> all.add(sign * value));
    }

    private static double[] array(List<Double> values) {
        return values.stream().mapToDouble(value -> value).toArray();
    }

    private static double[] sums(double[] perToken, int[] lengths) {
        double[] sums = new double[lengths.length];
        int at = 0;
        for (int i = 0; i < lengths.length; i++) {
            for (int t = 0; t < lengths[i]; t++) {
                sums[i] += perToken[at++];
            }
        }
        return sums;
    }
}
