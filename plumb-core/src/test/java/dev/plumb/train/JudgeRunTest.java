package dev.plumb.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.plumb.data.TokenSequence;
import dev.plumb.hub.Checkpoint;
import dev.plumb.hub.Hub;
import dev.plumb.hub.Safetensors;
import dev.plumb.model.Decoder;
import dev.plumb.model.Models;
import dev.plumb.model.Weights;
import dev.plumb.tensor.DType;
import dev.plumb.tensor.Device;
import dev.plumb.text.Tokenizer;
import dev.plumb.train.Judge.Comparison;
import dev.plumb.train.Judge.Opinion;
import dev.plumb.train.MetricsLog.Split;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs that learn from pairs by a judge's word. */
class JudgeRunTest {
    @TempDir
    private Path folder;

    private TinyRun tiny;
    private Path model;

    @BeforeEach
    void make() throws IOException {
        tiny = TinyRun.make(folder);
        model = judge("judge", 4096);
    }

    /** A judge with firm tastes, that nobody taught. */
    private Path judge(String name, int context) throws IOException {
        Path to = Files.createDirectory(folder.resolve(name));
        for (String file : List.of("tokenizer.json", "tokenizer_config.json")) {
            Files.copy(tiny.model().resolve(file), to.resolve(file));
        }
        Files.writeString(
                to.resolve("config.json"),
                Files.readString(tiny.model().resolve("config.json"))
                        .replace("\"max_position_embeddings\": 512", "\"max_position_embeddings\": " + context));
        try (Weights weights = Weights.random(Models.llama(280, 16, 2, 2, 1), 0.6, 3, Device.CPU)) {
            Safetensors.write(to.resolve("model.safetensors"), weights.all(), Optional.empty());
        }
        return to;
    }

    private Path yaml(String output, String... more) {
        List<String> all = new ArrayList<>(List.of(
                "per_device_train_batch_size: 32",
                "num_generations: 2",
                "max_completion_length: 6",
                "micro_batch_tokens: 200",
                "learning_rate: 1e-2",
                "data: {files: [" + folder.resolve("prompts.jsonl") + "], eval_share: 0.4}"));
        all.addAll(List.of(more));
        return tiny.yaml("online_dpo", output, all.toArray(String[]::new));
    }

    private static Map<String, Double> last(RunLayout run, Split split) {
        List<MetricsLog.Entry> all = TinyRun.entries(run, split);
        return all.get(all.size() - 1).values();
    }

    private static Map<String, Double> first(RunLayout run, Split split) {
        return TinyRun.entries(run, split).get(0).values();
    }

    /** A run whose judge is not the model that the settings name. */
    private RunLayout train(Judge judge, Path yaml) {
        OnlineJob job = (OnlineJob) TinyRun.job(yaml);
        try (RunFolder run = RunFolder.open(job.run().folder(), false);
                Workplace place = Workplace.open(job, Hub.ofEnvironment());
                OpenRewards rewards = OpenRewards.of(job.rewards(), place.checkpoint(), place.tokenizer());
                FrozenModel frozen = FrozenModel.of(place.checkpoint().decoder(), job.reference());
                Interrupt interrupt = new Interrupt()) {
            Decoder start = place.checkpoint().decoder();
            OnlineLoop loop = new OnlineLoop(
                    start,
                    Optional.of(frozen.decoder()),
                    Optional.empty(),
                    job,
                    job.policy(),
                    rewards.set(),
                    new Roller(start, place.tokenizer(), place.stops(), job.online(), 6),
                    place.dataset().order(job.run().seed()),
                    Optional.empty(),
                    Optional.of(new Tournament(judge, job.judge().orElseThrow().verdict())));
            Schedule schedule = new Schedule(
                    place.dataset().order(job.run().seed()),
                    job.optimisation(),
                    job.pace(),
                    job.learningRate(),
                    job.numTrainEpochs());
            try (TrainingRun training = TrainingRun.open(
                    job.run(), job.optimisation(), schedule, place, loop, Optional.of(frozen), run, interrupt)) {
                training.train();
                training.finish();
            }
            return run.layout();
        }
    }

    private static double letters(String text) {
        return text.chars().filter(c -> c == 'a').count();
    }

