package dev.plumb.hub;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;

/**
 * A hub on this machine: one port that knows repositories, and another that large files are redirected to. It can be told to
 * fail in every way that a network does.
 */
public final class HubServer implements AutoCloseable {
    public static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";

    /** What was asked. {@code at} is "hub" or "store". */
    record Seen(String at, String method, String path, String range, String authorization) {}

    /** Answers in place of the server. */
    @FunctionalInterface
    interface Fault {
        void answer(HttpExchange exchange, byte[] content) throws IOException;
    }

    private final HttpServer hub;
    private final HttpServer store;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final Map<String, Map<String, byte[]>> repositories = new ConcurrentHashMap<>();
    private final Map<String, Deque<Fault>> faults = new ConcurrentHashMap<>();
    private final Map<String, Long> sent = new ConcurrentHashMap<>();
    final List<Seen> seen = new CopyOnWriteArrayList<>();
    private volatile String commit = COMMIT;
    volatile long pauseMillis;
    volatile String neededToken = "";

    public HubServer() {
        try {
            hub = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
            store = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        hub.createContext("/", exchange -> handle("hub", exchange));
        store.createContext("/", exchange -> handle("store", exchange));
        hub.setExecutor(threads);
        store.setExecutor(threads);
        hub.start();
        store.start();
    }

    public String endpoint() {
        return address(hub);
    }

    private static String address(HttpServer server) {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    /** Adds files to a repository such as {@code models/org/name}. */
    HubServer put(String repository, String file, byte[] content) {
        repositories.computeIfAbsent(repository, name -> new TreeMap<>()).put(file, content);
        return this;
    }

    public HubServer put(String repository, String file, String content) {
        return put(repository, file, content.getBytes(StandardCharsets.UTF_8));
    }

    /** Adds all files of a folder. */
    public HubServer putAll(String repository, Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                put(repository, file.getFileName().toString(), Files.readAllBytes(file));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return this;
    }

    String commit() {
        return commit;
    }

    /** All branches and tags are another commit from now on. */
    public void move(String other) {
        commit = other;
    }

    /** The next times that this file's content, or {@code api}, is asked for, or {@code HEAD} and the file's facts. */
    void fail(String what, Fault... next) {
        faults.computeIfAbsent(what, name -> new ArrayDeque<>()).addAll(List.of(next));
    }

    /** Bytes of content that were sent of a file. */
    long sent(String file) {
        return sent.getOrDefault(file, 0L);
    }

    List<Seen> seen(String at, String method) {
        return seen.stream()
                .filter(one -> one.at().equals(at) && one.method().equals(method))
                .toList();
    }

    static Fault status(int status, String... headers) {
        return (exchange, content) -> {
            for (int i = 0; i < headers.length; i += 2) {
                exchange.getResponseHeaders().set(headers[i], headers[i + 1]);
            }
            exchange.sendResponseHeaders(status, -1);
        };
    }

    /** Sends so much of what was asked for, and cuts the connection. */
    Fault cut(int bytes) {
        return (exchange, content) -> {
            int from = from(exchange);
            headers(exchange, content, from);
            OutputStream out = exchange.getResponseBody();
            out.write(content, from, bytes);
            out.flush();
            count(exchange, bytes);
            exchange.close();
        };
    }

    private static void headers(HttpExchange exchange, byte[] content, int from) throws IOException {
        exchange.getResponseHeaders()
                .set("Content-Range", "bytes " + from + "-" + (content.length - 1) + "/" + content.length);
        boolean part = exchange.getRequestHeaders().containsKey("Range");
        exchange.sendResponseHeaders(part ? 206 : 200, content.length == from ? -1 : content.length - from);
    }

    private static int from(HttpExchange exchange) {
        String range = exchange.getRequestHeaders().getFirst("Range");
        return range == null ? 0 : Integer.parseInt(range.replaceAll("bytes=(\\d+)-", "$1"));
    }

    private void count(HttpExchange exchange, long bytes) {
        sent.merge(file(exchange), bytes, Long::sum);
    }

    private static String file(HttpExchange exchange) {
        return exchange.getRequestURI().getPath().replaceFirst(".*/(resolve|content)/[^/]*/", "");
    }

    private void handle(String at, HttpExchange exchange) throws IOException {
        try (exchange) {
            String path = exchange.getRequestURI().getPath();
            seen.add(new Seen(
                    at,
                    exchange.getRequestMethod(),
                    exchange.getRequestURI().getRawPath(),
                    String.valueOf(exchange.getRequestHeaders().getFirst("Range")),
                    String.valueOf(exchange.getRequestHeaders().getFirst("Authorization"))));
            boolean allowed = at.equals("store")
                    || neededToken.isEmpty()
                    || ("Bearer " + neededToken)
                            .equals(exchange.getRequestHeaders().getFirst("Authorization"));
            if (!allowed) {
                exchange.sendResponseHeaders(401, -1);
            } else if (path.startsWith("/api/")) {
                list(exchange, path.substring("/api/".length()));
            } else {
                content(at, exchange, path);
            }
        }
    }

    private void list(HttpExchange exchange, String path) throws IOException {
        Fault fault = next("api");
        String repository = path.replaceFirst("/revision/.*", "");
        String revision = path.replaceFirst(".*/revision/", "");
        if (fault != null) {
            fault.answer(exchange, new byte[0]);
            return;
        }
        if (!repositories.containsKey(repository)) {
            status(404, "X-Error-Code", "RepoNotFound").answer(exchange, new byte[0]);
            return;
        }
        if (!List.of("main", "v1", "refs/pr/1", commit).contains(revision)) {
            status(404, "X-Error-Code", "RevisionNotFound").answer(exchange, new byte[0]);
            return;
        }
        ObjectNode json = new JsonMapper().createObjectNode().put("sha", commit);
        repositories
                .get(repository)
                .keySet()
                .forEach(file -> json.withArray("siblings").addObject().put("rfilename", file));
        byte[] answer = json.toString().getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(200, answer.length);
        exchange.getResponseBody().write(answer);
    }

    private void content(String at, HttpExchange exchange, String path) throws IOException {
        String repository = path.replaceFirst("^/(content/)?", "").replaceFirst("/(resolve|content)/.*", "");
        repository = repository.startsWith("datasets/") ? repository : "models/" + repository;
        byte[] content = repositories.getOrDefault(repository, Map.of()).get(file(exchange));
        if (content == null) {
            exchange.sendResponseHeaders(404, -1);
            return;
        }
        boolean large = path.endsWith(".safetensors") || path.endsWith(".parquet");
        if (exchange.getRequestMethod().equals("HEAD")) {
            Fault fault = next("HEAD " + file(exchange));
            if (fault != null) {
                fault.answer(exchange, content);
                return;
            }
        }
        exchange.getResponseHeaders().set(large ? "X-Linked-Etag" : "ETag", '"' + etag(content, large) + '"');
        if (large && at.equals("hub")) {
            exchange.getResponseHeaders().set("X-Linked-Size", Long.toString(content.length));
            exchange.getResponseHeaders().set("Location", address(store) + path.replaceFirst("/resolve/", "/content/"));
            exchange.sendResponseHeaders(302, -1);
        } else if (exchange.getRequestMethod().equals("HEAD")) {
            exchange.getResponseHeaders().set("Content-Length", Long.toString(content.length));
            exchange.sendResponseHeaders(200, -1);
        } else {
            Fault fault = next(file(exchange));
            if (fault != null) {
                fault.answer(exchange, content);
                return;
            }
            send(exchange, content);
        }
    }

    private void send(HttpExchange exchange, byte[] content) throws IOException {
        int from = from(exchange);
        if (from >= content.length && from > 0) {
            exchange.sendResponseHeaders(416, -1);
            return;
        }
        headers(exchange, content, from);
        for (int at = from; at < content.length; at += 1 << 14) {
            int length = Math.min(1 << 14, content.length - at);
            exchange.getResponseBody().write(content, at, length);
            exchange.getResponseBody().flush();
            count(exchange, length);
            pause();
        }
    }

    private void pause() {
        try {
            Thread.sleep(pauseMillis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private @org.jspecify.annotations.Nullable Fault next(String what) {
        Deque<Fault> waiting = faults.get(what);
        synchronized (faults) {
            return waiting == null ? null : waiting.poll();
        }
    }

    /** As git and its large files name content. */
    static String etag(byte[] content, boolean large) {
        try {
            MessageDigest digest = MessageDigest.getInstance(large ? "SHA-256" : "SHA-1");
            if (!large) {
                digest.update(("blob " + content.length + "\0").getBytes(StandardCharsets.US_ASCII));
            }
            return HexFormat.of().formatHex(digest.digest(content));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Bytes without a pattern. */
    static byte[] bytes(int size) {
        byte[] content = new byte[size];
        new java.util.Random(size).nextBytes(content);
        return content;
    }

    static byte[] changed(byte[] content) {
        byte[] copy = Arrays.copyOf(content, content.length);
        copy[copy.length / 2] ^= 1;
        return copy;
    }

    @Override
    public void close() {
        hub.stop(0);
        store.stop(0);
        threads.shutdownNow();
    }
}
