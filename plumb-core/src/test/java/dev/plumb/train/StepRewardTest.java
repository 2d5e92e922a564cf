package dev.plumb.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.plumb.config.PlumbException;
import dev.plumb.data.StepFormat;
import dev.plumb.hub.Checkpoint;
import dev.plumb.reward.Aggregate;
import dev.plumb.reward.RewardInput;
import dev.plumb.reward.Score;
import dev.plumb.reward.StepScores;
import dev.plumb.tensor.DType;
import dev.plumb.tensor.Device;
import dev.plumb.text.BytePairTrainer;
import dev.plumb.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Answers of a policy are cut and read as rows of training are, and their steps found in the policy's own tokens. */
class StepRewardTest {
    private static final StepFormat LINES = new StepFormat("\n", 64);
    private static final String PROMPT = "row 1";

    @TempDir
    private Path folder;

    private TinyRun tiny;
    private Path judge;
    private Checkpoint policy;
    private Tokenizer tokenizer;
    private RewardModel model;

    @BeforeEach
    void make() {
        tiny = TinyRun.make(folder);
        judge = folder.resolve("judge");
        try (Checkpoint fresh =
                Checkpoint.loadForClassifying(tiny.model(), Optional.of(DType.FLOAT32), Device.CPU, 3)) {
            fresh.save(judge, DType.FLOAT32);
        }
        policy = Checkpoint.load(tiny.model(), Optional.of(DType.FLOAT32), Device.CPU);
        tokenizer = Tokenizer.load(tiny.model());
        model = RewardModel.open(judge, policy);
    }

    @AfterEach
    void close() {
        model.close();
        tokenizer.close();
        policy.close();
    }

    private StepReward reward(StepFormat format, Aggregate aggregate) {
        return new StepReward(model, judge, format, tokenizer, aggregate);
    }

    private static RewardInput input(Tokenizer of, String completion, boolean stopped) {
        int[] prompt = of.encode(PROMPT);
        int[] text = of.encode(completion);
        int[] answer = stopped ? Arrays.copyOf(text, text.length + 1) : text;
        if (stopped) {
            answer[text.length] = of.eos().orElseThrow();
        }
        int[] all =
                IntStream.concat(Arrays.stream(prompt), Arrays.stream(answer)).toArray();
        return new RewardInput(PROMPT, completion, answer.length, stopped, Map.of(), all);
    }

    private Score score(StepReward reward, String completion, boolean stopped) {
        return reward.scores(List.of(input(tokenizer, completion, stopped))).get(0);
    }

    /** What each step ends, in characters of the answer without the token that ended it. */
    private static List<String> upToEnds(Tokenizer of, RewardInput answer, StepScores steps) {
        int from = answer.ids().length - answer.completionTokens();
        return Arrays.stream(steps.ends())
                .mapToObj(end -> of.decode(Arrays.copyOfRange(answer.ids(), from, from + end + 1), true))
                .toList();
    }

    /** The same by hand: the prompt, and each step followed by the separator. */
    private double[] plainly(String... steps) {
        return plainlyCutAt("\n", steps);
    }

    private double[] plainlyCutAt(String separator, String... steps) {
        List<Integer> ids = new ArrayList<>();
        List<Integer> at = new ArrayList<>();
        Arrays.stream(tokenizer.encode(PROMPT)).forEach(ids::add);
        for (String step : steps) {
            Arrays.stream(tokenizer.encode(step)).forEach(ids::add);
            Arrays.stream(tokenizer.encode(separator)).forEach(ids::add);
            at.add(ids.size() - 1);
        }
        return model.scorer()
                .steps(
                        List.of(ids.stream().mapToInt(i -> i).toArray()),
                        List.of(at.stream().mapToInt(i -> i).toArray()))
                .get(0);
    }

