package dev.plumb.data;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Where the prompt ends when two answers hold it; the bar marks the cut in the chosen one. */
class CommonPromptTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            ignoreLeadingAndTrailingWhitespace = false,
            value = {
                "The sky is| blue.;The sky is green.",
                "The sky is blue|.;The sky is blue!",
                "The sky is| blue;The sky is bright",
                "A| B;A B C",
                "Is it| 15?;Is it 16?",
                "天空是|蓝色;天空是绿色",
                "Smile |\uD83D\uDE00;Smile\u00a0\uD83D\uDE01",
                "|\uD83D\uDE00;\uD83D\uDE01",
                "|abc;xyz",
                "Say:|yes;Say:no",
            })
    void cut(String marked, String rejected) {
        String chosen = marked.replace("|", "");
        int expected = rejected.startsWith("Smile") ? 5 : marked.indexOf('|');
        assertThat(CommonPrompt.length(chosen, rejected)).isEqualTo(expected);
    }
}
