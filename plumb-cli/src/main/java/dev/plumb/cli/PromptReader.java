package dev.plumb.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.plumb.config.PlumbException;
import dev.plumb.data.BadRows;
import dev.plumb.data.ChatRenderer;
import dev.plumb.data.Content;
import dev.plumb.data.DataConfig;
import dev.plumb.data.DataFile;
import dev.plumb.data.Encoder;
import dev.plumb.data.TrainOn;
import dev.plumb.data.Truncation;
import dev.plumb.hub.Checkpoint;
import dev.plumb.text.Message;
import dev.plumb.text.Tokenizer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Prompts as tokens, by the very encoder that training uses. */
final class PromptReader {
    private final GenerateSettings settings;
    private final Checkpoint checkpoint;
    private final Encoder encoder;
    private final boolean hasTemplate;
    private final boolean chat;

    /**
     * What is to be continued.
     *
     * @param place file and line
     * @param shown the prompt as it was given
     * @param ids its tokens
     * @param columns of its row, for rewards
     */
    record Prompt(String place, JsonNode shown, int[] ids, Map<String, Object> columns) {}

    PromptReader(GenerateSettings settings, Checkpoint checkpoint, Tokenizer tokenizer) {
        this.settings = settings;
        this.checkpoint = checkpoint;
        DataConfig config = encoding(settings.model(), settings.chatTemplate(), settings.allowSpecialTokens());
        Optional<ChatRenderer> renderer = ChatRenderer.of(config, checkpoint.folder(), tokenizer);
        this.encoder = new Encoder(
                tokenizer, renderer, config, checkpoint.decoder().architecture().contextLength());
        this.hasTemplate = renderer.isPresent();
        this.chat = settings.chat().orElse(hasTemplate);
        if (chat && !hasTemplate) {
            throw new PlumbException(checkpoint.folder()
                    + " has no chat template: leave out chat=true, or name one with" + " chat_template=plain.");
        }
    }

    /** How prompts become tokens. */
    static DataConfig encoding(Path model, Optional<String> chatTemplate, boolean allowSpecialTokens) {
        return new DataConfig(
                List.of(DataFile.of(model)), // some file must be named; none is read here
                List.of(),
                0,
                BadRows.ERROR,
                Optional.empty(),
                Truncation.ERROR,
                1,
                1,
                TrainOn.AUTO,
                chatTemplate,
                Map.of(),
                allowSpecialTokens,
                true,
                false);
    }

    /** The prompt of the command line. */
    Prompt prompt(String text) {
        return checked("the prompt", new TextNode(text), encoder.prompt(content(text), List.of()), Map.of());
    }

    /** The prompt of a row. */
    Prompt prompt(JsonInput.Row row) {
        JsonNode json = row.json();
        if (json.has("prompt_ids")) {
            return checked(row.place(), json.get("prompt_ids"), Json.ids(row, "prompt_ids"), Json.columns(row));
        }
        String key = json.has("prompt") ? "prompt" : "messages";
        JsonNode given = json.path(key);
        Content content;
        if (given.isTextual()) {
            content = content(given.textValue());
        } else if (given.isArray()) {
            if (!hasTemplate) {
                throw new PlumbException(row.place() + ": a conversation, but " + checkpoint.folder()
                        + " has no chat template: name one with chat_template=plain.");
            }
            content = new Content.Chat(Json.messages(row, key));
        } else {
            throw new PlumbException(
                    row.place() + ": a prompt (a text or a list of messages), messages or prompt_ids is needed.");
        }
        try {
            return checked(row.place(), given, encoder.prompt(content, Json.tools(row)), Json.columns(row));
        } catch (PlumbException e) {
            throw e.getMessage().startsWith(row.place())
                    ? e
                    : new PlumbException(row.place() + ": " + e.getMessage(), e);
        }
    }

    private Content content(String text) {
        return chat ? new Content.Chat(List.of(new Message("user", text))) : new Content.Plain(text);
    }

    private Prompt checked(String place, JsonNode shown, int[] ids, Map<String, Object> columns) {
        int context = checkpoint.decoder().architecture().contextLength();
        int room = context - ids.length;
        if (ids.length == 0) {
            throw new PlumbException(place + ": the prompt has no token.");
        }
        if (room < settings.drawing().maxNewTokens()) {
            throw new PlumbException(place + ": " + ids.length + " tokens, and max_new_tokens="
                    + settings.drawing().maxNewTokens()
                    + " more, do not fit into the model's context of " + context + "; "
                    + (room > 0 ? "set max_new_tokens=" + room + " or less." : "shorten the prompt."));
        }
        Models.requireKnown(checkpoint, place, ids);
        return new Prompt(place, shown, ids, columns);
    }
}
