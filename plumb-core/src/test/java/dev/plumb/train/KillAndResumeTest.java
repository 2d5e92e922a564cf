package dev.plumb.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.plumb.train.MetricsLog.Split;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run that is killed again and again ends with the bytes of one that was left alone. */
class KillAndResumeTest {
    private static final int STEPS = 60;
    private static final String[] SETTINGS = {
        "max_steps: " + STEPS, "save_steps: 6", "eval_steps: 15", "weight_decay: 0.1", "lr_scheduler_type: cosine"
    };

    @TempDir
    private Path folder;

    private TinyRun tiny;

    @BeforeEach
    void make() {
        tiny = TinyRun.make(folder);
    }

    @Test
    void supervised() throws IOException, InterruptedException {
        hold("sft", true);
    }

    @Test
    void preferences() throws IOException, InterruptedException {
        hold("dpo", false);
    }

    @Test
    void preferencesWithAReferenceThatWasAskedBeforehand() throws IOException, InterruptedException {
        hold("dpo", false, "precompute_ref_log_probs: true");
    }

    @Test
    void preferencesByAnAdapter() throws IOException, InterruptedException {
        hold("dpo", false, "use_peft: true", "lora_r: 4", "use_dora: true");
        assertThat(tiny.layout("killed").finalModel()).isDirectoryNotContaining("glob:**/model.safetensors");
    }

    @Test
    void preferencesWithAReferenceThatFollows() throws IOException, InterruptedException {
        hold("dpo", false, "sync_ref_model: true", "ref_model_mixup_alpha: 0.3", "ref_model_sync_steps: 5");
    }

    @Test
    void preferencesByAnAdapterWithAReferenceThatWasAskedBeforehand() throws IOException, InterruptedException {
        hold("dpo", false, "use_peft: true", "lora_r: 4", "precompute_ref_log_probs: true");
    }

    @Test
    void groupsLearntFromTwice() throws IOException, InterruptedException {
        hold(
                "grpo",
                false,
                "data: {files: [" + folder.resolve("prompts.jsonl") + "], eval_share: 0.4}",
                "reward_funcs: [{name: regex, regex: {pattern: 'a'}}]",
                "num_generations: 2",
                "num_iterations: 2",
                "temperature: 1.2",
                "beta: 0.04");
    }

    @Test
    void stepsThatAModelJudged() throws IOException, InterruptedException {
        Solutions.write(folder);
        Path judge = tiny.train(
                        "prm", "judge", "data: {files: [" + folder.resolve("stepwise.jsonl") + "]}", "max_steps: 20")
                .finalModel();
        hold(
                "grpo",
                false,
                "data: {files: [" + folder.resolve("prompts.jsonl") + "], eval_share: 0.4}",
                "process_reward_model: " + judge,
                "supervision: process",
                "num_generations: 2",
                "num_iterations: 2",
                "max_completion_length: 8");
    }

    @Test
    void aPolicyWithItsValueFunctionAndAPenaltyThatFollows() throws IOException, InterruptedException {
        hold(
                "ppo",
                false,
                "data: {files: [" + folder.resolve("prompts.jsonl") + "], eval_share: 0.4}",
                "reward_funcs: [{name: regex, regex: {pattern: 'a'}}]",
                "num_mini_batches: 2",
                "num_iterations: 2",
                "kl_controller: adaptive",
                "kl_horizon: 50",
                "critic_learning_rate: 1e-2");
    }

    @Test
    void pairsOfThePolicysOwnWithAReferenceThatFollows() throws IOException, InterruptedException {
        hold(
                "online_dpo",
                false,
                "data: {files: [" + folder.resolve("prompts.jsonl") + "], eval_share: 0.4}",
                "reward_funcs: [{name: regex, regex: {pattern: 'a'}}]",
                "num_mini_batches: 3",
                "num_iterations: 2",
                "sync_ref_model: true",
                "ref_model_mixup_alpha: 1.0",
                "ref_model_sync_steps: 6");
    }