    @Test
    void aJudgesTasteIsLearnt() {
        Judge judge = comparisons -> comparisons.stream()
                .map(one -> new Opinion(1 / (1 + Math.exp(letters(one.second()) - letters(one.first()))), 1))
                .toList();
        RunLayout run = train(
                judge,
                yaml(
                        "run",
                        "judge: " + model,
                        "reward_funcs: [{name: regex, regex: {pattern: 'a'}}]",
                        "reward_weights: [0]",
                        "max_steps: 30"));
        assertThat(last(run, Split.EVAL).get("rewards/regex/mean"))
                .isGreaterThan(first(run, Split.EVAL).get("rewards/regex/mean") + 0.4);
        assertThat(first(run, Split.EVAL)).containsEntry("judge/win_rate", 0.5).doesNotContainKey("reward");
        assertThat(last(run, Split.EVAL).get("judge/win_rate")).isGreaterThan(0.8);
        Map<String, Double> step = first(run, Split.TRAIN);
        assertThat(step.get("loss")).isCloseTo(Math.log(2), within(1e-5));
        assertThat(step)
                .containsEntry("judge/consistency", 1.0)
                .containsEntry("judge/first_position_rate", 0.5)
                .containsEntry("judge/errors", 0.0)
                .containsEntry("objective/scores_margin", 1.0)
                .containsKey("rewards/regex/mean")
                .doesNotContainKey("reward");
        assertThat(step.get("online/tie_rate")).isBetween(0.05, 0.95);
    }

    @Test
    void aModelJudgesARunThatGoesOnExactlyAfterAStop() throws IOException {
        String[] settings = {
            "judge: {model: " + model + ", verdict: average}",
            "per_device_train_batch_size: 16",
            "max_steps: 8",
            "save_steps: 4",
            "eval_steps: 4",
            "num_mini_batches: 2",
            "load_best_model_at_end: true"
        };
        new Training(TinyRun.job(yaml("whole", settings)), false, List.of("test")).run();
        RunLayout whole = tiny.layout("whole");
        assertThat(first(whole, Split.EVAL)).containsEntry("judge/win_rate", 0.5);
        assertThat(last(whole, Split.EVAL).get("judge/win_rate")).isNotEqualTo(0.5);
        assertThat(first(whole, Split.TRAIN).get("judge/choice_mass")).isBetween(0.0, Tournament.LOW_MASS);
        assertThat(first(whole, Split.TRAIN)).containsEntry("judge/errors", 0.0);
        assertThat(Files.readString(whole.samples())).doesNotContain("reward");
        assertThat(Files.readString(whole.completions())).contains("\"judge\":1,", "\"judge\":0,");
        assertThat(Files.readString(whole.provenance())).contains(model.resolve("model.safetensors") + "");
        assertThat(Files.readString(whole.report())).contains("Win rate", "What the judge is worth");

        new Training(TinyRun.job(yaml("again", settings)), false, List.of("test")).run();
        TinyRun.assertSame(tiny.resumeFrom(4, "again"), whole);
    }

    @Test
    void aModelIsReadAtTheNextTokenOfItsReply() throws IOException {
        try (Checkpoint policy = Checkpoint.load(tiny.model(), Optional.of(DType.FLOAT32), Device.CPU);
                Checkpoint own = Checkpoint.load(model, Optional.of(DType.FLOAT32), Device.CPU);
                JudgeModel judge = JudgeModel.open(settings(model), policy);
                Tokenizer tokenizer = Tokenizer.load(model)) {
            List<Comparison> asked = List.of(
                    new Comparison("Why?", "the lamp burns", " a grey old sea"),
                    new Comparison("Why?", "a grey old sea", "the lamp burns"),
                    new Comparison("Why?", "storm ".repeat(2000), "sea"),
                    new Comparison("row 1", "", "night"));
            List<Opinion> said = judge.compare(asked);
            JudgePrompt prompt = new JudgePrompt(settings(model).criteria(), tokenizer::specialTokensIn);
            for (int i : new int[] {0, 1, 3}) {
                String text = prompt.text(asked.get(i)) + "\n" + JudgePrompt.LEAD;
                double a = logp(own, tokenizer.encode(text + "A"));
                double b = logp(own, tokenizer.encode(text + "B"));
                assertThat(said.get(i).first()).isCloseTo(1 / (1 + Math.exp(b - a)), within(1e-5));
                assertThat(said.get(i).mass()).isCloseTo(Math.exp(a) + Math.exp(b), within(1e-5));
            }
            assertThat(said.get(0).first()).isNotCloseTo(said.get(1).first(), within(1e-4));
            assertThat(said.get(2).isMissing()).isTrue(); // longer than its context
            assertThat(judge.notes(policy)).singleElement().asString().contains("no chat template");
            try (JudgeModel same = JudgeModel.open(settings(tiny.model()), policy)) {
                assertThat(same.notes(policy)).hasSize(2).last().asString().contains("weights that the policy starts");
            }
        }
    }

