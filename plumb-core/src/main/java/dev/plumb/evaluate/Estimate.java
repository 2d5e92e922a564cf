package dev.plumb.evaluate;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.DoubleUnaryOperator;
import java.util.function.ToDoubleFunction;

/**
 * A mean over prompts with its 95 % interval. What is drawn anew for the interval are whole prompts with all their rows, never
 * rows or tokens: those of one prompt are alike, and would make the interval too narrow.
 *
 * @param value the estimate
 * @param low lower end of the interval; not a number where one prompt is all there is
 * @param high upper end
 * @param prompts how many different prompts it rests on; runs, where it is over runs
 */
public record Estimate(double value, double low, double high, int prompts) {
    private static final int DRAWS = 10_000;
    private static final int FEW = 30;
    private static final long SEED = 20_241_225;

    /**
     * A sum over a sum, such as a loss over tokens; the interval is the percentile bootstrap's (Efron 1979), from a fixed seed.
     *
     * @param numerators one a row
     * @param denominators one a row, their sum above 0
     * @param prompt for each row the number of its prompt, from 0 on without gaps
     * @return the estimate
     */
    public static Estimate ratio(double[] numerators, double[] denominators, int[] prompt) {
        int prompts = Arrays.stream(prompt).max().orElse(-1) + 1;
        if (prompts == 0) {
            throw new IllegalArgumentException("an estimate needs at least one row");
        }
        double[] above = new double[prompts];
        double[] below = new double[prompts];
        for (int row = 0; row < prompt.length; row++) {
            above[prompt[row]] += numerators[row];
            below[prompt[row]] += denominators[row];
        }
        double[][] sums = new double[prompts][];
        Arrays.setAll(sums, i -> new double[] {above[i], below[i]});
        return ofSums(sums, sum -> sum[0] / sum[1]);
    }

    /**
     * What follows from sums over rows; the interval as for {@link #ratio}. Draws from which it does not follow are left out.
     *
     * @param sums for each prompt its sums over its rows, [prompt][sum]
     * @param statistic what follows from the sums over all prompts
     * @return the estimate
     */
    static Estimate ofSums(double[][] sums, ToDoubleFunction<double[]> statistic) {
        int prompts = sums.length;
        double[] all = new double[sums[0].length];
        for (double[] sum : sums) {
            add(all, sum);
        }
        double value = statistic.applyAsDouble(all);
        if (prompts == 1) {
            return new Estimate(value, Double.NaN, Double.NaN, 1);
        }
        SplittableRandom random = new SplittableRandom(SEED);
        double[] drawn = new double[DRAWS];
        for (int draw = 0; draw < DRAWS; draw++) {
            Arrays.fill(all, 0);
            for (int i = 0; i < prompts; i++) {
                add(all, sums[random.nextInt(prompts)]);
            }
            drawn[draw] = statistic.applyAsDouble(all);
        }
        double[] known =
                Arrays.stream(drawn).filter(one -> !Double.isNaN(one)).sorted().toArray();
        if (Double.isNaN(value) || known.length == 0) {
            return new Estimate(value, Double.NaN, Double.NaN, prompts);
        }
        return new Estimate(value, known[known.length / 40], known[known.length - 1 - known.length / 40], prompts);
    }

    private static void add(double[] to, double[] more) {
        for (int i = 0; i < to.length; i++) {
            to[i] += more[i];
        }
    }

    /**
     * A mean over rows.
     *
     * @param values one a row
     * @param prompt for each row the number of its prompt, from 0 on without gaps
     * @return the estimate
     */
    public static Estimate mean(double[] values, int[] prompt) {
        double[] ones = new double[values.length];
        Arrays.fill(ones, 1);
        return ratio(values, ones, prompt);
    }

    /**
     * A share of rows, ties counting half. Of fewer than 30 prompts the interval is Wilson's, as so few draw nothing that is
     * worth drawing again.
     *
     * @param values from 0 to 1, one a row
     * @param prompt for each row the number of its prompt, from 0 on without gaps
     * @return the estimate
     */
    public static Estimate share(double[] values, int[] prompt) {
        Estimate mean = mean(values, prompt);
        return mean.prompts() >= FEW ? mean : wilson(values, prompt);
    }

    /**
     * A share of rows, ties counting half, with Wilson's interval: it takes each prompt as one row, its share of them.
     *
     * @param values from 0 to 1, one a row
     * @param prompt for each row the number of its prompt, from 0 on without gaps
     * @return the estimate
     */
    public static Estimate wilson(double[] values, int[] prompt) {
        Estimate mean = mean(values, prompt);
        double centre = Wilson.centre(mean.value(), mean.prompts());
        double half = Wilson.half(mean.value(), mean.prompts());
        return new Estimate(
                mean.value(),
                Math.max(0, Math.min(mean.value(), centre - half)),
                Math.min(1, Math.max(mean.value(), centre + half)),
                mean.prompts());
    }

    /**
     * The same on another scale.
     *
     * @param scale a rising function, such as the exponential that makes a perplexity of a loss
     * @return the estimate there
     */
    public Estimate on(DoubleUnaryOperator scale) {
        return new Estimate(scale.applyAsDouble(value), scale.applyAsDouble(low), scale.applyAsDouble(high), prompts);
    }
}
