package dev.plumb.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.plumb.config.PlumbException;
import dev.plumb.hub.HubServer.Seen;
import dev.plumb.tensor.Device;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Models and data by id, from a hub on this machine that fails in every way that a network does. */
class HubTest {
    private static final Path LLAMA = Path.of("src/test/resources/goldens/models/llama_dynamic");
    private static final HubPatience QUICK =
            new HubPatience(4, Duration.ofMillis(5), Duration.ofSeconds(3), Duration.ofMillis(1500));
    private static final String WEIGHTS = "model.safetensors";
    private static final Path TINY = Path.of("org/tiny");
    private static final int SIZE = 300_000;

    @TempDir
    Path home;

    private final HubServer server = new HubServer();
    private final ByteArrayOutputStream told = new ByteArrayOutputStream();

    @AfterEach
    void stop() {
        server.close();
    }

    private Hub hub(String... more) {
        Map<String, String> environment = new HashMap<>(Map.of("HF_HOME", home.toString()));
        environment.put("HF_ENDPOINT", server.endpoint() + "/");
        for (int i = 0; i < more.length; i += 2) {
            environment.put(more[i], more[i + 1]);
        }
        environment.values().removeIf(String::isEmpty);
        return new Hub(environment, new PrintStream(told, true, StandardCharsets.UTF_8), QUICK, List.of());
    }

    /** A repository whose weights are noise: enough for everything but loading it. */
    private byte[] noise() {
        byte[] weights = HubServer.bytes(SIZE);
        server.put("models/org/tiny", "config.json", "{}").put("models/org/tiny", WEIGHTS, weights);
        return weights;
    }

    private Path repository() {
        return home.resolve("hub/models--org--tiny");
    }

    private Path part(byte[] weights) {
        return repository().resolve("blobs/" + HubServer.etag(weights, true) + ".incomplete");
    }

    private String told() {
        return told.toString(StandardCharsets.UTF_8);
    }

    @Test
    void aModelIsLoadedByItsIdFromTheLayoutThatOtherToolsShare() throws IOException {
        server.putAll("models/org/tiny", LLAMA)
                .put("models/org/tiny", "tokenizer.json", "{}")
                .put("models/org/tiny", "additional_chat_templates/tool.jinja", "{{ tools }}")
                .put("models/org/tiny", "pytorch_model.bin", "pickle")
                .put("models/org/tiny", "tokenizer.bin", "pickle")
                .put("models/org/tiny", "original/consolidated.safetensors", "other")
                .put("models/org/tiny", "consolidated.safetensors", "other")
                .put("models/org/tiny", "README.md", "words");
        Hub.Found found = hub().model(TINY);
        assertThat(found.origin()).hasValue(new HubOrigin("model", "org/tiny", "main", HubServer.COMMIT));
        try (Checkpoint fetched = Checkpoint.load(found.path(), Optional.empty(), Device.CPU);
                Checkpoint own = Checkpoint.load(LLAMA, Optional.empty(), Device.CPU)) {
            own.decoder()
                    .weights()
                    .all()
                    .forEach((name, tensor) -> assertThat(
                                    fetched.decoder().weights().all().get(name).toFloats())
                            .as(name)
                            .containsExactly(tensor.toFloats()));
            fetched.save(home.resolve("saved"), fetched.storedType());
        }
        assertThat(home.resolve("saved/tokenizer.json")).isRegularFile();
        assertThat(found.path()).isEqualTo(repository().resolve("snapshots/" + HubServer.COMMIT));
        assertThat(repository().resolve("refs/main")).hasContent(HubServer.COMMIT);
        assertThat(names(found.path()))
                .containsExactly("additional_chat_templates", "config.json", WEIGHTS, "tokenizer.json");
        Path link = found.path().resolve(WEIGHTS);
        assertThat(Files.readSymbolicLink(link)).isEqualTo(Path.of("../../blobs/" + Sha256.of(LLAMA.resolve(WEIGHTS))));
        assertThat(Files.readSymbolicLink(found.path().resolve("additional_chat_templates/tool.jinja"))
                        .toString())
                .startsWith("../../../blobs/");
        assertThat(names(repository().resolve("blobs"))).hasSize(4).noneMatch(name -> name.endsWith("incomplete"));
        assertThat(told())
                .contains("fetching org/tiny, commit " + HubServer.COMMIT)
                .contains("  " + WEIGHTS + "  ")
                .hasLineCount(5 + 1);
    }

