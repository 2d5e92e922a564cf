package dev.plumb.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.plumb.config.PlumbException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Our own templates in the shapes that models come with, faults of templates, and the files of a model folder. */
class ChatTemplateTest {
    private static final List<Message> TALK = List.of(
            new Message("system", "Be terse."),
            new Message("user", " Hi \n"),
            new Message("assistant", "Hello\n"),
            new Message("user", "Bye"));
    private static final Map<String, Object> TOKENS = Map.of("bos_token", "<s>", "eos_token", "</s>");

    private static ChatTemplate own(String name) {
        return ChatTemplate.parse(name, read(name));
    }

    static String read(String name) {
        try (var in = ChatTemplateTest.class.getResourceAsStream(name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static Map<String, Object> tool() {
        Map<String, Object> function = new LinkedHashMap<>();
        function.put("name", "weather");
        function.put("description", "Tells the <weather> & more");
        function.put("strict", null);
        Map<String, Object> tool = new LinkedHashMap<>();
        tool.put("type", "function");
        tool.put("function", function);
        return tool;
    }

    @ParameterizedTest
    @CsvSource({
        "chatml.jinja, false, false",
        "chatml.jinja, false, true",
        "zephyr.jinja, false, true",
        "headers.jinja, false, true",
        "headers.jinja, true, true",
        "generation.jinja, false, false",
        "history.jinja, false, false"
    })
    void rendersOwnTemplates(String name, boolean withTools, boolean prompt) {
        String expected = name.replace(".jinja", "") + (withTools ? "-tools" : "") + (prompt ? "-prompt" : "") + ".txt";
        List<Map<String, Object>> tools = withTools ? List.of(tool()) : List.of();
        assertThat(own(name).render(TALK, tools, prompt, TOKENS)).isEqualTo(read(expected));
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', quoteCharacter = '`', textBlock = """
                    {{ a|shout }}                    ; 2:8 ; unknown filter 'shout'
                    {% if a %}x                      ; 2:6 ; 'if' is not closed
                    {% for a in b %}x{% endif %}     ; 2:23 ; unknown tag 'endif'
                    {{ a is tasty }}                 ; 2:11 ; unknown test 'tasty'
                    {% include 'x' %}                ; 2:6 ; 'include' is not supported
                    {% do x %}                       ; 2:6 ; 'do' is not supported
                    {{ 1 + }}                        ; 2:10 ; expected an expression
                    {{ 'abc }}                       ; 2:6 ; not closed
                    {{ a                             ; 2:3 ; '}}' is missing
                    {{ a ? b }}                      ; 2:8 ; unexpected character '?'
                    {% break %}                      ; 2:6 ; outside of a loop
                    é{{ nothing() }}                 ; 2:14 ; 'nothing' is undefined
                    {{ messages[0].wat.more }}       ; 2:21 ; no attribute 'wat'
                    {{ 'a' + 1 }}                    ; 2:10 ; can only concatenate str (not "int") to str
                    {{ raise_exception('not so') }}  ; 2:21 ; not so
                    {{ 'x'.encode() }}               ; 2:9 ; 'encode' is not supported
                    {{ messages.append(1) }}         ; 2:21 ; changes the list
                    {{ ''.__class__ }}               ; 2:8 ; '__class__' is not open
                    """)
    void faultsNameTheirPlace(String source, String place, String message) {
        assertThatThrownBy(() -> ChatTemplate.parse("model/chat.jinja", "{# one #}\r\n  " + source)
                        .render(TALK, List.of(), false, TOKENS))
                .isInstanceOf(PlumbException.class)
                .hasMessageStartingWith("model/chat.jinja:" + place + ": ")
                .hasMessageContaining(message);
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', quoteCharacter = '`', textBlock = """
                    {% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %} ; steps
                    {% macro m() %}{{ m() }}{% endmacro %}{{ m() }} ; deep
                    {{ 'x' * 999999999 }} ; too big
                    {{ 9 ** 99999999 }} ; too big
                    {{ range(999999999) }} ; range
                    {{ 'x'|center(999999999) }} ; too big
                    """)
    void templatesThatDoNotEndAreStopped(String source, String message) {
        ChatTemplate template = ChatTemplate.parse("t", source);
        assertThatThrownBy(() -> template.render(TALK, List.of(), false, TOKENS))
                .isInstanceOf(PlumbException.class)
                .hasMessageStartingWith("t:1:")
                .hasMessageContaining(message);
    }

    @Test
    void deepNestingIsAFaultNotACrash() {
        String source = "{{ " + "(".repeat(100_000) + "1" + ")".repeat(100_000) + " }}";
        assertThatThrownBy(() -> ChatTemplate.parse("t", source))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining("nested too deeply");
    }

    @Test
    void doubledTextIsStoppedBeforeMemoryIs() {
        String source =
                "{% set ns = namespace(x='xxxxxxxx') %}{% for i in range(64) %}{% set ns.x = ns.x + ns.x %}{% endfor %}";
        assertThatThrownBy(() -> ChatTemplate.parse("t", source).render(TALK, List.of(), false, TOKENS))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining("too big");
    }

    @Test
    void toolsAreDefinedButNoneWithoutTools() {
        ChatTemplate template =
                ChatTemplate.parse("t", "{{ tools is defined }} {{ tools is none }} {{ documents is none }}");
        assertThat(template.render(TALK, List.of(), false, TOKENS)).isEqualTo("True True True");
    }

    @Test
    void whatTheConversationGivesCannotBeOverridden() {
        ChatTemplate template = ChatTemplate.parse("t", "x");
        assertThatThrownBy(() -> template.render(TALK, List.of(), false, Map.of("messages", List.of())))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining("'messages'");
    }

    @Test
    void loadsTemplateAndTokensOfAModel(@TempDir Path folder) throws IOException {
        assertThat(ChatTemplate.load(folder)).isEmpty();

        write(folder, "chat_template.json", "{\"chat_template\": \"processor {{ bos_token }}\"}");
        assertThat(rendered(folder)).isEqualTo("processor ");

        write(folder, "tokenizer_config.json", """
                {"bos_token": {"content": "<b>", "lstrip": false}, "eos_token": "<e>", "pad_token": null,
                 "chat_template": "{{ bos_token }}{{ eos_token }}{{ pad_token is defined }}"}""");
        assertThat(rendered(folder)).isEqualTo("<b><e>False");
        assertThat(ChatTemplate.load(folder).orElseThrow().render(TALK, List.of(), false, Map.of("bos_token", "X")))
                .isEqualTo("X<e>False");

        write(folder, "tokenizer_config.json", """
                {"bos_token": "<b>", "chat_template": [{"name": "tool_use", "template": "no"},
                 {"name": "default", "template": "{{ bos_token }}!"}]}""");
        assertThat(rendered(folder)).isEqualTo("<b>!");

        write(folder, "chat_template.jinja", "file {{ bos_token }}");
        assertThat(rendered(folder)).isEqualTo("file <b>");
    }

    @Test
    void faultyFilesOfAModelAreNamed(@TempDir Path folder) throws IOException {
        write(folder, "tokenizer_config.json", "{\"chat_template\": [{\"name\": \"rag\", \"template\": \"x\"}]}");
        assertThatThrownBy(() -> ChatTemplate.load(folder))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining("tokenizer_config.json")
                .hasMessageContaining("only rag");

        write(folder, "tokenizer_config.json", "{\"chat_template\": ");
        assertThatThrownBy(() -> ChatTemplate.load(folder))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining("tokenizer_config.json is not valid JSON");

        write(folder, "tokenizer_config.json", "{\"chat_template\": \"{{ x|wat }}\"}");
        assertThatThrownBy(() -> ChatTemplate.load(folder))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining("tokenizer_config.json (chat_template):1:6: unknown filter 'wat'");
    }

    private static String rendered(Path folder) {
        return ChatTemplate.load(folder).orElseThrow().render(TALK, List.of(), false, Map.of());
    }

    private static void write(Path folder, String name, String text) throws IOException {
        Files.writeString(folder.resolve(name), text);
    }
}
