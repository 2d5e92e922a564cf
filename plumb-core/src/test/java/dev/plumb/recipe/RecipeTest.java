package dev.plumb.recipe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.plumb.config.PlumbException;
import dev.plumb.config.YamlSource;
import dev.plumb.train.Job;
import dev.plumb.train.OnlineJob;
import dev.plumb.train.PtxSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a file of stages means, and how its faults are told. */
class RecipeTest {
    private static final String GOOD = """
            output: out
            shared:
              model: base
              data: {files: pairs.jsonl, eval_share: 0.2}
              num_generations: 4
            stages:
              - method: sft
                data: answers.jsonl
                learning_rate: 1e-3
              - name: judge
                method: reward
                model: ${sft}
              - name: ppo
                method: ppo
                model: "${sft}"
                reward_models: ${judge}
                value_model: ${judge}
                data: {files: questions.jsonl}
              - name: draw
                method: rejection_sampling
                model: ${ppo}
                reward_models: [ '${judge}' ]
                min_reward: 0.5
              - name: again
                method: sft
                data: {files: ['${draw}', more.jsonl]}
            """;

    private static Recipe read(String text, String... words) {
        return Recipe.read(YamlSource.text("r.yaml", text).with(List.of(words)));
    }

    private static Job job(Recipe recipe, int stage) {
        return ((Stage.Run) recipe.stages().get(stage)).job();
    }

    @Test
    void stagesTakeSharedSettingsAndWhatEarlierStagesMade() {
        Recipe recipe = read(GOOD);
        assertThat(recipe.stages().stream().map(Stage::name)).containsExactly("sft", "judge", "ppo", "draw", "again");
        assertThat(recipe.stages().stream().map(stage -> stage.folder().toString()))
                .containsExactly("out/1-sft", "out/2-judge", "out/3-ppo", "out/4-draw", "out/5-again");
        Job sft = job(recipe, 0);
        assertThat(sft.run().model()).hasToString("base");
        assertThat(sft.run().data().files().get(0).path()).hasToString("answers.jsonl");
        assertThat(sft.run().data().evalShare()).isEqualTo(0.2); // beside the files of the stage itself
        assertThat(job(recipe, 1).run().model()).hasToString("out/1-sft/final");
        assertThat(job(recipe, 1).run().data().files().get(0).path()).hasToString("pairs.jsonl");
        OnlineJob.PpoJob ppo = (OnlineJob.PpoJob) job(recipe, 2);
        assertThat(ppo.rewards().models().rewardModels()).containsExactly(Path.of("out/2-judge/final"));
        assertThat(ppo.valueFunction().valueModel()).contains(Path.of("out/2-judge/final"));
        assertThat(ppo.online().numGenerations()).contains(4);
        RejectionSampling draw = ((Stage.Sampling) recipe.stages().get(3)).settings();
        assertThat(draw.model()).hasToString("out/3-ppo/final");
        assertThat(draw.numGenerations()).isEqualTo(4);
        assertThat(job(recipe, 4).run().data().files().stream()
                        .map(file -> file.path().toString()))
                .containsExactly("out/4-draw/accepted.jsonl", "more.jsonl");
    }

    @Test
    void aRehearsalStandsOnTheModelThatTheChainBeginsWith() {
        Recipe recipe = read(GOOD);
        Stage.Run ppo = (Stage.Run) recipe.stages().get(2);
        assertThat(ppo.rehearsal().orElseThrow().run().model()).hasToString("base");
        assertThat(((Stage.Sampling) recipe.stages().get(3)).rehearsal().model())
                .hasToString("base");
        assertThat(((Stage.Run) recipe.stages().get(4)).rehearsal()).isEmpty(); // its rows are still to be written
    }