    @Test
    void whatIsThereIsNotFetchedAgain() {
        noise();
        hub().model(TINY);
        int asked = server.seen.size();
        hub().model(TINY);
        assertThat(server.seen.subList(asked, server.seen.size()))
                .extracting(Seen::path)
                .containsExactly("/api/models/org/tiny/revision/main");
        assertThat(server.sent(WEIGHTS)).isEqualTo(SIZE);
        hub().model(Path.of("org/tiny@" + HubServer.COMMIT));
        assertThat(server.seen).as("a commit that is whole needs no hub").hasSize(asked + 1);
        server.move("f".repeat(40)); // a newer commit with the same files shares their blobs
        assertThat(hub().model(TINY).path().getFileName()).hasToString(server.commit());
        assertThat(server.sent(WEIGHTS)).isEqualTo(SIZE);
    }

    @Test
    void onlyTheShardsOfTheIndexAreFetched() {
        server.put("models/org/tiny", "config.json", "{}")
                .put("models/org/tiny", "model.safetensors.index.json", """
                        {"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors", "c": "model-1.safetensors"}}
                        """)
                .put("models/org/tiny", "model-1.safetensors", "one")
                .put("models/org/tiny", "model-2.safetensors", "two")
                .put("models/org/tiny", "model-3.safetensors", "of another layout");
        assertThat(names(hub().model(TINY).path()))
                .containsExactly(
                        "config.json", "model-1.safetensors", "model-2.safetensors", "model.safetensors.index.json");
    }

    @Test
    void theTokenGoesToTheHubAndNotToWhereItRedirects() throws IOException {
        noise();
        server.neededToken = "hf_secret";
        assertThatThrownBy(() -> hub().model(TINY))
                .isInstanceOf(PlumbException.class)
                .hasMessage("org/tiny: there is no such folder here, and the hub at " + server.endpoint()
                        + " does not show a model of that name without a token: check the name, and set HF_TOKEN if it is"
                        + " private or access to it is granted by its owner.");
        assertThatThrownBy(() -> hub("HF_TOKEN", "hf_wrong").model(TINY))
                .hasMessageContaining("refuses the token, or has no such model: check the name and HF_TOKEN")
                .hasMessageNotContaining("hf_wrong");
        server.seen.clear();
        Files.writeString(home.resolve("token"), "hf_secret\n");
        hub().model(TINY);
        assertThat(server.seen("hub", "GET")).extracting(Seen::authorization).containsOnly("Bearer hf_secret");
        assertThat(server.seen("store", "GET"))
                .hasSize(1)
                .extracting(Seen::authorization)
                .containsExactly("null");
        assertThat(told()).doesNotContain("hf_");
        assertThat(HubSettings.of(Map.of("HF_HOME", home.toString())).toString())
                .doesNotContain("hf_secret");
        assertThatThrownBy(() -> hub("HF_TOKEN", "hf_\u00e9").model(Path.of("org/other")))
                .hasMessageContaining("holds white space or other characters that no token has")
                .hasMessageNotContaining("hf_\u00e9");
    }

    @Test
    void aTokenThatWasLeftBehindStaysBehind() {
        noise();
        server.fail(
                WEIGHTS,
                (exchange, content) -> HubServer.status(
                                302,
                                "Location",
                                server.endpoint() + "/org/tiny/resolve/" + server.commit() + "/config.json")
                        .answer(exchange, content));
        hub("HF_TOKEN", "hf_secret").model(TINY);
        Seen back = server.seen("hub", "GET").stream()
                .filter(one -> one.path().endsWith("config.json")
                        && !one.authorization().contains("hf_secret"))
                .findFirst()
                .orElseThrow();
        assertThat(back.authorization()).isEqualTo("null");
    }

