package dev.plumb.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.plumb.Shared;
import dev.plumb.config.PlumbException;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What the assistant says, in the text of several turns. */
class AssistantSpansTest {
    private static final List<Message> TALK = List.of(
            new Message("system", "S"),
            new Message("user", "first 😀"),
            new Message("assistant", "one"),
            new Message("user", "second"),
            new Message("assistant", "two\n"));
    private static final Map<String, Object> TOKENS = Map.of("bos_token", "<s>", "eos_token", "</s>");

    private static ChatTemplate own(String name) {
        return ChatTemplate.parse(name, ChatTemplateTest.read(name));
    }

    private static ChatTemplate real(String name) throws IOException {
        return ChatTemplate.parse(
                name,
                Files.readString(Shared.folder("data/tokenizers/chat_templates").resolve(name)));
    }

    private static List<String> said(ChatTemplate template, List<Message> messages, Map<String, Object> more) {
        ChatTemplate.Rendered rendered = template.renderSpans(messages, List.of(), false, more);
        assertThat(rendered.text()).isEqualTo(template.render(messages, List.of(), false, more));
        return rendered.assistant().stream()
                .map(span -> rendered.text().substring(span.start(), span.end()))
                .toList();
    }

    private static Message assistant(String content) {
        return new Message("assistant", content);
    }

    @Test
    void everyTurnWithItsEndMarker() {
        assertThat(said(own("chatml.jinja"), TALK, TOKENS)).containsExactly("one<|im_end|>\n", "two\n<|im_end|>\n");
        assertThat(said(own("headers.jinja"), TALK, TOKENS)).containsExactly("one<|eot|>", "two<|eot|>");
    }

    @Test
    void theTurnIsPartOfTheTextEvenIfItRepeatsWhatTheUserSays() {
        List<Message> echo =
                List.of(new Message("user", "x"), assistant("x"), new Message("user", "x"), assistant("x"));
        ChatTemplate.Rendered rendered = own("chatml.jinja").renderSpans(echo, List.of(), true, TOKENS);
        String turns = "<|im_start|>user\nx<|im_end|>\n<|im_start|>assistant\n";
        int length = turns.length();
        assertThat(rendered.assistant())
                .containsExactly(
                        new ChatTemplate.Span(length, length + 12),
                        new ChatTemplate.Span(2 * length + 12, 2 * length + 24));
        assertThat(rendered.text()).endsWith("<|im_start|>assistant\n");
    }

    @Test
    void severalTurnsInARow() {
        List<Message> talk = List.of(new Message("user", "q"), assistant("a"), assistant("b"));
        assertThat(said(own("chatml.jinja"), talk, TOKENS)).containsExactly("a<|im_end|>\n", "b<|im_end|>\n");
    }

    @Test
    void noTurnOfTheAssistantGivesNoSpan() {
        assertThat(said(own("chatml.jinja"), TALK.subList(0, 2), TOKENS)).isEmpty();
    }

    @Test
    void generationBlocksDecideWhereTheTemplateHasThem() {
        ChatTemplate template = own("generation.jinja");
        assertThat(template.marksAssistant()).isTrue();
        assertThat(said(template, TALK, TOKENS)).containsExactly("one<|eot|>", "two<|eot|>");
    }

    @Test
    void aGenerationBlockWhoseTextIsCapturedIsRefused() {
        ChatTemplate template = ChatTemplate.parse("t", """
                {% macro turn(m) %}{% generation %}{{ m.content }}{% endgeneration %}{% endmacro %}
                {% for m in messages %}{{ turn(m) }}{% endfor %}""");
        assertThat(template.render(TALK, List.of(), false, TOKENS)).isEqualTo("Sfirst 😀onesecondtwo\n");
        assertThatThrownBy(() -> template.renderSpans(TALK, List.of(), false, TOKENS))
                .isInstanceOf(PlumbException.class)
                .hasMessageStartingWith("t:1:")
                .hasMessageContaining("generation block");
    }

    @Test
    void aPromptThatTheTurnDoesNotStartWithIsRefused() {
        ChatTemplate template = ChatTemplate.parse("thinks", """
                {% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}
                {% if add_generation_prompt %}<assistant><think>{% endif %}""");
        assertThatThrownBy(() -> template.renderSpans(TALK, List.of(), false, TOKENS))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining("thinks")
                .hasMessageContaining("message 3 of 5")
                .hasMessageContaining("generation prompt");
    }

    @Test
    void aTurnThatIsWrittenDifferentlyLaterIsFoundIfItsWordsAreAllThere() {
        assertThat(said(own("history.jinja"), TALK, TOKENS)).containsExactly("one<|eot|>\n", "(thought)two\n<|eot|>\n");
    }

