package dev.plumb.text;

import dev.plumb.config.PlumbException;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * A chat template: turns a conversation into the text that a model was trained on. Renders Jinja templates as Hugging
 * Face transformers does, character for character, with an interpreter that reaches nothing outside of the values it is
 * given and stops templates that do not end. Immutable and safe for use by several threads.
 *
 * <p>Every fault is a {@link PlumbException} that starts with {@code NAME:LINE:COLUMN:} of the template.
 */
public final class ChatTemplate {
    private final JinjaTemplate template;
    private final Map<String, Object> defaults;
    private final Supplier<LocalDateTime> clock;

    private ChatTemplate(JinjaTemplate template, Map<String, Object> defaults, Supplier<LocalDateTime> clock) {
        this.template = template;
        this.defaults = Collections.unmodifiableMap(new LinkedHashMap<>(defaults));
        this.clock = clock;
    }

    /**
     * A part of a rendered text.
     *
     * @param start index of its first {@code char}
     * @param end index after its last {@code char}
     */
    public record Span(int start, int end) {
        /** Checks the order. */
        public Span {
            if (start < 0 || end < start) {
                throw new IllegalArgumentException("a span cannot go from " + start + " to " + end);
            }
        }
    }

    /**
     * A rendered conversation.
     *
     * @param text the whole text
     * @param assistant what the assistant says in it, end-of-turn markers included, in order and without overlap
     */
    public record Rendered(String text, List<Span> assistant) {
        /** Makes an unmodifiable copy of the spans. */
        public Rendered {
            assistant = List.copyOf(assistant);
        }
    }

    /**
     * Parses a template.
     *
     * @param name what errors call it, such as the name of its file
     * @param source the Jinja source
     * @return the template
     * @throws PlumbException if the source has an error, or uses something that is not supported
     */
    public static ChatTemplate parse(String name, String source) {
        return parse(name, source, Map.of(), LocalDateTime::now);
    }

    static ChatTemplate parse(String name, String source, Map<String, Object> defaults, Supplier<LocalDateTime> clock) {
        return new ChatTemplate(JinjaTemplate.parse(name, source), defaults, clock);
    }

    /**
     * Reads the template of a model: {@code chat_template.jinja}, or the {@code chat_template} of
     * {@code tokenizer_config.json} (its {@code default} one, if there are several) or of {@code chat_template.json}.
     * The special tokens of {@code tokenizer_config.json}, such as {@code bos_token}, become variables.
     *
     * @param modelFolder the folder
     * @return the template; empty if the folder has none
     * @throws PlumbException if a file cannot be read or the template has an error
     */
    public static Optional<ChatTemplate> load(Path modelFolder) {
        ChatTemplateFiles files = new ChatTemplateFiles(modelFolder);
        return files.source().map(found -> parse(found.name(), found.text(), files.tokens(), LocalDateTime::now));
    }

    /**
     * What errors call this template.
     *
     * @return the name
     */
    public String name() {
        return template.name();
    }

    /**
     * Whether the template itself marks what the assistant says, by {@code {% generation %}} blocks.
     *
     * @return whether it does
     */
    public boolean marksAssistant() {
        return template.hasGeneration();
    }

    /**
     * Renders a conversation.
     *
     * @param messages the turns
     * @param tools descriptions of the tools that the model may call; empty for none
     * @param addGenerationPrompt whether to end with the start of an answer
     * @param variables what else the template reads, such as {@code bos_token} or {@code enable_thinking}; wins over
     *     the variables that came with the template
     * @return the text
     * @throws PlumbException if the template refuses the conversation or has an error
     */
    public String render(
            List<Message> messages,
            List<Map<String, Object>> tools,
            boolean addGenerationPrompt,
            Map<String, Object> variables) {
        return result(messages, tools, addGenerationPrompt, variables).text();
    }

    /**
     * Renders a conversation and finds what the assistant says in the text: in the {@code {% generation %}} blocks if
     * the template has them, otherwise by rendering the conversation up to and with each turn of the assistant.
     *
     * @param messages the turns
     * @param tools descriptions of the tools that the model may call; empty for none
     * @param addGenerationPrompt whether to end with the start of an answer
     * @param variables what else the template reads
     * @return the text and its spans
     * @throws PlumbException if the template refuses the conversation, or if it writes earlier turns in another way
     *     than they were generated so that their spans are not certain
     */
    public Rendered renderSpans(
            List<Message> messages,
            List<Map<String, Object>> tools,
            boolean addGenerationPrompt,
            Map<String, Object> variables) {
        JinjaTemplate.Result full = result(messages, tools, addGenerationPrompt, variables);
        if (!template.hasGeneration()) {
            AssistantSpans spans = new AssistantSpans(
                    name(),
                    full.text(),
                    messages,
                    addGenerationPrompt,
                    (turns, prompt) -> render(turns, tools, prompt, variables),
                    eos(variables));
            return new Rendered(full.text(), spans.find());
        } else if (!full.lostGeneration().isEmpty()) {
            throw new PlumbException(name() + ":" + full.lostGeneration()
                    + ": this generation block is inside a macro or captured text, so that its place in the result is"
                    + " not known; move it out of there");
        }
        return new Rendered(full.text(), full.generated());
    }

    private JinjaTemplate.Result result(
            List<Message> messages,
            List<Map<String, Object>> tools,
            boolean addGenerationPrompt,
            Map<String, Object> variables) {
        Map<String, Object> all = new LinkedHashMap<>();
        // As transformers: defined, but none, unless given.
        all.put("documents", JinjaNone.NONE);
        all.putAll(defaults);
        all.putAll(variables);
        for (String own : List.of("messages", "tools", "add_generation_prompt")) {
            if (all.containsKey(own)) {
                throw new PlumbException(name() + ": the variable '" + own
                        + "' of a chat template comes from the conversation and cannot be set");
            }
        }
        all.put("messages", messages.stream().map(Message::fields).toList());
        all.put("tools", tools.isEmpty() ? JinjaNone.NONE : tools);
        all.put("add_generation_prompt", addGenerationPrompt);
        return template.render(all, clock);
    }

    private String eos(Map<String, Object> variables) {
        Object token = variables.containsKey("eos_token") ? variables.get("eos_token") : defaults.get("eos_token");
        return token instanceof String text ? text : "";
    }
}
