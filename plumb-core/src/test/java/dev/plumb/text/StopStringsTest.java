package dev.plumb.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StopStringsTest {
    @TempDir
    private Path folder;

    /** Every substring of a text, found at the very token that completes it, wherever tokens begin and end. */
    @Test
    void aStringIsFoundAtTheTokenThatCompletesIt() {
        try (Tokenizer tokenizer = SmallTokenizer.make(folder)) {
            String text = "The niña's lámpara — 灯 — burns<|im_end|> User: ok";
            int[] ids = tokenizer.encode(text);
            assertThat(ids.length).isGreaterThan(20);
            int spanning = 0;
            for (int from = 0; from < text.length(); from++) {
                for (int to = from + 1; to <= Math.min(text.length(), from + 14); to++) {
                    String wanted = text.substring(from, to);
                    int expected = 0;
                    while (!tokenizer.decode(Arrays.copyOf(ids, expected)).contains(wanted)) {
                        expected++;
                    }
                    assertThat(tokensUntil(tokenizer, ids, List.of("never there", wanted)))
                            .as(wanted)
                            .isEqualTo(expected);
                    spanning += tokenizer.encode(wanted).length > 1 ? 1 : 0;
                }
            }
            assertThat(spanning).isGreaterThan(100);
            assertThat(tokensUntil(tokenizer, ids, List.of("never there", "user: ok")))
                    .isEqualTo(-1);
            assertThat(tokensUntil(tokenizer, ids, List.of())).isEqualTo(-1);
        }
    }

    private static int tokensUntil(Tokenizer tokenizer, int[] ids, List<String> strings) {
        StopStrings stop = new StopStrings(tokenizer, strings);
        for (int i = 0; i < ids.length; i++) {
            if (stop.push(ids[i])) {
                return i + 1;
            }
        }
        return -1;
    }
}