    @Test
    void aTurnThatLosesWordsWhenOthersFollowIsRefused() {
        List<Message> thinking = List.of(
                new Message("user", "q"), assistant("<think>hm</think>a"), new Message("user", "r"), assistant("b"));
        assertThatThrownBy(() -> own("history.jinja").renderSpans(thinking, List.of(), false, TOKENS))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining("history.jinja")
                .hasMessageContaining("message 2 of 4")
                .hasMessageContaining("generation");
    }

    @Test
    void anAnswerThatNoMessageComesBeforeIsRefusedIfTheTemplateCannotRenderNothing() {
        List<Message> talk = List.of(assistant("a"), new Message("user", "q"));
        assertThatThrownBy(() -> own("headers.jinja").renderSpans(talk, List.of(), false, TOKENS))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining("message 1 of 2")
                .hasMessageContaining("headers.jinja:");
    }

    @Test
    void qwen25() throws IOException {
        assertThat(said(real("qwen2_5.jinja"), TALK, TOKENS)).containsExactly("one<|im_end|>\n", "two\n<|im_end|>\n");
    }

    @Test
    void qwen25CallsTools() throws IOException {
        Map<String, Object> call = Map.of("function", Map.of("name", "f", "arguments", Map.of("a", 1)));
        List<Message> talk = List.of(
                new Message("user", "q"),
                new Message("assistant", "", Map.of("tool_calls", List.of(call))),
                new Message("tool", "3"),
                assistant("three"));
        assertThat(said(real("qwen2_5.jinja"), talk, TOKENS))
                .containsExactly(
                        "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": 1}}\n</tool_call><|im_end|>\n",
                        "three<|im_end|>\n");
    }

    @Test
    void qwen3WithoutThinking() throws IOException {
        assertThat(said(real("qwen3.jinja"), TALK, TOKENS))
                .containsExactly("one<|im_end|>\n", "<think>\n\n</think>\n\ntwo\n<|im_end|>\n");
        assertThat(said(real("qwen3_instruct_2507.jinja"), TALK, TOKENS))
                .containsExactly("one<|im_end|>\n", "two\n<|im_end|>\n");
    }

    @Test
    void qwen3KeepsTheThinkingOfTheLastTurnOnly() throws IOException {
        String answer = "<think>\nhm\n</think>\n\na";
        List<Message> talk = List.of(new Message("user", "q"), assistant(answer));
        assertThat(said(real("qwen3.jinja"), talk, TOKENS)).containsExactly(answer + "<|im_end|>\n");

        List<Message> longer =
                List.of(new Message("user", "q"), assistant(answer), new Message("user", "r"), assistant("b"));
        ChatTemplate template = real("qwen3.jinja"); // outside of what is expected to throw: it may skip
        assertThatThrownBy(() -> template.renderSpans(longer, List.of(), false, TOKENS))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining("qwen3.jinja")
                .hasMessageContaining("message 2 of 4");
    }

    @Test
    void thinkingInAFieldOfItsOwnIsNotLostSilentlyEither() throws IOException {
        Message thinking = new Message("assistant", "a", Map.of("reasoning_content", "hm"));
        List<Message> talk = List.of(new Message("user", "q"), thinking);
        assertThat(said(real("qwen3.jinja"), talk, TOKENS)).containsExactly("<think>\nhm\n</think>\n\na<|im_end|>\n");

        List<Message> longer = List.of(talk.get(0), thinking, new Message("user", "r"), assistant("b"));
        ChatTemplate template = real("qwen3.jinja"); // outside of what is expected to throw: it may skip
        assertThatThrownBy(() -> template.renderSpans(longer, List.of(), false, TOKENS))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining("message 2 of 4");
    }

    @Test
    void qwen3WithThinkingTurnedOffCannotTellEarlierTurnsApart() throws IOException {
        Map<String, Object> off = Map.of("enable_thinking", false);
        assertThat(said(real("qwen3.jinja"), TALK.subList(0, 3), off)).containsExactly("one<|im_end|>\n");
        ChatTemplate template = real("qwen3.jinja"); // outside of what is expected to throw: it may skip
        assertThatThrownBy(() -> template.renderSpans(TALK, List.of(), false, off))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining("message 3 of 5");
    }

    @Test
    void phi3WritesTheEndTokenAfterTheLastTurnOnly() throws IOException {
        assertThat(said(real("phi3.jinja"), TALK, Map.of("eos_token", "<|endoftext|>")))
                .containsExactly("one<|end|>\n", "two\n<|end|>\n<|endoftext|>");
    }

    @Test
    void deepSeekPromptsForThinkingThatItsHistoryDoesNotShow() throws IOException {
        ChatTemplate template = real("deepseekv3.jinja"); // outside of what is expected to throw: it may skip
        assertThatThrownBy(() -> template.renderSpans(TALK, List.of(), false, TOKENS))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining("generation prompt");
    }
}
