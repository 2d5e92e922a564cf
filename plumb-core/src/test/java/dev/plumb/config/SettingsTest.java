package dev.plumb.config;

import static dev.plumb.config.Samples.faults;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.plumb.config.Samples.Adapter;
import dev.plumb.config.Samples.Job;
import dev.plumb.config.Samples.Optimizer;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class SettingsTest {
    record Undescribed(int size) {}

    record Unsupported(@Setting(doc = "A set.") java.util.Set<String> names) {}

    record Clashing(
            @Setting(doc = "One.") double beta, @Inline Samples.Objective objective) {}

    record WrongDefault(
            @Setting(doc = "Rank.", byDefault = "0", min = 1)
            int rank,

            @Setting(doc = "Scale.", byDefault = "big") double scale) {}

    record DefaultOfNone(
            @Setting(doc = "Rank.", byDefault = "3") Optional<Integer> rank) {}

    record Endless(@Setting(doc = "More.") List<Endless> more) {}

    @Shorthand("pth")
    record WrongShorthand(@Setting(doc = "A path.") String path) {}

    @Test
    void listsInlineSettingsBesideTheirHoldersAndOthersUnderTheirKeys() {
        assertThat(Settings.of(Job.class).stream().map(SettingInfo::key))
                .containsExactly(
                        "model",
                        "data",
                        "data.files",
                        "data.files[].path",
                        "data.files[].weight",
                        "data.columns",
                        "data.on_bad_row",
                        "data.variables",
                        "learning_rate",
                        "weight_decay",
                        "max_grad_norm",
                        "beta",
                        "loss_type",
                        "label_smoothing",
                        "adapter",
                        "adapter.rank",
                        "adapter.scale",
                        "num_train_epochs",
                        "seed",
                        "share_prompts",
                        "note");
    }

    @Test
    void saysAllThatIsKnownOfASetting() {
        assertThat(Settings.find(Job.class, "beta"))
                .isEqualTo(new SettingInfo(
                        "beta",
                        "a number",
                        Optional.of("0.1"),
                        Optional.of("above 0"),
                        "How far the policy may go.\nSmaller is | farther.",
                        "Rafailov et al. 2023, eq. 7"));
        assertThat(Settings.find(Job.class, "model").required()).isTrue();
        assertThat(Settings.find(Job.class, "data.on_bad_row").type()).isEqualTo("one of error, drop");
        assertThat(Settings.find(Job.class, "data").type()).isEqualTo("settings, or its 'files' alone");
        assertThat(Settings.find(Job.class, "max_grad_norm").byDefault()).contains("null");
    }

    @Test
    void anUnknownSettingGetsTheLikeliestOne() {
        assertThat(faults(() -> Settings.find(Job.class, "lr")))
                .containsExactly("unknown setting 'lr', it is called 'learning_rate' here");
        assertThat(faults(() -> Settings.find(Job.class, "on_bad_row")))
                .containsExactly("unknown setting 'on_bad_row', it belongs under 'data'");
        assertThat(faults(() -> Settings.find(Job.class, "data.on_bad_rw")))
                .containsExactly("unknown setting 'data.on_bad_rw', did you mean 'data.on_bad_row'?");
    }

    @Test
    void rendersATable() {
        assertThat(MarkdownReference.table(Optimizer.class)).isEqualTo("""
                        | Setting | Takes | Default | What it does |
                        |---|---|---|---|
                        | `learning_rate` | a number, above 0 | `5e-6` | Step size. *Source: TRL* |
                        | `weight_decay` | a number, 0 to 1 | `0` | Decay. |
                        | `max_grad_norm` | a number, above 0 | `null` | Largest gradient norm; none means no clipping. |
                        """);
        assertThat(MarkdownReference.table(Adapter.class)).contains("| `scale` | a number | required | Its scale. |\n");
        assertThat(MarkdownReference.table(Job.class))
                .contains(
                        "| How far the policy may go. Smaller is \\| farther. *Source: Rafailov et al. 2023, eq. 7* |")
                .contains("| Variables for a template such as &lt;\\|im_end\\|>. |");
    }

    @Test
    void mistakesInARecordTypeAreNamed() {
        refused(Undescribed.class, "Undescribed.size has no @Setting");
        refused(Unsupported.class, "Unsupported.names: a setting cannot have the type java.util.Set<java.lang.String>");
        refused(Clashing.class, "Clashing has two settings 'beta'");
        refused(DefaultOfNone.class, "DefaultOfNone.rank is Optional and has a default");
        refused(Endless.class, "Endless holds itself");
        refused(WrongShorthand.class, "WrongShorthand has no setting 'pth' for its shorthand");
        refused(
                WrongDefault.class,
                "WrongDefault declares a wrong default: the default of 'rank': rank: '0' is out of range,"
                        + " allowed is at least 1\nthe default of 'scale': scale: 'big' is not a number");
    }

    private static void refused(Class<? extends Record> type, String message) {
        assertThatThrownBy(() -> Settings.of(type))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }
}