    @Test
    void aCutConnectionIsTakenUpWhereItWasCut() throws IOException {
        byte[] weights = noise();
        server.fail(WEIGHTS, server.cut(100_000), server.cut(50_000), server.cut(1), server.cut(1), server.cut(1));
        Path folder = hub().model(TINY).path();
        assertThat(Files.readAllBytes(folder.resolve(WEIGHTS))).isEqualTo(weights);
        assertThat(server.seen("store", "GET"))
                .extracting(Seen::range)
                .containsExactly(
                        "null", "bytes=100000-", "bytes=150000-", "bytes=150001-", "bytes=150002-", "bytes=150003-");
        assertThat(server.sent(WEIGHTS)).as("no byte twice").isEqualTo(SIZE);
    }

    @Test
    void aPartThatIsLeftIsGoneOnWith() throws IOException {
        byte[] weights = noise();
        Files.createDirectories(part(weights).getParent());
        Files.write(part(weights), java.util.Arrays.copyOf(weights, 123_456));
        Path folder = hub().model(TINY).path();
        assertThat(Files.readAllBytes(folder.resolve(WEIGHTS))).isEqualTo(weights);
        assertThat(server.sent(WEIGHTS)).isEqualTo(SIZE - 123_456);
        assertThat(part(weights)).doesNotExist();
    }

    @Test
    void aPartThatIsDamagedIsFetchedAgainFromTheStart() throws IOException {
        byte[] weights = noise();
        Files.createDirectories(part(weights).getParent());
        Files.write(part(weights), new byte[1000]);
        Path folder = hub().model(TINY).path();
        assertThat(Files.readAllBytes(folder.resolve(WEIGHTS))).isEqualTo(weights);
        assertThat(server.sent(WEIGHTS)).isEqualTo(2L * SIZE - 1000);
        assertThat(told()).contains(WEIGHTS + "  came damaged; fetching it once more");
    }

    @Test
    void aPartThatIsTooLongIsThrownAway() throws IOException {
        byte[] weights = noise();
        Files.createDirectories(part(weights).getParent());
        Files.write(part(weights), new byte[SIZE + 1]);
        assertThat(Files.readAllBytes(hub().model(TINY).path().resolve(WEIGHTS)))
                .isEqualTo(weights);
        assertThat(server.sent(WEIGHTS)).isEqualTo(SIZE);
    }

    @Test
    void aServerThatKnowsNoRangesIsReadFromTheStart() throws IOException {
        byte[] weights = noise();
        server.fail(WEIGHTS, server.cut(100_000), (exchange, content) -> {
            exchange.sendResponseHeaders(200, content.length);
            exchange.getResponseBody().write(content);
        });
        assertThat(Files.readAllBytes(hub().model(TINY).path().resolve(WEIGHTS)))
                .isEqualTo(weights);
    }

    @Test
    void whatHasAWrongHashIsNeverKept() {
        byte[] weights = noise();
        HubServer.Fault wrong = (exchange, content) -> {
            exchange.sendResponseHeaders(200, content.length);
            exchange.getResponseBody().write(HubServer.changed(content));
        };
        server.fail(WEIGHTS, wrong, wrong);
        assertThatThrownBy(() -> hub().model(TINY))
                .isInstanceOf(PlumbException.class)
                .hasMessage("org/tiny/model.safetensors came damaged twice: its hash is "
                        + HubServer.etag(HubServer.changed(weights), true) + " where the hub says "
                        + HubServer.etag(weights, true) + "; nothing of it was kept.");
        assertThat(names(repository().resolve("blobs"))).containsExactly(HubServer.etag("{}".getBytes(), false));
        server.fail("generation_config.json", wrong);
        server.put("models/org/tiny", "generation_config.json", "{\"a\": 1}");
        hub().model(TINY); // the hash of a small file is git's, and that of the second attempt is right
        assertThat(told()).contains("generation_config.json  came damaged");
    }

