package dev.plumb.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.plumb.config.Binder;
import dev.plumb.config.PlumbException;
import dev.plumb.config.Setting;
import dev.plumb.config.YamlSource;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Data files as people name them in a configuration. */
class DataFileTest {
    record Config(@Setting(doc = "Files.") List<DataFile> data) {}

    @Test
    void aPathAloneOrAllSettings() {
        YamlSource yaml = YamlSource.text("run.yaml", """
                data:
                  - a.jsonl
                  - path: b.txt
                    format: csv
                    columns: {prompt: question}
                    weight: 0.5
                    sql: select * from data
                """);
        assertThat(Binder.bind(Config.class, yaml).data())
                .containsExactly(
                        DataFile.of(Path.of("a.jsonl")),
                        new DataFile(
                                Path.of("b.txt"),
                                DataFormat.CSV,
                                Map.of("prompt", "question"),
                                0.5,
                                Optional.of("select * from data")));
    }

    @Test
    void faultsNameLineAndKey() {
        YamlSource yaml = YamlSource.text("run.yaml", "data:\n  - path: a.jsonl\n    columns: {promt: question}\n");
        assertThatThrownBy(() -> Binder.bind(Config.class, yaml))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining("run.yaml:2")
                .hasMessageContaining("promt is not a column that Plumb reads");
    }
}
