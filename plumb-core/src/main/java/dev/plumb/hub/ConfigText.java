package dev.plumb.hub;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;

/** Changes single values of a JSON object and leaves every other character as it is. */
final class ConfigText {
    private static final JsonFactory JSON = new JsonFactory();

    private ConfigText() {}

    /**
     * Sets a top-level key.
     *
     * @param text a JSON object
     * @param key its key; put in front if it is not there
     * @param value the new value, as JSON
     */
    static String set(String text, String key, String value) {
        try (JsonParser parser = JSON.createParser(text)) {
            parser.nextToken();
            int open = (int) parser.currentTokenLocation().getCharOffset() + 1;
            boolean empty = true;
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                empty = false;
                String name = parser.currentName();
                parser.nextToken();
                int from = (int) parser.currentTokenLocation().getCharOffset();
                parser.skipChildren();
                parser.finishToken();
                int to = (int) parser.currentLocation().getCharOffset();
                if (name.equals(key)) {
                    return text.substring(0, from) + value + text.substring(to);
                }
            }
            String added = "\n  \"" + key + "\": " + value + (empty ? "\n" : ",");
            return text.substring(0, open) + added + text.substring(open);
        } catch (IOException e) {
            throw new IllegalArgumentException("not a JSON object", e);
        }
    }
}
