package dev.plumb.data;

import dev.plumb.config.PlumbException;
import dev.plumb.text.ChatTemplate;
import dev.plumb.text.Message;
import dev.plumb.text.Tokenizer;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Conversations as text, by one chat template and the variables that it sees: {@code bos_token}, {@code eos_token}, {@code
 * add_bos_token} and those of {@code data.template_kwargs}.
 */
public final class ChatRenderer {
    private static final List<String> BUILT_IN = List.of("chatml", "plain");

    private final ChatTemplate template;
    private final Map<String, Object> variables;

    private ChatRenderer(ChatTemplate template, Tokenizer tokenizer, Map<String, Object> more) {
        this.template = template;
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("bos_token", spelling(tokenizer, tokenizer.bos()));
        all.put("eos_token", spelling(tokenizer, tokenizer.eos()));
        all.put("add_bos_token", tokenizer.addsBos());
        all.putAll(more);
        this.variables = Collections.unmodifiableMap(all);
    }

    /**
     * The renderer that the settings ask for: the template they name, else the model's own.
     *
     * @param config the settings
     * @param modelFolder the folder whose template is the model's own
     * @param tokenizer the model's tokenizer
     * @return the renderer; empty if the model has no template and the settings name none
     * @throws PlumbException if the named template is missing or broken, or needs tokens that the tokenizer lacks
     */
    public static Optional<ChatRenderer> of(DataConfig config, Path modelFolder, Tokenizer tokenizer) {
        Optional<ChatTemplate> chosen = config.chatTemplate().isPresent()
                ? config.chatTemplate().map(name -> named(name, tokenizer))
                : ChatTemplate.load(modelFolder);
        return chosen.map(template -> new ChatRenderer(template, tokenizer, config.templateKwargs()));
    }

    /**
     * The renderer by a model's own template.
     *
     * @param modelFolder its folder
     * @param tokenizer its tokenizer
     * @return the renderer; empty if the model has no template
     */
    public static Optional<ChatRenderer> ofModel(Path modelFolder, Tokenizer tokenizer) {
        return ChatTemplate.load(modelFolder).map(own -> new ChatRenderer(own, tokenizer, Map.of()));
    }

    /**
     * Renders a conversation.
     *
     * @param messages the turns
     * @param tools tool descriptions
     * @param toAnswer whether to end where the assistant is to begin an answer
     * @return the text
     * @throws PlumbException if the template refuses the conversation
     */
    public String text(List<Message> messages, List<Map<String, Object>> tools, boolean toAnswer) {
        return template.render(messages, tools, toAnswer, variables);
    }

    /**
     * Renders a whole conversation.
     *
     * @param messages the turns
     * @param tools tool descriptions
     * @return the text, and where in it the assistant speaks
     * @throws PlumbException if the template refuses the conversation, or does not show where
     */
    public ChatTemplate.Rendered spans(List<Message> messages, List<Map<String, Object>> tools) {
        return template.renderSpans(messages, tools, false, variables);
    }

    private static ChatTemplate named(String name, Tokenizer tokenizer) {
        if (BUILT_IN.contains(name)) {
            if (name.equals("chatml")
                    && (tokenizer.id("<|im_start|>").isEmpty()
                            || tokenizer.id("<|im_end|>").isEmpty())) {
                throw new PlumbException(
                        "data.chat_template=chatml needs the tokens <|im_start|> and <|im_end|>, which this"
                                + " tokenizer does not have: a model could not learn to stop. Set data.chat_template=plain.");
            }
            return ChatTemplate.parse(name, builtIn(name));
        }
        Path file = Path.of(name);
        try {
            return ChatTemplate.parse(name, Files.readString(file));
        } catch (IOException e) {
            throw new PlumbException(
                    "data.chat_template=" + name + " is no file that can be read ("
                            + e.getClass().getSimpleName() + "), nor one of the built-in templates chatml and plain.",
                    e);
        }
    }

    private static String builtIn(String name) {
        try (InputStream in = ChatRenderer.class.getResourceAsStream(name + ".jinja")) {
            if (in == null) {
                throw new IllegalStateException("the built-in template " + name + " is not packaged");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String spelling(Tokenizer tokenizer, OptionalInt id) {
        return id.isPresent() ? tokenizer.token(id.getAsInt()) : "";
    }
}
