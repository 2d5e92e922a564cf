package dev.plumb.hub;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * What a repository holds at a commit.
 *
 * @param commit 40 hexadecimal digits
 * @param files their paths, with slashes
 */
record HubListing(String commit, List<String> files) {
    private static final String NO_HUB = "it does not answer as a hub does; check HF_ENDPOINT";

    HubListing {
        files = List.copyOf(files);
    }

    /** Reads the hub's answer, and refuses names that would lead out of the cache. */
    static HubListing read(byte[] answer) throws IOException {
        JsonNode json;
        try {
            json = new JsonMapper().readTree(answer);
        } catch (JsonProcessingException e) {
            throw new IOException(NO_HUB, e);
        }
        String commit = json.path("sha").asText();
        if (!HubId.isCommit(commit) || !json.path("siblings").isArray()) {
            throw new IOException(NO_HUB);
        }
        List<String> files = new ArrayList<>();
        for (JsonNode sibling : json.path("siblings")) {
            String file = sibling.path("rfilename").asText();
            if (file.isEmpty()
                    || !file.matches("[^\\\\:\\x00-\\x1f]+")
                    || ("/" + file + "/").matches(".*/(\\.{0,2})/.*")) {
                throw new IOException("it lists a file by a name that no file can have");
            }
            files.add(file);
        }
        return new HubListing(commit, files);
    }
}
