package dev.plumb.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HelpTest {
    @ParameterizedTest
    @ValueSource(strings = {"train", "check", "explain", "generate", "chat", "score", "compare", "merge"})
    void everyCommandShowsExamplesAndExitStatus(String command) {
        Console console = Console.run(command, "--help");
        assertThat(console.status()).isEqualTo(Exit.DONE);
        assertThat(console.out())
                .contains("Usage: plumb " + command, "Options:", "Examples:\n  plumb " + command)
                .contains("Exit status:", "130");
        assertThat(Console.run("--help").out()).contains("\n  " + command + " ");
    }

    @Test
    void theVersionNamesWhatComputes() {
        assertThat(Console.run("--version").out())
                .contains("plumb ", "libtorch 2.", "Java " + System.getProperty("java.version"));
    }

    @Test
    void aMethodIsExplainedWithEverySettingItHas() {
        String text = Console.run("explain", "dpo").out();
        assertThat(text).contains("L = - E log σ(u)", "arXiv 2305.18290", "beta = 0.1", "precompute_ref_log_probs");
        assertThat(Handbook.settings("dpo"))
                .filteredOn(setting -> !setting.key().contains("[]"))
                .allSatisfy(setting -> assertThat(text).contains("\n  " + setting.key()));
        assertThat(Console.run("explain", "sft").out()).doesNotContain("beta =");
    }

    @Test
    void aSettingIsExplainedWithDefaultRangeAndSource() {
        assertThat(Console.run("explain", "dpo.beta").out())
                .contains("a number, above 0", "default  0.1", "arXiv 2305.18290 eq. 7");
        assertThat(Console.run("explain", "dpo.data.on_bad_row").out())
                .contains("one of error, drop", "default  error");
        assertThat(Console.run("explain", "generate.temperature").out()).contains("at least 0");
        assertThat(Console.run("explain", "dpo.data").out()).contains("data.truncation = error");
    }

    @Test
    void theReferencePageIsWhatTheRecordsSay() throws IOException {
        Path page = Path.of("..", "docs", "reference.md");
        assertThat(Files.readString(page))
                .as("run ./plumb explain --markdown > docs/reference.md")
                .isEqualTo(ReferencePage.text());
    }
}