    private static JudgeSettings settings(Path model) {
        return new JudgeSettings(model, "taste", JudgeSettings.Verdict.BOTH_ORDERS);
    }

    private static double logp(Checkpoint model, int... ids) {
        boolean[] trained = new boolean[ids.length];
        trained[ids.length - 1] = true;
        return new Scorer(model.decoder())
                .logProbs(List.of(new TokenSequence(ids, trained)))
                .get(0)[0];
    }

    @Test
    void aChatTemplateIsUsedAndEndsWhereTheReplyBegins() throws IOException {
        Path chat = judge("chat", 4096);
        Files.writeString(
                chat.resolve("chat_template.jinja"),
                "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}"
                        + "{% if add_generation_prompt %}[assistant]{% endif %}");
        try (Checkpoint policy = Checkpoint.load(tiny.model(), Optional.of(DType.FLOAT32), Device.CPU);
                Checkpoint own = Checkpoint.load(chat, Optional.of(DType.FLOAT32), Device.CPU);
                JudgeModel judge = JudgeModel.open(settings(chat), policy);
                Tokenizer tokenizer = Tokenizer.load(chat)) {
            Comparison one = new Comparison("Why?", "lamp", "sea");
            String text = "[user]"
                    + new JudgePrompt("taste", t -> List.of()).text(one).strip() + "[assistant]" + JudgePrompt.LEAD;
            double a = logp(own, tokenizer.encode(text + "A"));
            double b = logp(own, tokenizer.encode(text + "B"));
            assertThat(judge.compare(List.of(one)).get(0).first()).isCloseTo(1 / (1 + Math.exp(b - a)), within(1e-5));
            assertThat(judge.notes(policy)).isEmpty();
        }
    }

    @Test
    void whatMakesNoSenseIsRefusedWithTheRemedy() throws IOException {
        assertRefused("nothing says which answers are better", "beta: 0.1");
        assertRefused("judge says which answers are better, and so do", "judge: j", "reward_funcs: [accuracy]");
        assertRefused("or process_reward_weight: 0", "judge: j", "process_reward_model: p");
        assertRefused("on the scale of rewards", "judge: j", "missing_eos_penalty: 1");
        assertRefused("mask_truncated_completions: true keeps", "judge: j", "min_margin: 0.5");
        assertRefused("say what makes an answer the better one", "judge: {model: j, criteria: ' '}");
        assertRefused("num_generations must be at least 2", "judge: j", "num_generations: 1");
        assertThatThrownBy(() -> TinyRun.job(tiny.yaml("grpo", "g", "judge: j", "reward_funcs: [accuracy]")))
                .hasMessageContaining("judge");
        Path scores = folder.resolve("scores");
        try (Checkpoint fresh = Checkpoint.loadForScoring(tiny.model(), Optional.of(DType.FLOAT32), Device.CPU, 3, 1)) {
            fresh.save(scores, DType.FLOAT32);
        }
        Job job = TinyRun.job(yaml("r", "judge: " + scores));
        assertThatThrownBy(() -> new Training(job, false, List.of("test")).check())
                .hasMessageContaining("name it in reward_models and leave judge out");
    }

    private void assertRefused(String part, String... settings) {
        assertThatThrownBy(() -> TinyRun.job(yaml("w" + Arrays.hashCode(settings), settings)))
                .hasMessageContaining(part);
    }
}