    @Test
    void aContentLengthThatLiesIsNotBelieved() throws IOException {
        byte[] weights = noise();
        server.fail(
                WEIGHTS,
                (exchange, content) -> { // more than comes
                    exchange.sendResponseHeaders(200, content.length + 1000L);
                    exchange.getResponseBody().write(content, 0, content.length - 5);
                    exchange.getResponseBody().flush();
                    exchange.close();
                },
                (exchange, content) -> { // less than the file has
                    exchange.getResponseHeaders().set("Content-Range", "bytes " + (content.length - 5) + "-*/*");
                    exchange.sendResponseHeaders(206, 2);
                    exchange.getResponseBody().write(content, content.length - 5, 2);
                });
        assertThat(Files.readAllBytes(hub().model(TINY).path().resolve(WEIGHTS)))
                .isEqualTo(weights);
        assertThat(server.seen("store", "GET"))
                .extracting(Seen::range)
                .containsExactly("null", "bytes=" + (SIZE - 5) + "-", "bytes=" + (SIZE - 3) + "-");
    }

    @ParameterizedTest
    @ValueSource(ints = {-7, 7})
    void aHubThatNamesAnotherSizeThanItSendsIsGivenUp(int by) {
        byte[] weights = noise();
        server.fail(
                "HEAD " + WEIGHTS,
                (exchange, content) -> HubServer.status(
                                302,
                                "X-Linked-Etag",
                                HubServer.etag(weights, true),
                                "X-Linked-Size",
                                Integer.toString(SIZE + by),
                                "Location",
                                "http://127.0.0.1:9/")
                        .answer(exchange, content));
        assertThatThrownBy(() -> hub().model(TINY))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining("failed when model.safetensors was fetched (it ");
        assertThat(repository().resolve("blobs/" + HubServer.etag(weights, true)))
                .doesNotExist();
    }

    @Test
    void busyAndBrokenHubsAreWaitedFor() {
        noise();
        server.fail("api", HubServer.status(500), HubServer.status(503, "Retry-After", "0"));
        server.fail("HEAD config.json", HubServer.status(502));
        server.fail(WEIGHTS, HubServer.status(429, "Retry-After", "1"));
        long start = System.nanoTime();
        hub().model(TINY);
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThan(Duration.ofSeconds(1));
        server.fail("api", HubServer.status(500), HubServer.status(500), HubServer.status(500), HubServer.status(500));
        assertThatThrownBy(() -> hub().model(Path.of("org/other")))
                .hasMessage("org/other: there is no such folder here, and the cache " + home.resolve("hub")
                        + " has no such model either; the hub at " + server.endpoint()
                        + " cannot be asked (it answered 500).");
        server.fail("api", HubServer.status(429, "Retry-After", "3600"));
        assertThatThrownBy(() -> hub().model(Path.of("org/other")))
                .hasMessageContaining("cannot be asked (it answered 429, and asks to wait 3600 s)");
    }

    @Test
    void aConnectionThatFallsSilentIsGivenUpAndTakenUp() throws IOException {
        byte[] weights = noise();
        server.fail(WEIGHTS, (exchange, content) -> {
            exchange.sendResponseHeaders(200, content.length);
            exchange.getResponseBody().write(content, 0, 20_000);
            exchange.getResponseBody().flush();
            sleep(4000);
        });
        assertThat(Files.readAllBytes(hub().model(TINY).path().resolve(WEIGHTS)))
                .isEqualTo(weights);
        assertThat(server.seen("store", "GET")).extracting(Seen::range).containsExactly("null", "bytes=20000-");
    }

