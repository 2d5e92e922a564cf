package dev.plumb.train;

import java.util.List;

/** Says which of two answers to a question is the better one. It sees them in one order, which it should not heed. */
@FunctionalInterface
interface Judge {
    /**
     * Compares answers.
     *
     * @param comparisons what is to be compared
     * @return what it says of each, in their order
     */
    List<Opinion> compare(List<Comparison> comparisons);

    /**
     * Two answers to a question.
     *
     * @param question as people read it
     * @param first the answer that is shown first
     * @param second the other
     */
    record Comparison(String question, String first, String second) {
        /** The same in the other order. */
        Comparison turned() {
            return new Comparison(question, second, first);
        }
    }

    /**
     * What a judge says of a comparison.
     *
     * @param first how probable it finds it that the first answer is better, if one of the two is; NaN if it could not be asked
     * @param mass the probability that it names one of the two at all, before any other word
     */
    record Opinion(double first, double mass) {
        /** It could not be asked. */
        static final Opinion NONE = new Opinion(Double.NaN, Double.NaN);

        /** By the log-probabilities of the names of both: σ(l_first − l_second), arXiv 2212.08073 section 4.1. */
        static Opinion of(double first, double second) {
            return new Opinion(1 / (1 + Math.exp(second - first)), Math.exp(first) + Math.exp(second));
        }

        boolean isMissing() {
            return Double.isNaN(first);
        }
    }
}
