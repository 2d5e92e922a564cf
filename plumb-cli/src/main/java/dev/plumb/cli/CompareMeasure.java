package dev.plumb.cli;

import dev.plumb.evaluate.Estimate;
import dev.plumb.train.Evaluation;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;

/** What is measured of each model. */
enum CompareMeasure {
    ACCURACY("preference accuracy", "pairs in the right order by what the method itself compares", true) {
        @Override
        Optional<Estimate> of(CompareArm arm, Evaluation.Rows rows) {
            return arm.learnt().map(learnt -> Estimate.wilson(learnt.own().right(), rows.prompt()));
        }
    },
    IMPLICIT(
            "implicit reward accuracy",
            "pairs in the right order by log p - log p of the start, one yardstick for all methods",
            true) {
        @Override
        Optional<Estimate> of(CompareArm arm, Evaluation.Rows rows) {
            return arm.learnt().map(learnt -> Estimate.wilson(learnt.ratios().right(), rows.prompt()));
        }
    },
    LOGP("raw log p accuracy", "pairs whose chosen answer is the more probable one, without a reference", true) {
        @Override
        Optional<Estimate> of(CompareArm arm, Evaluation.Rows rows) {
            return Optional.of(Estimate.wilson(arm.logps().right(), rows.prompt()));
        }
    },
    MARGIN("margin, nats", "by how much the chosen answer gained on the rejected one since the start", false) {
        @Override
        Optional<Estimate> of(CompareArm arm, Evaluation.Rows rows) {
            return arm.learnt().map(learnt -> Estimate.mean(learnt.ratios().margins(), rows.prompt()));
        }
    },
    PERPLEXITY("chosen perplexity", "of the chosen answers, a token", false) {
        @Override
        Optional<Estimate> of(CompareArm arm, Evaluation.Rows rows) {
            return Optional.of(nats(arm.logps().chosen(), rows).on(Math::exp));
        }
    },
    CHOSEN_NLL(
            "chosen NLL change",
            "nats a token since the start, pair by pair; below 0 it writes them more readily",
            false) {
        @Override
        Optional<Estimate> of(CompareArm arm, Evaluation.Rows rows) {
            return arm.learnt().map(learnt -> nats(learnt.ratios().chosen(), rows));
        }
    },
    DISPLACED("displaced chosen", "pairs whose chosen answer became less probable than at the start", true) {
        @Override
        Optional<Estimate> of(CompareArm arm, Evaluation.Rows rows) {
            return arm.learnt().map(learnt -> Estimate.wilson(learnt.displaced(), rows.prompt()));
        }
    },
    LENGTH("greedy answer, tokens", "mean length of greedy answers to held-out prompts", false) {
        @Override
        Optional<Estimate> of(CompareArm arm, Evaluation.Rows rows) {
            double[] lengths = arm.answered().lengths();
            return lengths.length == 0 ? Optional.empty() : Optional.of(Estimate.mean(lengths, numbers(lengths)));
        }
    },
    STOPPED("of them ended", "greedy answers that ended by themselves before max_completion_length", true) {
        @Override
        Optional<Estimate> of(CompareArm arm, Evaluation.Rows rows) {
            double[] stopped = arm.answered().stopped();
            return stopped.length == 0 ? Optional.empty() : Optional.of(Estimate.wilson(stopped, numbers(stopped)));
        }
    };

    private final String title;
    private final String note;
    private final boolean share;

    CompareMeasure(String title, String note, boolean share) {
        this.title = title;
        this.note = note;
        this.share = share;
    }

    /** The estimate for a model, with its interval over prompts; empty where there is nothing to measure. */
    abstract Optional<Estimate> of(CompareArm arm, Evaluation.Rows rows);

    String key() {
        return name().toLowerCase(Locale.ROOT);
    }

    String title() {
        return title + (share ? ", %" : "");
    }

    String note() {
        return note;
    }

    /** What a number is multiplied by for people. */
    double scale() {
        return share ? 100 : 1;
    }

    private static Estimate nats(double[] logps, Evaluation.Rows rows) {
        return Estimate.ratio(
                Arrays.stream(logps).map(logp -> -logp).toArray(),
                Arrays.stream(rows.tokens()).asDoubleStream().toArray(),
                rows.prompt());
    }

    private static int[] numbers(double[] values) {
        return IntStream.range(0, values.length).toArray();
    }
}
