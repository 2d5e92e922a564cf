package dev.plumb.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.plumb.config.Binder;
import dev.plumb.config.PlumbException;
import dev.plumb.config.Setting;
import dev.plumb.config.Settings;
import dev.plumb.config.YamlSource;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class DataConfigTest {
    /** How a run holds these settings. */
    record Run(@Setting(doc = "What is learnt.") DataConfig data) {}

    private static DataConfig bind(String yaml, String... overrides) {
        return Binder.bind(Run.class, YamlSource.text("run.yaml", yaml).with(List.of(overrides)))
                .data();
    }

    @Test
    void oneFileIsEnough() {
        DataConfig expected = DataConfig.of(DataFile.of(Path.of("rows.jsonl")));
        assertThat(bind("data: rows.jsonl")).isEqualTo(expected);
        assertThat(bind("", "data=rows.jsonl")).isEqualTo(expected);
        assertThat(bind("data: {files: [rows.jsonl]}")).isEqualTo(expected);
    }

    @Test
    void everySettingCanBeGiven() {
        DataConfig data = bind("""
                data:
                  files:
                    - a.jsonl
                    - {path: b.csv, weight: 0.5, columns: {prompt: question}}
                  eval_files: held.jsonl
                  on_bad_row: drop
                  max_length: 64
                  truncation: keep_end
                  train_on: assistant
                  chat_template: plain
                  template_kwargs: {enable_thinking: false}
                  shuffle: false
                """, "data.max_length=128");
        assertThat(data.files()).hasSize(2);
        assertThat(data.files().get(1).weight()).isEqualTo(0.5);
        assertThat(data.evalFiles()).containsExactly(DataFile.of(Path.of("held.jsonl")));
        assertThat(data.onBadRow()).isEqualTo(BadRows.DROP);
        assertThat(data.maxLength()).isEqualTo(Optional.of(128));
        assertThat(data.truncation()).isEqualTo(Truncation.KEEP_END);
        assertThat(data.trainOn()).isEqualTo(TrainOn.ASSISTANT);
        assertThat(data.chatTemplate()).contains("plain");
        assertThat(data.templateKwargs()).isEqualTo(Map.of("enable_thinking", false));
        assertThat(data.shuffle()).isFalse();
        assertThat(data.addEos()).isTrue();
    }

    @Test
    void faultsAreNamed() {
        assertThatThrownBy(() -> bind("data: {files: a.jsonl, truncation: keep_middle, eval_share: 1, max_length: 2}"))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining("truncation")
                .hasMessageContaining("eval_share")
                .hasMessageContaining("max_length");
        assertThatThrownBy(() -> bind("data: {shuffle: true}"))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining("files");
    }

    @Test
    void everySettingIsExplained() {
        assertThat(Settings.of(DataConfig.class)).hasSizeGreaterThanOrEqualTo(14);
    }
}
