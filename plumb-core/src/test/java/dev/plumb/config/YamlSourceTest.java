package dev.plumb.config;

import static dev.plumb.config.Samples.faults;
import static org.assertj.core.api.Assertions.assertThat;

import dev.plumb.config.Samples.Job;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class YamlSourceTest {
    @TempDir
    Path folder;

    static Stream<Arguments> notYaml() {
        return Stream.of(
                Arguments.of("model: m\ndata:\n\tfiles: a\n", "3:1: not valid YAML: a tab cannot indent, use spaces"),
                Arguments.of(
                        "model: m\nbeta 0.1\nseed: 3\n",
                        "2:1: not valid YAML: 'key: value' is expected, but there is no ':'"),
                Arguments.of(
                        "note: You are: kind\n",
                        "1:14: not valid YAML: unexpected ':', check the indentation and the line above,"
                                + " and quote a text that contains ': '"),
                Arguments.of(
                        "model: m\nnote: @home\n",
                        "2:7: not valid YAML: a text cannot begin with '@', put it in quotes"),
                Arguments.of(
                        "loss_type: [hinge\nbeta: 1\n",
                        "2:5: not valid YAML: the bracket opened in line 1 is not closed, or a comma is missing"),
                Arguments.of(
                        "\nnote: \"x\nbeta: 1\n", "4:1: not valid YAML: the quote opened in line 2 is never closed"),
                Arguments.of(
                        "note: 'it's'\n",
                        "1:11: not valid YAML: this does not fit the lines above, check the indentation and the quotes"),
                Arguments.of("model: m\nbeta\n", "2:1: not valid YAML: 'key: value' is expected, but there is no ':'"),
                Arguments.of(
                        "data: *.jsonl\n",
                        "1:8: not valid YAML: '*' begins an alias and none of this name is defined,"
                                + " quote a text that begins with '*'"),
                Arguments.of(
                        "model: m\n---\nmodel: n\n",
                        "2:1: not valid YAML: a second document begins here, a configuration is one"),
                Arguments.of(
                        "model: m\nnote: é\u0001\n",
                        "2:8: not valid YAML: the control character U+0001 cannot stand here"),
                Arguments.of(
                        "note: a\n# " + "x".repeat(5_000) + "\nb: \u0007",
                        "3:4: not valid YAML: the control character U+0007 cannot stand here"),
                Arguments.of(
                        "[".repeat(100_000), "1:1: not a configuration: lists or mappings are nested thousands deep"));
    }

    @ParameterizedTest
    @MethodSource
    void notYaml(String text, String fault) {
        assertThat(faults(text, "beta=fast")).containsExactly("dpo.yaml:" + fault);
    }

    @Test
    void whatYamlAllowsAndAConfigurationDoesNotHasItsPlaceToo() {
        assertThat(faults("model: {{model}}\ndata: !env HOME\nnote: &x [*x]\n"))
                .containsExactly(
                        "dpo.yaml:1:8: model: expected a path, but found a mapping",
                        "dpo.yaml:1:9: a key must be text; quote a value that begins with '{' or '['",
                        "dpo.yaml:2:7: the tag '!env' has no meaning here, quote a text that begins with '!'",
                        "dpo.yaml:3:7: an anchor cannot hold its own alias",
                        "dpo.yaml:3:7: note: expected text, but found a list");
    }

    @Test
    void columnsCountCharacters() {
        assertThat(faults("{model: \"\uD83D\uDE00\", data: a, beta: fast}\r\n"))
                .containsExactly("dpo.yaml:1:29: beta: 'fast' is not a number");
    }

    @Test
    void aFileIsReadUnderItsName() throws IOException {
        Path file = Files.writeString(folder.resolve("run.yaml"), "\uFEFFmodel: é\r\ndata: a\r\nseed: x\r\n");
        assertThat(faults(() -> Binder.bind(Job.class, YamlSource.file(file))))
                .containsExactly(file + ":3:7: seed: 'x' is not a whole number");
    }

    @Test
    void aFileThatCannotBeReadIsOneSentence() throws IOException {
        Path missing = folder.resolve("missing.yaml");
        assertThat(faults(() -> YamlSource.file(missing))).containsExactly(missing + ": there is no such file");
        assertThat(faults(() -> YamlSource.file(folder)))
                .containsExactly(folder + ": this is a folder, a YAML file is expected");
        Path latin = Files.write(
                folder.resolve("latin.yaml"), "model: m\nnote: caf\u00e9 noir\n".getBytes(StandardCharsets.ISO_8859_1));
        assertThat(faults(() -> YamlSource.file(latin)))
                .containsExactly(latin + ":2:10: not UTF-8 (byte 0xE9), save the file as UTF-8");
        Path cut = Files.write(folder.resolve("cut.yaml"), new byte[] {'a', ':', ' ', (byte) 0xc3});
        assertThat(faults(() -> YamlSource.file(cut)))
                .containsExactly(cut + ":1:4: not UTF-8 (byte 0xC3), save the file as UTF-8");
    }
}