    @ParameterizedTest
    @EnumSource(Aggregate.class)
    void stepsAreReadAsInTrainingAndEndInThePolicysTokens(Aggregate aggregate) {
        RewardInput answer = input(tokenizer, "the lamp\nold sea\n\n  boat", true);
        Score score = reward(LINES, aggregate).scores(List.of(answer)).get(0);
        double[] want = plainly("the lamp", "old sea", "  boat");
        assertThat(score.steps().scores()).containsExactly(want, within(1e-6));
        assertThat(want[0]).isNotCloseTo(want[1], within(1e-4));
        assertThat(score.value().getAsDouble()).isCloseTo(aggregate.of(want), within(1e-5));
        assertThat(score.notes()).isEmpty();
        assertThat(upToEnds(tokenizer, answer, score.steps()))
                .containsExactly("the lamp\n", "the lamp\nold sea\n\n", "the lamp\nold sea\n\n  boat");
        assertThat(score.steps().ends()[2]).isEqualTo(answer.completionTokens() - 1); // to end belongs to the step
    }

    @Test
    void whatTheLimitCutOffIsJudgedAsFarAsStepsEnded() {
        RewardInput cut = input(tokenizer, "the lamp\nold sea\nbo", false);
        Score score = reward(LINES, Aggregate.MIN).scores(List.of(cut)).get(0);
        assertThat(score.steps().scores()).containsExactly(plainly("the lamp", "old sea"), within(1e-6));
        assertThat(upToEnds(tokenizer, cut, score.steps())).containsExactly("the lamp\n", "the lamp\nold sea\n");
        assertThat(score.notes()).containsExactly("cut_off");

        RewardInput between = input(tokenizer, "the lamp\nold sea\n", false);
        score = reward(LINES, Aggregate.MIN).scores(List.of(between)).get(0);
        assertThat(score.steps().scores()).hasSize(2);
        assertThat(upToEnds(tokenizer, between, score.steps())).containsExactly("the lamp\n", "the lamp\nold sea\n");
        assertThat(score.notes()).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(Aggregate.class)
    void anAnswerWithoutAStepIsABadOne(Aggregate aggregate) {
        for (RewardInput answer : List.of(
                input(tokenizer, "\n \n", true),
                input(tokenizer, "\n \n", false),
                input(tokenizer, "the lamp", false))) {
            Score score = reward(LINES, aggregate).scores(List.of(answer)).get(0);
            assertThat(score.steps().scores()).containsExactly(0);
            assertThat(score.steps().ends()).containsExactly(answer.completionTokens() - 1);
            assertThat(score.value().getAsDouble()).isCloseTo(aggregate.of(new double[] {0}), within(1e-12));
            assertThat(score.notes()).containsExactly("no_step");
        }
        assertThat(score(reward(LINES, aggregate), "", true).steps().ends()).containsExactly(0);
        assertThat(score(reward(LINES, aggregate), "***", true).notes()).isEmpty(); // says little, but is read
    }

    @Test
    void manyAnswersAreReadTogetherAndOneThatIsTooLongCostsItsOwnScoreAlone() {
        StepReward reward = reward(LINES, Aggregate.MEAN);
        List<RewardInput> answers = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            answers.add(input(tokenizer, "the lamp\n".repeat(i % 9) + "storm " + i, true));
        }
        answers.add(7, input(tokenizer, "the lamp\n".repeat(200), true));
        answers.add(9, input(tokenizer, "", true));
        List<Score> scores = reward.scores(answers);
        assertThat(scores).hasSize(42);
        for (int i = 0; i < 42; i++) {
            Score alone = reward.scores(List.of(answers.get(i))).get(0);
            assertThat(scores.get(i).notes()).isEqualTo(alone.notes());
            assertThat(scores.get(i).steps().scores())
                    .containsExactly(alone.steps().scores(), within(1e-5));
            assertThat(scores.get(i).steps().ends())
                    .containsExactly(alone.steps().ends());
        }
        assertThat(scores.get(7).failed()).isTrue();
        assertThat(scores.get(7).notes()).containsExactly("too_long");
        assertThat(scores.get(9).notes()).containsExactly("no_step");
        assertThat(reward.scores(List.of())).isEmpty();
    }

    @Test
    void beyondTheMostStepsTheRestIsOne() {
        Score score = score(reward(new StepFormat("\n", 2), Aggregate.MIN), "a\nb\nc\nd", true);
        assertThat(score.steps().scores()).hasSize(2);
        assertThat(score.notes()).containsExactly("steps_merged");
    }

