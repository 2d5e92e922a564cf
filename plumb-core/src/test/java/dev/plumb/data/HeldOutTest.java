package dev.plumb.data;

import static org.assertj.core.api.Assertions.assertThat;

import dev.plumb.text.Message;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class HeldOutTest {
    private static Row preference(int line, String prompt, String chosen) {
        return new Row.Preference(
                new RowId("a", line),
                new Content.Plain(prompt),
                new Content.Plain(chosen),
                new Content.Plain("no"),
                List.of());
    }

    private static Row conversation(String question, String answer) {
        return new Row.Demonstration(
                new RowId("a", 1),
                Optional.empty(),
                new Content.Chat(List.of(new Message("user", question), new Message("assistant", answer))),
                List.of());
    }

    @Test
    void theShareIsAboutRight() {
        HeldOut rule = new HeldOut(0.1);
        long held = IntStream.range(0, 20_000)
                .filter(i -> rule.holds(HeldOut.promptHash(preference(i, "prompt " + i, "yes"))))
                .count();
        assertThat(held).isBetween(1_850L, 2_150L);
        HeldOut none = new HeldOut(0);
        HeldOut all = new HeldOut(1);
        for (long hash : new long[] {0, 1, -1, Long.MIN_VALUE, Long.MAX_VALUE}) {
            assertThat(none.holds(hash)).isFalse();
            assertThat(all.holds(hash)).isTrue();
        }
    }

    @Test
    void onlyThePromptDecides() {
        assertThat(HeldOut.promptHash(preference(1, "p", "x"))).isEqualTo(HeldOut.promptHash(preference(9, "p", "y")));
        assertThat(HeldOut.promptHash(conversation("q", "a"))).isEqualTo(HeldOut.promptHash(conversation("q", "b")));
        assertThat(HeldOut.promptHash(conversation("q", "a"))).isNotEqualTo(HeldOut.promptHash(conversation("r", "a")));
    }

    @Test
    void aConversationAndItsPromptAloneAreOnePrompt() {
        Row split = new Row.Demonstration(
                new RowId("a", 1),
                Optional.of(new Content.Chat(List.of(new Message("user", "q")))),
                new Content.Chat(List.of(new Message("assistant", "a"))),
                List.of());
        assertThat(HeldOut.promptHash(split)).isEqualTo(HeldOut.promptHash(conversation("q", "other")));
    }

    /** A changed hash would move rows between training and evaluation from one release to the next. */
    @Test
    void theHashIsPinned() {
        assertThat(HeldOut.promptHash(preference(1, "What is the capital of France?", "Paris")))
                .isEqualTo(-3827686823369619380L);
        assertThat(HeldOut.promptHash(conversation("What is the capital of France?", "Paris")))
                .isEqualTo(-1272664549756265277L);
    }

    @Test
    void contentHashesTellRowsApart() {
        Row one = preference(1, "p", "x");
        assertThat(HeldOut.contentHash(one)).isEqualTo(HeldOut.contentHash(preference(2, "p", "x")));
        assertThat(HeldOut.contentHash(one)).isNotEqualTo(HeldOut.contentHash(preference(1, "px", "")));
        assertThat(HeldOut.contentHash(new Row.Demonstration(
                        new RowId("a", 1),
                        Optional.empty(),
                        new Content.Chat(List.of(new Message("assistant", "", Map.of("tool_calls", List.of("f"))))),
                        List.of())))
                .isNotEqualTo(HeldOut.contentHash(new Row.Demonstration(
                        new RowId("a", 1),
                        Optional.empty(),
                        new Content.Chat(List.of(new Message("assistant", "", Map.of("tool_calls", List.of("g"))))),
                        List.of())));
    }
}
