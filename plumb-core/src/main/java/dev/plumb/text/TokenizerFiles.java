package dev.plumb.text;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.plumb.config.PlumbException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Finds and reads the file that defines a tokenizer. */
final class TokenizerFiles {
    /** The names in these files are whole vocabularies: keeping them for later costs most of the time. */
    static final JsonMapper JSON = JsonMapper.builder(JsonFactory.builder()
                    .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
                    .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
                    .build())
            .build();

    private static final byte[] LARGE_FILE_POINTER = "version https://git-lfs".getBytes(StandardCharsets.US_ASCII);

    private TokenizerFiles() {}

    /** The definition in a folder, the richest format first. */
    static TokenizerDefinition find(Path folder, TokenizerConfig config) {
        Path fast = folder.resolve("tokenizer.json");
        Path model = folder.resolve("tokenizer.model");
        if (Files.exists(fast)) {
            return fast(fast);
        }
        if (Files.exists(model)) {
            return model(model, config);
        }
        for (String vocabulary : new String[] {"vocab.json", "encoder.json"}) {
            if (Files.exists(folder.resolve(vocabulary))) {
                return BytePairFiles.read(folder.resolve(vocabulary), config);
            }
        }
        throw new PlumbException(
                folder
                        + (Files.isDirectory(folder) ? ": the folder has no tokenizer" : ": there is no such folder")
                        + "; needed is tokenizer.json, tokenizer.model, vocab.json with merges.txt, or encoder.json with vocab.bpe");
    }

    /** The definition in one file, told by its name and content. */
    static TokenizerDefinition read(Path file) {
        String name = file.getFileName().toString();
        TokenizerConfig none = TokenizerConfig.none();
        if (name.endsWith("vocab.json")
                || name.endsWith("encoder.json")
                || name.endsWith("merges.txt")
                || name.endsWith("vocab.bpe")) {
            return BytePairFiles.read(file, none);
        }
        return name.endsWith(".json") ? fast(file) : model(file, none);
    }

    private static TokenizerDefinition fast(Path file) {
        return new TokenizerDefinition(json(file), file, TokenizerDefinition.Defaults.NONE);
    }

    private static TokenizerDefinition model(Path file, TokenizerConfig config) {
        byte[] content = bytes(file);
        return TiktokenFile.recognises(content)
                ? TiktokenFile.read(file, content)
                : SentencePieceFile.read(file, content, config);
    }

    static byte[] bytes(Path file) {
        try {
            byte[] content = Files.readAllBytes(file);
            if (content.length >= LARGE_FILE_POINTER.length
                    && java.util.Arrays.equals(
                            content, 0, LARGE_FILE_POINTER.length, LARGE_FILE_POINTER, 0, LARGE_FILE_POINTER.length)) {
                throw new PlumbException(
                        file + ": this is a Git LFS pointer, not the file itself; fetch it with `git lfs pull`");
            }
            return content;
        } catch (NoSuchFileException e) {
            throw new PlumbException(file + ": there is no such file", e);
        } catch (IOException e) {
            throw new PlumbException(file + ": cannot be read: " + e.getMessage(), e);
        }
    }

    static String text(Path file) {
        return new String(bytes(file), StandardCharsets.UTF_8);
    }

    static ObjectNode json(Path file) {
        try {
            JsonNode json = JSON.readTree(bytes(file));
            if (json instanceof ObjectNode object) {
                return object;
            }
            throw new PlumbException(file + ": holds no JSON object");
        } catch (JsonProcessingException e) {
            String place = e.getLocation() == null
                    ? ""
                    : " at line " + e.getLocation().getLineNr() + ", column "
                            + e.getLocation().getColumnNr();
            throw new PlumbException(file + ": not valid JSON" + place + ": " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw new PlumbException(file + ": cannot be read: " + e.getMessage(), e);
        }
    }
}
