package dev.plumb.train;

import dev.plumb.model.Architecture;
import dev.plumb.model.Decoder;
import dev.plumb.model.Generator;
import dev.plumb.model.Sampling;
import dev.plumb.model.Weights;
import dev.plumb.tensor.DType;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.NoGrad;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import dev.plumb.tensor.Torch;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * Times generation by random weights, beside the rate that memory allows: a step for all sequences reads all weights once. A
 * benchmark, not a test.
 */
public final class GenerateBench {
    private static final long READ = 512L << 20;

    private GenerateBench() {}

    /**
     * What is generated.
     *
     * @param size size of the model
     * @param prompts how many prompts
     * @param promptLength tokens of each
     * @param samples completions of each
     * @param newTokens tokens of each completion
     * @param slots completions at a time
     */
    public record Plan(TrainBench.Size size, int prompts, int promptLength, int samples, int newTokens, int slots) {}

    /**
     * What was measured.
     *
     * @param plan what was generated
     * @param parameters numbers in the model
     * @param threads processor threads
     * @param seconds of each timed round
     * @param median of them
     * @param firstMedian the same for rounds that end with the first token of each completion
     * @param tokens generated in a round
     * @param weightBytes what a step reads of the weights
     * @param bandwidth bytes a second that this process reads from memory
     * @param peakRssMb largest resident memory of the process, -1 where the system does not tell
     */
    public record Result(
            Plan plan,
            long parameters,
            int threads,
            List<Double> seconds,
            double median,
            double firstMedian,
            long tokens,
            long weightBytes,
            double bandwidth,
            long peakRssMb) {
        /**
         * The rate of the median round.
         *
         * @return tokens a second
         */
        public double rate() {
            return tokens / median;
        }

        /**
         * The rate at which nothing but reading the weights would take time: no faster one is possible.
         *
         * @return tokens a second
         */
        public double floor() {
            return Math.min(plan.slots(), plan.prompts() * plan.samples()) * bandwidth / weightBytes;
        }

        /**
         * How long one more token for each completion took.
         *
         * @return seconds
         */
        public double step() {
            return (median - firstMedian) / (plan.newTokens() - 1);
        }
    }

    /**
     * Runs rounds, each of which generates completions of new prompts.
     *
     * @param plan what is generated
     * @param rounds timed rounds, after one that is not
     * @param device where
     * @return what was measured
     */
    public static Result run(Plan plan, int rounds, Device device) {
        Architecture shape = plan.size().architecture();
        SplittableRandom random = new SplittableRandom(1);
        try (Weights weights = Weights.random(shape, 0.02, 0, device)) {
            Generator generator = new Generator(new Decoder(shape, weights), plan.slots());
            List<Double> whole = new ArrayList<>();
            List<Double> first = new ArrayList<>();
            for (int round = 0; round <= rounds; round++) {
                double seconds = time(generator, plan, plan.newTokens(), random);
                double toFirst = time(generator, plan, 1, random);
                if (round > 0) {
                    whole.add(seconds);
                    first.add(toFirst);
                }
            }
            long bytes =
                    weights.all().values().stream().mapToLong(Tensor::byteSize).sum();
            long peak = ProcessMemory.peak().orElse(-1); // before memory is filled to measure its bandwidth
            return new Result(
                    plan,
                    weights.count(),
                    Torch.threads(),
                    whole,
                    median(whole),
                    median(first),
                    (long) plan.prompts() * plan.samples() * plan.newTokens(),
                    bytes,
                    bandwidth(device),
                    peak);
        }
    }

    private static double time(Generator generator, Plan plan, int newTokens, SplittableRandom random) {
        List<int[]> prompts = new ArrayList<>();
        for (int i = 0; i < plan.prompts(); i++) {
            prompts.add(random.ints(
                            plan.promptLength(), 3, plan.size().architecture().vocabularySize())
                    .toArray());
        }
        long start = System.nanoTime();
        generator.generate(
                new Generator.Request(prompts, 0, plan.samples()),
                Sampling.of(newTokens, 1, Set.of(), random.nextLong()),
                Generator.Watcher.NONE);
        return (System.nanoTime() - start) / 1e9;
    }

    private static double median(List<Double> numbers) {
        return numbers.stream().sorted().toList().get(numbers.size() / 2);
    }

    /** The best of some sums over more memory than caches hold. */
    private static double bandwidth(Device device) {
        double best = 0;
        try (Scope scope = Scope.open();
                NoGrad guard = NoGrad.open()) {
            Tensor memory = Tensor.full(1, DType.FLOAT32, device, READ / 4);
            for (int i = 0; i < 8; i++) {
                long start = System.nanoTime();
                memory.sum().item();
                best = Math.max(best, READ / ((System.nanoTime() - start) / 1e9));
            }
        }
        return best;
    }
}