    @Test
    void wordsAreForOneStageOrForAllThatDoNotSaySoThemselves() {
        Recipe recipe = read(
                GOOD,
                "output=o",
                "model=m",
                "judge.learning_rate=5e-4",
                "data.on_bad_row=drop",
                "seed=3",
                "ppo.seed=4");
        assertThat(job(recipe, 0).run().model()).hasToString("m");
        assertThat(job(recipe, 1).run().model()).hasToString("o/1-sft/final");
        assertThat(job(recipe, 1).learningRate()).isEqualTo(5e-4);
        assertThat(job(recipe, 0).learningRate()).isEqualTo(1e-3);
        assertThat(job(recipe, 0).run().data().onBadRow()).hasToString("DROP");
        assertThat(job(recipe, 0).run().data().files().get(0).path()).hasToString("answers.jsonl");
        assertThat(recipe.stages().stream()
                        .filter(Stage.Run.class::isInstance)
                        .map(stage -> ((Stage.Run) stage).job().run().seed()))
                .containsExactly(3L, 3L, 4L, 3L);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "model: ${sft}|model: ${sfft}|r.yaml:12:12: ${sfft}: there is no earlier stage 'sfft', did you mean 'sft'?",
                "model: ${sft}|model: ${draw}|r.yaml:12:12: ${draw}: stage 'draw' comes later",
                "model: ${sft}|model: ${judge}|r.yaml:12:12: ${judge}: a stage cannot start from itself",
                "reward_models: ${judge}|reward_models: ${sft}|r.yaml:16:20: ${sft} is a language model, but 'reward_models' takes a reward model",
                "model: ${ppo}|model: ${judge}|r.yaml:21:5: ${judge} is a reward model, which writes nothing",
                "${draw}'|${ppo}'|r.yaml:26:20: ${ppo} is a language model, but 'data' takes rows",
                "learning_rate: 1e-3|learning_rate: ${sft}|r.yaml:9:20: 'learning_rate' takes nothing that a stage makes",
                "learning_rate: 1e-3|learning_rat: 1e-3|r.yaml:9:5: unknown key 'learning_rat', did you mean 'learning_rate'?",
                "learning_rate: 1e-3|use_peft: true|r.yaml:12:12: ${sft} is an adapter",
                "learning_rate: 1e-3|output: x|r.yaml:9:5: a stage's folder follows from its name",
                "min_reward: 0.5|min_rewrd: 0.5|r.yaml:23:5: unknown key 'min_rewrd', did you mean 'min_reward'?",
                "min_reward: 0.5|eval_steps: 5|r.yaml:23:5: unknown key 'eval_steps'",
                "method: rejection_sampling|method: rejection_sampleing|r.yaml:20:5: there is no method 'rejection_sampleing', did you mean 'rejection_sampling'?",
                "method: reward|method: rewardd|r.yaml:11:5: there is no method 'rewardd', did you mean 'reward'?",
                "num_generations: 4|num_generation: 4|r.yaml:5:3: unknown key 'num_generation', did you mean 'num_generations'?",
                "num_generations: 4|num_generations: none|r.yaml:5:20: num_generations: 'none' is not a whole number",
                "output: out|outputt: out|r.yaml:1:1: unknown key 'outputt', did you mean 'output'?",
                "output: out|model: out|r.yaml:1:1: 'model' is a setting of runs: it belongs under 'shared', or in a stage",
                "name: again|name: judge|r.yaml:24:5: stage 2 is also called 'judge'",
                "name: again|name: seed|r.yaml:24:5: 'seed' is also a setting",
                "name: again|name: a b|r.yaml:24:5: a stage is named by letters",
                "reward_models: ${judge}|num_iterations: 1|r.yaml:13:5: nothing rewards the answers"
            })
    void everyFaultNamesItsLineAndWhatWasMeant(String good, String bad, String message) {
        assertThat(GOOD).contains(good);
        assertThatThrownBy(() -> read(GOOD.replace(good, bad)))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining(message);
    }

    @Test
    void aJudgeOfStepsIsAnotherThingThanAModelOrAReward() {
        String good = GOOD.replace("method: reward", "method: prm")
                .replace("reward_models: ${judge}\n    value_model: ${judge}", "process_reward_model: ${judge}")
                .replace("reward_models: [ '${judge}' ]", "process_reward_model: ${judge}");
        OnlineJob ppo = (OnlineJob) job(read(good), 2);
        assertThat(ppo.rewards().process().processRewardModel()).contains(Path.of("out/2-judge/final"));
        assertThatThrownBy(() -> read(good.replaceFirst("process_reward_model: ", "reward_models: ")))
                .hasMessageContaining("${judge} is a process reward model, but 'reward_models' takes a reward model");
        assertThatThrownBy(() -> read(GOOD.replaceFirst("reward_models: ", "process_reward_model: ")))
                .hasMessageContaining(
                        "${judge} is a reward model, but 'process_reward_model' takes a process reward model");
        assertThatThrownBy(() -> read(good.replace("model: ${ppo}", "model: ${judge}")))
                .hasMessageContaining("${judge} is a process reward model, which writes nothing");
    }

    @Test
    void allFaultsOfAllStagesAreReportedAtOnceAndNoneFollowsFromAnother() {
        String bad =
                GOOD.replace("learning_rate: 1e-3", "learning_rate: -1").replace("min_reward: 0.5", "min_reward: x");
        assertThatThrownBy(() -> read(bad))
                .satisfies(fault -> assertThat(fault.getMessage().lines()).hasSize(2))
                .hasMessageContaining("r.yaml:9:20: learning_rate: '-1' is out of range")
                .hasMessageContaining("r.yaml:23:17: min_reward: 'x' is not a number");
    }

    @ParameterizedTest
    @CsvSource({"instructgpt, sft reward ppo", "r1_zero, zero", "r1, cold_start reasoning rejection sft all"})
    void theRecipesThatAreShippedAreBound(String name, String stages) {
        Path file = Path.of("..", "examples", name + ".yaml");
        Recipe recipe = Recipe.read(YamlSource.file(file).with(List.of("model=m")));
        assertThat(recipe.output()).hasToString("runs/" + name);
        assertThat(recipe.stages().stream().map(Stage::name)).containsExactly(stages.split(" "));
        assertThat(job(recipe, 0).run().model()).hasToString("m");
        assertThat(recipe.text()).contains("./plumb train examples/" + name + ".yaml model=");
        if (name.equals("instructgpt")) {
            OnlineJob.PpoJob ppo = (OnlineJob.PpoJob) job(recipe, 2);
            assertThat(ppo.policy().needsReference()).isTrue(); // so that the KL is reported
            assertThat(ppo.rewards().models().rewardModels())
                    .containsExactly(Path.of("runs/instructgpt/2-reward/final"));
            assertThat(ppo.valueFunction().valueModel()).contains(Path.of("runs/instructgpt/2-reward/final"));
        }
    }

    @Test
    void textBesideTheRewardsOfInstructGptIsThereToBeUncommented() throws IOException {
        Path file = Path.of("..", "examples", "instructgpt.yaml");
        String text = Files.readString(file).replaceAll("(?m)^    # ", "    ");
        Recipe recipe = Recipe.read(YamlSource.text("instructgpt.yaml", text).with(List.of("model=m")));
        PtxSettings ptx = ((OnlineJob.PpoJob) job(recipe, 2)).ptx();
        assertThat(ptx.ptxCoef()).isEqualTo(1);
        assertThat(ptx.ptxData()).contains(job(recipe, 0).run().data());
    }

    @Test
    void wordsThatChangeNothingAreRefused() {
        assertThatThrownBy(() -> read(GOOD, "jugde.seed=1"))
                .hasMessageContaining("on the command line: unknown key 'jugde', neither a stage nor a setting, did you"
                        + " mean 'judge'?");
        assertThatThrownBy(() -> read(GOOD.replace("method: rejection_sampling", "method: rejection_sampler")))
                .satisfies(fault -> assertThat(fault.getMessage().lines()).hasSize(1)); // nothing of those that name it
        assertThatThrownBy(() -> read(GOOD, "min_reward=1"))
                .hasMessageContaining("each stage sets 'min_reward' itself, so 'min_reward=1' would change nothing");
        assertThatThrownBy(() -> read("stages: []\n")).hasMessageContaining("'stages' names no stage");
        assertThatThrownBy(() -> read("shared: {seed: 1}\n")).hasMessageContaining("'stages' names no stage");
        assertThatThrownBy(() -> read("stages: [{model: m}]\n")).hasMessageContaining("a stage needs `method`");
    }
}