    @Test
    void aPolicyThatLearnsTextBesideItsAnswers() throws IOException, InterruptedException {
        hold(
                "ppo",
                false,
                "data: {files: [" + folder.resolve("prompts.jsonl") + "], eval_share: 0.4}",
                "reward_funcs: [{name: regex, regex: {pattern: 'a'}}]",
                "num_mini_batches: 2",
                "ptx_data: {files: [" + folder.resolve("demonstrations.jsonl") + "], eval_share: 0.15}",
                "ptx_coef: 0.5",
                "ptx_batch_size: 3");
    }

    private void hold(String method, boolean thorough, String... more) throws IOException, InterruptedException {
        // Where the home of this process has the reference's answers, another run may have asked for them, in other
        // parts.
        boolean apart = List.of(more).contains("precompute_ref_log_probs: true");
        goOn(tiny.yaml(method, "left", settings(more)), false, apart);
        Path yaml = tiny.yaml(method, "killed", settings(more));
        RunLayout killed = tiny.layout("killed");
        boolean resume = false;
        for (BooleanSupplier moment : moments(killed, thorough)) {
            TrainingProcess process = TrainingProcess.start(yaml, resume);
            assertThat(process.killWhen(moment)).as(process.output()).isTrue();
            assertThat(killed.finalModel()).doesNotExist();
            resume = true;
        }
        if (thorough) {
            interrupt(yaml, killed);
        }
        goOn(yaml, true, apart);

        TinyRun.assertSame(killed, tiny.layout("left"));
        assertThat(TinyRun.steps(killed, Split.TRAIN))
                .containsExactlyElementsOf(
                        LongStream.rangeClosed(1, STEPS).boxed().toList());
        assertThat(TinyRun.steps(killed, Split.EVAL)).containsExactly(0L, 15L, 30L, 45L, 60L);
        assertThat(Files.readString(killed.provenance())).contains("finished");
    }

    private static void goOn(Path yaml, boolean resume, boolean apart) {
        if (apart) {
            TrainingProcess process = TrainingProcess.start(yaml, resume);
            assertThat(process.end()).as(process.output()).isZero();
        } else {
            new Training(TinyRun.job(yaml), resume, List.of("test")).run();
        }
    }

    private static String[] settings(String... more) {
        String[] all = Arrays.copyOf(SETTINGS, SETTINGS.length + more.length);
        System.arraycopy(more, 0, all, SETTINGS.length, more.length);
        return all;
    }

    /** Early, while a checkpoint is written, right after one, and in a step between two. */
    private static List<BooleanSupplier> moments(RunLayout run, boolean thorough) {
        BooleanSupplier early = () -> lines(run) >= 4;
        BooleanSupplier writing = () -> lines(run) > 20 && names(run).stream().anyMatch(name -> name.endsWith(".part"));
        BooleanSupplier written = () -> names(run).contains("step-36");
        BooleanSupplier inAStep = () -> lines(run) >= 48;
        return thorough ? List.of(early, writing, written, inAStep) : List.of(writing, inAStep);
    }

    private static long lines(RunLayout run) {
        return TrainingProcess.lines(run.metrics());
    }

    private static List<String> names(RunLayout run) {
        String[] names = new File(run.checkpoints().toString()).list();
        return names == null ? List.of() : List.of(names);
    }

    /** Ctrl-C saves after the step and ends with the status of the signal. */
    private static void interrupt(Path yaml, RunLayout run) throws IOException, InterruptedException {
        Assumptions.assumeTrue(
                System.getProperty("os.name").equals("Linux"), "skipped: no way to send a signal on this system");
        long before = lines(run);
        // Where a test run itself ignores the signal, as in the background of a shell, its children would too.
        TrainingProcess process = TrainingProcess.start(yaml, true, "env", "--default-signal=INT");
        assertThat(process.waitFor(() -> lines(run) != before && lines(run) > 52))
                .as(process.output())
                .isTrue();
        new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start().waitFor();
        assertThat(process.end()).as(process.output()).isEqualTo(130);
        assertThat(run.finalModel()).doesNotExist();
        List<Long> steps = TinyRun.steps(run, Split.TRAIN);
        assertThat(new Checkpoints(run).newest().orElseThrow().step()).isEqualTo(steps.get(steps.size() - 1));
        assertThat(process.output()).contains("go on with --resume");
        assertThat(Files.readString(run.provenance())).contains("interrupted");
    }
}
