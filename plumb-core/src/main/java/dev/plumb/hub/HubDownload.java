package dev.plumb.hub;

import dev.plumb.config.PlumbException;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpHeaders;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandler;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpResponse.BodySubscribers;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Optional;

/** Brings files of one commit into the cache: taken up where they were cut off, checked, then renamed. */
final class HubDownload {
    private final URI endpoint;
    private final HubHttp http;
    private final HubCache cache;
    private final HubId id;
    private final String commit;
    private final HubProgress progress;

    HubDownload(URI endpoint, HubHttp http, HubCache cache, HubId id, String commit, HubProgress progress) {
        this.endpoint = endpoint;
        this.http = http;
        this.cache = cache;
        this.id = id;
        this.commit = commit;
        this.progress = progress;
    }

    /**
     * What a hub says of a file.
     *
     * @param etag the name of its blob: its hash, as a rule
     * @param size in bytes
     */
    private record Facts(String etag, long size) {
        static Facts of(HttpHeaders headers) throws IOException {
            String etag = headers.firstValue("X-Linked-Etag")
                    .or(() -> headers.firstValue("ETag"))
                    .orElse("")
                    .replaceFirst("^W/", "")
                    .replace("\"", "");
            String size = headers.firstValue("X-Linked-Size")
                    .or(() -> headers.firstValue("Content-Length"))
                    .orElse("");
            if (!etag.matches("\\w[\\w-]{0,127}") || !size.matches("\\d{1,18}")) {
                throw new IOException("it does not tell the hash and the size of the file");
            }
            return new Facts(etag, Long.parseLong(size));
        }
    }

    /** Brings one file into the snapshot, unless it is there. */
    void fetch(String file) throws IOException {
        Path target = cache.snapshot(commit).resolve(file);
        URI address = URI.create(endpoint + "/" + id.kind().prefix() + id.name() + "/resolve/" + commit + "/"
                + encoded(file).replace("%2F", "/"));
        Facts facts = facts(file, address);
        Path blob = cache.blob(facts.etag());
        if (!Files.exists(blob)) {
            Files.createDirectories(blob.getParent());
            cache.locked(
                    facts.etag(),
                    () -> progress.note("  " + file + "  another process fetches it; waiting"),
                    () -> fetch(file, address, facts, blob));
        }
        HubCache.link(target, blob);
    }

    private Facts facts(String file, URI address) throws IOException {
        HttpResponse<Void> head = http.patiently(
                () -> http.send("HEAD", address, Map.of(), false, BodyHandlers.discarding(), HubHttp.Arrived.NOTHING),
                HubHttp.Arrived.NOTHING);
        if (head.statusCode() >= 400) {
            throw http.refusal(id, "the file " + file + " of it", head);
        }
        return Facts.of(head.headers());
    }

    private void fetch(String file, URI address, Facts facts, Path blob) throws IOException {
        if (Files.exists(blob)) {
            return; // another was faster
        }
        Path part = cache.part(facts.etag());
        for (int turn = 1; ; turn++) {
            fill(file, address, facts, part);
            Optional<String> hash = BlobHash.like(facts.etag(), part);
            if (hash.isEmpty() || hash.get().equals(facts.etag())) {
                break;
            }
            Files.delete(part);
            if (turn == 2) {
                throw new PlumbException(id + "/" + file + " came damaged twice: its hash is " + hash.get()
                        + " where the hub says " + facts.etag() + "; nothing of it was kept.");
            }
            progress.note("  " + file + "  came damaged; fetching it once more");
        }
        try (FileChannel channel = FileChannel.open(part, StandardOpenOption.WRITE)) {
            channel.force(true);
        }
        Files.move(part, blob, StandardCopyOption.ATOMIC_MOVE);
        progress.at(file, facts.size(), facts.size());
    }

    /** Attempts until the part has all bytes. */
    private void fill(String file, URI address, Facts facts, Path part) throws IOException {
        if (size(part) > facts.size()) {
            Files.delete(part);
        }
        requireSpace(file, facts.size() - size(part), part);
        if (facts.size() == 0) {
            Files.write(part, new byte[0]);
        }
        if (size(part) < facts.size()) {
            HttpResponse<Path> response = http.patiently(() -> attempt(file, address, facts, part), () -> size(part));
            if (response.statusCode() != 200 && response.statusCode() != 206) {
                throw http.refusal(id, "the file " + file + " of it", response);
            }
        }
    }

    /** Asks for what is missing, and fails unless it comes. */
    private HttpResponse<Path> attempt(String file, URI address, Facts facts, Path part) throws IOException {
        long had = size(part);
        Map<String, String> range = had > 0 ? Map.of("Range", "bytes=" + had + "-") : Map.of();
        HttpResponse<Path> response = http.send("GET", address, range, true, into(part, had), () -> {
            long now = size(part);
            if (now > facts.size()) {
                throw new IOException("it sent more than the file's " + facts.size() + " bytes");
            }
            progress.at(file, Math.min(now, facts.size() - 1), facts.size());
            return now;
        });
        int status = response.statusCode();
        if (status == 416) {
            Files.deleteIfExists(part);
            throw new IOException("it does not have as many bytes as it says");
        }
        if (status == 206 && !continues(response.headers(), had)) {
            throw new IOException("it sent another part than was asked for");
        }
        long now = size(part);
        if (now > facts.size()) {
            Files.delete(part);
            throw new IOException("it sent " + now + " bytes for a file of " + facts.size());
        }
        if ((status == 200 || status == 206) && now < facts.size()) {
            throw new IOException("it sent " + now + " bytes of " + facts.size());
        }
        return response;
    }

    private static BodyHandler<Path> into(Path part, long had) {
        return info -> {
            if (info.statusCode() == 206 && continues(info.headers(), had)) {
                return BodySubscribers.ofFile(part, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
            }
            return info.statusCode() == 200
                    ? BodySubscribers.ofFile(
                            part,
                            StandardOpenOption.CREATE,
                            StandardOpenOption.WRITE,
                            StandardOpenOption.TRUNCATE_EXISTING)
                    : BodySubscribers.replacing(part);
        };
    }

    private static boolean continues(HttpHeaders headers, long had) {
        return headers.firstValue("Content-Range").orElse("").startsWith("bytes " + had + "-");
    }

    private void requireSpace(String file, long bytes, Path part) throws IOException {
        long free = Files.getFileStore(part.getParent()).getUsableSpace();
        if (free < bytes) {
            throw new PlumbException(id + "/" + file + " needs " + HubProgress.size(bytes) + " in " + cache.root()
                    + ", where only " + HubProgress.size(free)
                    + " are free: free some space, or set HF_HUB_CACHE to another folder.");
        }
    }

    private static long size(Path part) throws IOException {
        return Files.exists(part) ? Files.size(part) : 0;
    }

    static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }
}
