package dev.plumb.config;

import static dev.plumb.config.Samples.faults;
import static dev.plumb.config.Samples.job;
import static org.assertj.core.api.Assertions.assertThat;

import dev.plumb.config.Samples.Adapter;
import dev.plumb.config.Samples.Data;
import dev.plumb.config.Samples.FileSpec;
import dev.plumb.config.Samples.Job;
import dev.plumb.config.Samples.LossType;
import dev.plumb.config.Samples.OnBadRow;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class OverridesTest {
    private static final FileSpec A = new FileSpec(Path.of("a.jsonl"), 1);

    @Test
    void anOverrideWinsOverTheFileAndOverEarlierOnes() {
        Job job = job("beta: 0.2\nlearning_rate: fast", "beta=0.3", "beta=0.4", "learning_rate=1e-3", "note=");
        assertThat(job.objective().beta()).isEqualTo(0.4);
        assertThat(job.optimizer().learningRate()).isEqualTo(1e-3);
        assertThat(job("seed: 3", "seed=null").seed()).isEqualTo(42);
    }

    @Test
    void dotsLeadIntoNestedSettingsAndKeepWhatStandsThere() {
        Job job = job("adapter: {rank: 8}", "adapter.scale=0.5", "data.on_bad_row=drop", "data.columns.prompt=q");
        assertThat(job.adapter()).contains(new Adapter(8, 0.5));
        assertThat(job.data()).isEqualTo(new Data(List.of(A), Map.of("prompt", "q"), OnBadRow.DROP, Map.of()));
    }

    @Test
    void aFreeNameMayHaveDots() {
        assertThat(job("", "data.columns.meta.prompt=q").data().columns())
                .containsExactly(Map.entry("meta.prompt", "q"));
        assertThat(job("", "data.variables.think=false").data().variables()).containsExactly(Map.entry("think", false));
    }

    @Test
    void shorthandReplacesItsSettingAlone() {
        Job job = job("", "data.on_bad_row=drop", "data=b.jsonl");
        assertThat(job.data())
                .isEqualTo(new Data(List.of(new FileSpec(Path.of("b.jsonl"), 1)), Map.of(), OnBadRow.DROP, Map.of()));
        assertThat(job("", "data.on_bad_row=drop", "data={files: [c, d]}")
                        .data()
                        .onBadRow())
                .isEqualTo(OnBadRow.ERROR);
    }

    @Test
    void aFileIsNotNeeded() {
        YamlSource source = YamlSource.commandLine()
                .with(List.of("model=m", "data=[a.jsonl, {path: b, weight: 2}]", "loss_type=[sigmoid, hinge]"));
        Job job = Binder.bind(Job.class, source);
        assertThat(job.data().files()).containsExactly(A, new FileSpec(Path.of("b"), 2));
        assertThat(job.objective().lossType()).containsExactly(LossType.SIGMOID, LossType.HINGE);
    }

    @Test
    void textNeedsNoSecondPairOfQuotes() {
        Job job = job("", "model=*.x", "note=You are: kind # really", "data=%x/{a.jsonl");
        assertThat(job.model()).isEqualTo(Path.of("*.x"));
        assertThat(job.note()).isEqualTo("You are: kind # really");
        assertThat(job.data().files()).containsExactly(new FileSpec(Path.of("%x/{a.jsonl"), 1));
        assertThat(job("", "note='a\tb'").note()).isEqualTo("a\tb");
        assertThat(job("", "note=a=b").note()).isEqualTo("a=b");
        assertThat(job("", "note=\"null\"").note()).isEqualTo("null");
    }

    @Test
    void faultsSayThatTheyAreOnTheCommandLineAndComeAfterTheFiles() {
        assertThat(faults(
                        "model: m\ndata: a\nbetta: 1\n",
                        "betaa=1",
                        "beta=fast",
                        "foo",
                        "=3",
                        "data..x=1",
                        "data.colums.prompt=q",
                        "data.on_bad_row=drp",
                        "data.files.weight=3",
                        "loss_type=[x",
                        "beta.x=1",
                        "epochs=3",
                        "adapter={rank: 1, rank: 2, scale: 1}"))
                .containsExactly(
                        "dpo.yaml:3:1: unknown key 'betta', did you mean 'beta'?",
                        "on the command line: 'foo' is not key=value",
                        "on the command line: '=3' is not key=value",
                        "on the command line: 'data..x=1' is not key=value",
                        "on the command line: 'data.files.weight' cannot be set: 'data.files' is a list,"
                                + " give all of it as data.files=[...]",
                        "on the command line: loss_type: not valid YAML: the bracket is not closed, or a comma is missing",
                        "on the command line: adapter: duplicate key 'rank'",
                        "on the command line: unknown key 'betaa', did you mean 'beta'?",
                        "on the command line: unknown key 'epochs', it is called 'num_train_epochs' here",
                        "on the command line: unknown key 'data.colums', did you mean 'data.columns'?",
                        "on the command line: data.on_bad_row: 'drp' is not one of error, drop, did you mean 'drop'?",
                        "on the command line: beta: expected a number, but found a mapping");
    }

    @Test
    void withoutAFileWhatIsMissingIsMissingOnTheCommandLine() {
        assertThat(faults(() -> Binder.bind(Job.class, YamlSource.commandLine().with(List.of("data=a")))))
                .containsExactly("on the command line: missing required key 'model': Where the checkpoint is.");
    }
}