    @Test
    void lettersOfSeveralTokensDoNotMoveTheEnds() {
        String text = "é🙂\n🙂 x\n\nẞ";
        RewardInput answer = input(tokenizer, text, true);
        StepScores steps =
                reward(LINES, Aggregate.MIN).scores(List.of(answer)).get(0).steps();
        assertThat(upToEnds(tokenizer, answer, steps)).containsExactly("é🙂\n", "é🙂\n🙂 x\n\n", text);
    }

    /** A policy of other tokens, in which words are whole. */
    private Path others() throws IOException {
        Path other = folder.resolve("other");
        BytePairTrainer.train(
                List.of("the keeper the keeper the lamp the lamp old sea old sea"),
                new BytePairTrainer.Plan(290, List.of("<s>", "</s>"), "<s>", "</s>", Optional.empty()),
                other);
        for (String file : List.of("config.json", "model.safetensors")) {
            Files.copy(tiny.model().resolve(file), other.resolve(file));
        }
        return other;
    }

    @Test
    void aPolicyOfOtherTokensEarnsTheSameAtItsOwnEnds() throws IOException {
        Path other = others();
        String text = "the lamp\nold sea\nbo";
        RewardInput own = input(tokenizer, text, true);
        Score want = reward(LINES, Aggregate.MIN).scores(List.of(own)).get(0);
        try (Checkpoint writer = Checkpoint.load(other, Optional.of(DType.FLOAT32), Device.CPU);
                RewardModel reader = RewardModel.open(judge, writer);
                Tokenizer tokens = Tokenizer.load(other)) {
            RewardInput answer = input(tokens, text, true);
            assertThat(answer.ids().length).isLessThan(own.ids().length);
            assertThat(reader.readsTokensOf(answer)).isFalse();
            assertThat(model.readsTokensOf(own)).isTrue();
            Score got = new StepReward(reader, judge, LINES, tokens, Aggregate.MIN)
                    .scores(List.of(answer))
                    .get(0);
            assertThat(got.steps().scores()).containsExactly(want.steps().scores(), within(1e-6));
            assertThat(upToEnds(tokens, answer, got.steps()))
                    .containsExactly("the lamp\n", "the lamp\nold sea\n", text);

            // Of " keeper", one token, "e" would end two steps: the last of them counts.
            StepFormat letters = new StepFormat("e", 64);
            RewardInput keeper = input(tokens, " the keeper", true);
            assertThat(keeper.completionTokens()).isEqualTo(3);
            StepScores steps = new StepReward(reader, judge, letters, tokens, Aggregate.MIN)
                    .scores(List.of(keeper))
                    .get(0)
                    .steps();
            assertThat(steps.ends()).containsExactly(0, 1, 2);
            double[] all = plainlyCutAt("e", " th", " k", "p", "r");
            assertThat(steps.scores()).containsExactly(new double[] {all[0], all[2], all[3]}, within(1e-6));
        }
    }

    @Test
    void otherModelsAreRefused() {
        assertThatThrownBy(() -> learned(model, judge))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining("name it in process_reward_model in place of reward_models");
        try (RewardModel language = RewardModel.open(tiny.model(), policy)) {
            assertThatThrownBy(() -> new StepReward(language, tiny.model(), LINES, tokenizer, Aggregate.MIN))
                    .isInstanceOf(PlumbException.class)
                    .hasMessageContaining("is no process reward model of two classes")
                    .hasMessageNotContaining("reward_models");
            assertThatThrownBy(() -> learned(language, tiny.model())).hasMessageContaining("is no reward model");
        }
        Path whole = folder.resolve("whole");
        try (Checkpoint fresh = Checkpoint.loadForScoring(tiny.model(), Optional.of(DType.FLOAT32), Device.CPU, 3, 1)) {
            fresh.save(whole, DType.FLOAT32);
        }
        try (RewardModel other = RewardModel.open(whole, policy)) {
            assertThatThrownBy(() -> new StepReward(other, whole, LINES, tokenizer, Aggregate.MIN))
                    .hasMessageContaining("name this model in reward_models");
        }
    }

    private static LearnedReward learned(RewardModel model, Path folder) {
        return new LearnedReward(List.of(model), List.of(folder), false, Optional.empty());
    }
}