    private static void sleep(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "org/none | does not have a model of that name, or does not show it: check the name, and set HF_TOKEN if it is private.",
                "org/tiny@v9 | has org/tiny, but no revision 'v9' of it."
            })
    void aWrongIdIsOneSentenceWithBothReadings(String id, String sentence) {
        noise();
        assertThatThrownBy(() -> hub().model(Path.of(id)))
                .isInstanceOf(PlumbException.class)
                .hasMessage(
                        id + ": there is no such folder here, and the hub at " + server.endpoint() + " " + sentence);
    }

    @Test
    void refusalsSayWhatToDo() {
        noise();
        server.fail("api", HubServer.status(403, "X-Error-Code", "GatedRepo"));
        assertThatThrownBy(() -> hub().model(TINY))
                .hasMessageEndingWith(
                        "shows a model of that name only to those who were granted access: ask for it on its"
                                + " page, and set HF_TOKEN.");
        server.fail("HEAD config.json", HubServer.status(403));
        assertThatThrownBy(() -> hub().model(TINY))
                .hasMessageContaining("shows the file config.json of it only to those who were granted access");
        server.fail("api", (exchange, content) -> {
            exchange.sendResponseHeaders(200, 6);
            exchange.getResponseBody().write("<html>".getBytes(StandardCharsets.US_ASCII));
        });
        assertThatThrownBy(() -> hub().model(TINY))
                .hasMessageContaining("cannot be asked (it does not answer as a hub does; check HF_ENDPOINT)");
        assertThatThrownBy(() -> hub("HF_ENDPOINT", "hub.invalid").model(TINY))
                .hasMessageStartingWith("HF_ENDPOINT is not the address of a hub");
        server.put("models/org/pickled", "config.json", "{}").put("models/org/pickled", "pytorch_model.bin", "");
        assertThatThrownBy(() -> hub().model(Path.of("org/pickled")))
                .hasMessage(
                        "org/pickled holds neither model.safetensors nor model.safetensors.index.json, only weights in a"
                                + " format that can run code; look for a revision with safetensors, and name it as in"
                                + " org/pickled@refs/pr/1.");
        server.put("models/org/adapter", "adapter_config.json", "{}");
        assertThatThrownBy(() -> hub().model(Path.of("org/adapter")))
                .hasMessage("org/adapter holds an adapter, not a model; name its base model here.");
        assertThat(server.seen("hub", "HEAD")).noneMatch(one -> one.path().contains("pickled"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"../x.json", "/x.json", "a/../../x.json", "a//x.json", "a\\x.json", "c:x.json", "a/."})
    void namesThatLeadOutOfTheCacheAreRefused(String name) {
        server.put("models/org/evil", "config.json", "{}").put("models/org/evil", name, "{}");
        assertThatThrownBy(() -> hub().model(Path.of("org/evil")))
                .hasMessageContaining("it lists a file by a name that no file can have");
    }

    @Test
    void withoutAnAddressOrNetworkTheCacheIsUsedIfItIsWhole() throws IOException {
        String[] offline = {"HF_HUB_OFFLINE", "1"};
        String none = "org/tiny: there is no such folder here, and the cache " + home.resolve("hub")
                + " has no such model either; ";
        assertThatThrownBy(() -> hub("HF_ENDPOINT", "").model(TINY))
                .isInstanceOf(PlumbException.class)
                .hasMessage(none + "to fetch it from a hub, set HF_ENDPOINT to the hub's address.");
        assertThatThrownBy(() -> hub(offline).model(TINY))
                .hasMessage(none + "HF_HUB_OFFLINE forbids to fetch it: unset it.");
        noise();
        server.put("models/org/tiny", "tokenizer.json", "{}");
        Path folder = hub().model(TINY).path();
        int asked = server.seen.size();
        assertThat(hub(offline).model(TINY).path()).isEqualTo(folder);
        assertThat(hub("HF_ENDPOINT", "").model(TINY).path()).isEqualTo(folder);
        assertThat(server.seen).hasSize(asked);
        Hub gone = hub("HF_ENDPOINT", "http://127.0.0.1:1"); // a port that nobody listens on
        assertThat(gone.model(TINY).path()).isEqualTo(folder);
        assertThat(told())
                .contains("the hub at http://127.0.0.1:1 cannot be asked")
                .contains("org/tiny is taken from the cache, commit " + HubServer.COMMIT);
        Files.delete(folder.resolve("tokenizer.json"));
        Files.delete(folder.resolve(WEIGHTS));
        assertThatThrownBy(() -> hub(offline).model(TINY))
                .hasMessageContaining("does not hold tokenizer.json; HF_HUB_OFFLINE forbids to fetch it");
    }

    @Test
    void aSnapshotOfAnotherToolIsUsedIfItIsAModel() throws IOException {
        Path snapshot = repository().resolve("snapshots/" + HubServer.COMMIT);
        Files.createDirectories(snapshot);
        Files.createDirectories(repository().resolve("refs"));
        Files.writeString(repository().resolve("refs/main"), HubServer.COMMIT);
        Files.writeString(snapshot.resolve("config.json"), "{}");
        assertThatThrownBy(() -> hub("HF_ENDPOINT", "").model(TINY))
                .hasMessageContaining("does not hold all of it; to fetch it from a hub, set HF_ENDPOINT");
        Files.writeString(snapshot.resolve(WEIGHTS), "");
        assertThat(hub("HF_ENDPOINT", "").model(TINY).path()).isEqualTo(snapshot);
    }

    @Test
    void aPinnedRevisionIsTheCommitThatItWas() {
        noise();
        Hub.Found first = hub().model(TINY);
        server.move("f".repeat(40));
        Hub.Found pinned = hub().pinned(List.of(first.origin().orElseThrow())).model(TINY);
        assertThat(pinned).isEqualTo(new Hub.Found(first.paths(), pinned.origin()));
        assertThat(pinned.origin().orElseThrow().commit()).isEqualTo(HubServer.COMMIT);
        assertThat(hub().model(TINY).origin().orElseThrow().commit()).isEqualTo(server.commit());
    }

    @Test
    void pathsArePaths() throws IOException {
        Path here = Files.createDirectories(home.resolve("org/tiny"));
        for (Path path : List.of(here, Path.of("my-model"), Path.of("runs/dpo/final"), Path.of("./org/tiny"))) {
            assertThat(hub().model(path)).isEqualTo(new Hub.Found(List.of(path), Optional.empty()));
        }
        for (String path : List.of("rows.jsonl", "data/rows.jsonl", "data/rows.csv.gz", "a/b/c", "../org/name")) {
            assertThat(hub().data(Path.of(path), false).paths()).containsExactly(Path.of(path));
        }
        assertThat(server.seen).isEmpty();
    }

    @Test
    void aBranchWithASlashIsOneSegmentOfTheAddress() {
        noise();
        assertThat(hub().model(Path.of("org/tiny@refs/pr/1"))
                        .origin()
                        .orElseThrow()
                        .revision())
                .isEqualTo("refs/pr/1");
        assertThat(server.seen.get(0).path()).isEqualTo("/api/models/org/tiny/revision/refs%2Fpr%2F1");
        assertThat(repository().resolve("refs/refs/pr/1")).hasContent(HubServer.COMMIT);
    }

    @Test
    void dataAreTheSetThatIsMeant() throws IOException {
        server.put("datasets/org/pairs", "README.md", "words")
                .put("datasets/org/pairs", "dataset_infos.json", "{}")
                .put("datasets/org/pairs", "data/train-00000-of-00002.parquet", "one")
                .put("datasets/org/pairs", "data/train-00001-of-00002.parquet", "two")
                .put("datasets/org/pairs", "data/test-00000-of-00001.parquet", "three");
        Path snapshot = home.resolve("hub/datasets--org--pairs/snapshots/" + HubServer.COMMIT);
        Hub.Found train = hub().data(Path.of("org/pairs"), false);
        assertThat(train.paths())
                .containsExactly(
                        snapshot.resolve("data/train-00000-of-00002.parquet"),
                        snapshot.resolve("data/train-00001-of-00002.parquet"));
        assertThat(Files.readString(train.paths().get(1))).isEqualTo("two");
        assertThat(train.origin()).hasValue(new HubOrigin("dataset", "org/pairs", "main", HubServer.COMMIT));
        assertThat(server.seen("hub", "GET").get(0).path()).isEqualTo("/api/datasets/org/pairs/revision/main");
        assertThat(hub().data(Path.of("org/pairs"), true).paths())
                .containsExactly(snapshot.resolve("data/test-00000-of-00001.parquet"));
        assertThat(hub().data(Path.of("org/pairs@v1/data/test.parquet"), false).paths())
                .containsExactly(snapshot.resolve("data/test-00000-of-00001.parquet"));
        Files.delete(snapshot.resolve("data/train-00001-of-00002.parquet"));
        assertThatThrownBy(() -> hub("HF_ENDPOINT", "").data(Path.of("org/pairs"), false))
                .hasMessageStartingWith("org/pairs: there is no such file here, and the cache ")
                .hasMessageContaining("does not hold data/train-00001-of-00002.parquet; to fetch it from a hub");
    }

    @Test
    void twoThreadsFetchAFileOnce() throws Exception {
        byte[] weights = noise();
        server.pauseMillis = 10;
        List<Callable<Path>> both = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            both.add(() -> hub().model(TINY).path());
        }
        ExecutorService threads = Executors.newFixedThreadPool(2);
        for (Future<Path> folder : threads.invokeAll(both)) {
            assertThat(Files.readAllBytes(folder.get().resolve(WEIGHTS))).isEqualTo(weights);
        }
        threads.shutdown();
        assertThat(server.sent(WEIGHTS)).isEqualTo(SIZE);
    }

    @Test
    void twoProcessesFetchAFileOnce() throws Exception {
        byte[] weights = noise();
        server.pauseMillis = 100; // 2 seconds, in which both are under way
        List<Process> both = List.of(process(), process());
        for (Process process : both) {
            assertThat(process.waitFor()).isZero();
        }
        assertThat(Files.readAllBytes(repository().resolve("blobs/" + HubServer.etag(weights, true))))
                .isEqualTo(weights);
        assertThat(server.sent(WEIGHTS)).isEqualTo(SIZE);
        assertThat(Files.readString(home.resolve("told")))
                .contains("another process fetches it; waiting")
                .containsOnlyOnce(HubProgress.size(SIZE));
    }

    @Test
    void aProcessThatIsKilledLeavesWhatItHad() throws Exception {
        byte[] weights = noise();
        server.pauseMillis = 100;
        Process process = process();
        while (!Files.exists(part(weights)) || Files.size(part(weights)) < 50_000) {
            assertThat(process.isAlive()).isTrue();
            Thread.sleep(10);
        }
        process.destroyForcibly().waitFor();
        long had = Files.size(part(weights));
        long before = server.sent(WEIGHTS);
        server.pauseMillis = 0;
        Thread.sleep(300); // the server notices
        before = Math.max(before, server.sent(WEIGHTS));
        assertThat(Files.readAllBytes(hub().model(TINY).path().resolve(WEIGHTS)))
                .isEqualTo(weights);
        assertThat(server.sent(WEIGHTS) - before).isEqualTo(SIZE - had);
    }

    private Process process() throws IOException {
        ProcessBuilder builder = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                HubProcess.class.getName());
        List.of("HF_HUB_CACHE", "HF_HUB_OFFLINE", "HF_TOKEN").forEach(builder.environment()::remove);
        builder.environment().putAll(Map.of("HF_ENDPOINT", server.endpoint(), "HF_HOME", home.toString()));
        return builder.redirectErrorStream(true)
                .redirectOutput(
                        ProcessBuilder.Redirect.appendTo(home.resolve("told").toFile()))
                .start();
    }

    /** Fetches the model in a process of its own. */
    static final class HubProcess {
        private HubProcess() {}

        public static void main(String[] args) {
            Hub.ofEnvironment().model(TINY);
        }
    }

    private static List<String> names(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
