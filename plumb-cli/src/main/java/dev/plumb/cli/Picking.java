package dev.plumb.cli;

import dev.plumb.config.Inline;
import dev.plumb.config.Setting;
import dev.plumb.reward.BestOfN;
import dev.plumb.reward.FinalAnswers;
import dev.plumb.reward.MajorityVote;
import dev.plumb.reward.Selection;
import dev.plumb.reward.TopVote;
import dev.plumb.reward.WeightedVote;
import dev.plumb.train.Rewards;
import java.util.Locale;
import java.util.Optional;

/**
 * What answers are rewarded for, and which of several to a prompt is written.
 *
 * @param rewards what rewards answers; nothing need
 * @param select the rule
 * @param voteK how many vote
 * @param voteWeight what a vote weighs
 * @param answerPattern what the final answer looks like
 * @param lenient whether the last number counts as an answer
 * @param writeAll whether the others are written too
 */
record Picking(
        @Inline Rewards rewards,

        @Setting(
                doc =
                        "Which of the num_generations answers to a prompt is written. best_of_n: the one that earns most, of equal"
                                + " ones the shortest. Three rules let answers vote for what they end in, and write the first"
                                + " with the answer that won: majority_vote: each has one vote; weighted_vote: each weighs what"
                                + " it earns; top_vote: the vote_k that earn most have one each. If not given, best_of_n where"
                                + " answers are rewarded, and else all are written.",
                source = "arXiv 2203.11171, 2206.02336, 2110.14168")
        Optional<Rule> select,

        @Setting(
                doc = "With top_vote: how many answers vote, those that earn most.",
                min = 1,
                source = "arXiv 2110.14168, section 4.2: 3 to 10 of 100")
        Optional<Integer> voteK,

        @Setting(
                doc = "With weighted_vote: what an answer's vote weighs, its reward, which must then be from 0 to 1, or"
                        + " sigmoid, 1 / (1 + e^(-reward)), for rewards without bounds. reward if not given.")
        Optional<Weight> voteWeight,

        @Setting(
                doc =
                        "With votes: a regular expression whose last match in a completion is its answer: the first group, or all"
                                + " of it. Without it: <answer>, \\boxed, ####, \"the answer is\".")
        Optional<String> answerPattern,

        @Setting(
                doc = "With votes: whether the last number of a completion is its answer where none is marked.",
                byDefault = "false")
        boolean lenient,

        @Setting(doc = "With select: write all answers, each with picked, true or false.", byDefault = "false")
        boolean writeAll) {

    /** Ways to choose one answer of several. */
    enum Rule {
        /** By its reward. */
        BEST_OF_N,
        /** By the number of answers like it. */
        MAJORITY_VOTE,
        /** By what they earn together. */
        WEIGHTED_VOTE,
        /** By their number among the best-rewarded. */
        TOP_VOTE;

        boolean votes() {
            return this != BEST_OF_N;
        }

        boolean needsRewards() {
            return this != MAJORITY_VOTE;
        }

        String key() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** What a vote weighs. */
    enum Weight {
        /** The reward itself. */
        REWARD,
        /** σ(reward). */
        SIGMOID
    }

    /** Refuses what would do nothing. */
    Picking {
        Optional<Rule> rule = select;
        boolean votes = rule.filter(Rule::votes).isPresent();
        if (rule.isPresent() && rule.get().needsRewards() && rewards.isEmpty()) {
            throw new IllegalArgumentException(
                    "select: " + rule.get().key() + " goes by rewards, and nothing rewards the"
                            + " answers: name a function, as in reward_funcs=[accuracy], or a model, as in"
                            + " reward_models=[runs/reward/final] or process_reward_model=runs/prm/final, or take majority_vote");
        }
        refuse(
                voteK.isPresent() && rule.filter(Rule.TOP_VOTE::equals).isEmpty(),
                "vote_k is used by select=top_vote only");
        refuse(
                voteK.isEmpty() && rule.filter(Rule.TOP_VOTE::equals).isPresent(),
                "select: top_vote needs vote_k, how many of the best-rewarded answers vote, such as 3");
        refuse(
                voteWeight.isPresent()
                        && rule.filter(Rule.WEIGHTED_VOTE::equals).isEmpty(),
                "vote_weight is used by select=weighted_vote only");
        refuse(
                rule.filter(Rule.WEIGHTED_VOTE::equals).isPresent()
                        && voteWeight.filter(Weight.SIGMOID::equals).isEmpty()
                        && !rewards.models().rewardModels().isEmpty(),
                "select: weighted_vote takes rewards from 0 to 1, and those of reward_models have no bounds: set"
                        + " vote_weight=sigmoid");
        refuse(
                answerPattern.isPresent() && !votes,
                "answer_pattern is used by votes only; the reward accuracy has its own, in reward_funcs");
        refuse(lenient && !votes, "lenient is used by votes only; the reward accuracy has its own, in reward_funcs");
        new FinalAnswers(answerPattern, lenient); // refuses what is no pattern
    }

    private static void refuse(boolean wrong, String remedy) {
        if (wrong) {
            throw new IllegalArgumentException(remedy);
        }
    }

    /** Refuses rules where there is nothing to choose from. */
    void requireUse(int samples) {
        refuse(
                select.isPresent() && samples == 1,
                "select picks one of several answers to a prompt: ask for several, as in num_generations=8");
        refuse(
                voteK.isPresent() && voteK.get() > samples,
                "vote_k " + voteK.orElse(0) + " is more than the num_generations of " + samples);
        refuse(
                writeAll && rule(samples).isEmpty(),
                "write_all marks the picked answer among all, and nothing is picked: set select, or take it out, as all are"
                        + " written then");
    }

    /** The rule for so many answers to each prompt; none if all are written unmarked. */
    Optional<Rule> rule(int samples) {
        return select.isPresent() || samples == 1 || rewards.isEmpty() ? select : Optional.of(Rule.BEST_OF_N);
    }

    Selection selection(Rule rule) {
        return switch (rule) {
            case BEST_OF_N -> new BestOfN();
            case MAJORITY_VOTE -> new MajorityVote();
            case WEIGHTED_VOTE -> new WeightedVote();
            case TOP_VOTE -> new TopVote(voteK.orElseThrow());
        };
    }

    boolean isSigmoid() {
        return voteWeight.filter(Weight.SIGMOID::equals).isPresent();
    }
}
