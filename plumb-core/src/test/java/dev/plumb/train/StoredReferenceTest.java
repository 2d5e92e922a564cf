package dev.plumb.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.plumb.config.PlumbException;
import dev.plumb.data.Stores;
import dev.plumb.data.TokenPair;
import dev.plumb.data.TokenStore;
import dev.plumb.model.Decoder;
import dev.plumb.model.Models;
import dev.plumb.model.Weights;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.Scope;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Log-probabilities that were stored are those that a frozen copy gives, and old ones are never met by mistake. */
class StoredReferenceTest {
    @TempDir
    private Path folder;

    private final Decoder decoder = new Decoder(
            Models.llama(60, 16, 2, 2, 1), Weights.random(Models.llama(60, 16, 2, 2, 1), 0.3, 1, Device.CPU));
    private final Policy model = new Policy(decoder, false);

    private static List<TokenPair> pairs(int rows) {
        Random random = new Random(2);
        List<TokenPair> pairs = new ArrayList<>();
        for (int row = 0; row < rows; row++) {
            pairs.add(new TokenPair(ids(random), ids(random), ids(random)));
        }
        return pairs;
    }

    private static Iterable<Part<TokenPair>> parts(TokenStore store) {
        return Part.pairs(store, store.rows(), 50, Packing.Style.SHARED);
    }

    private static int[] ids(Random random) {
        return random.ints(1 + random.nextInt(12), 0, 60).toArray();
    }

    @Test
    void storedNumbersAreThoseOfTheModelInAnyOrderOfRows() {
        try (TokenStore store = Stores.of(folder, pairs(20));
                StoredReference stored = new StoredReference(Device.CPU);
                Scope scope = Scope.open()) {
            stored.add(store, parts(store), model, "model", folder.resolve("cache"));
            for (List<Long> rows : List.of(List.of(3L, 17L, 0L), List.of(19L), List.of(5L, 4L, 6L, 11L))) {
                for (Part<TokenPair> part : Part.pairs(store, rows, 60, Packing.Style.PACKED)) {
                    double[] want = model.score(part.packing()).logps().toDoubles();
                    assertThat(stored.logps(part).toDoubles()).containsExactly(want, within(1e-4));
                }
            }
        }
    }

    @Test
    void aChangedModelOrRowGetsNumbersOfItsOwn() throws IOException {
        List<TokenPair> pairs = pairs(6);
        assertThat(filesAfter(pairs, "model")).isEqualTo(1);
        assertThat(filesAfter(pairs, "model")).isEqualTo(1);
        assertThat(filesAfter(pairs, "another model")).isEqualTo(2);
        TokenPair last = pairs.get(5);
        pairs.set(5, new TokenPair(last.prompt(), last.rejected(), last.chosen()));
        assertThat(filesAfter(pairs, "model")).isEqualTo(3);
        assertThat(filesAfter(pairs.subList(0, 5), "model")).isEqualTo(4);
    }

    private long filesAfter(List<TokenPair> pairs, String identity) throws IOException {
        Path cache = folder.resolve("cache");
        try (TokenStore store = Stores.of(folder, pairs);
                StoredReference stored = new StoredReference(Device.CPU)) {
            stored.add(store, parts(store), model, identity, cache);
        }
        try (Stream<Path> files = Files.list(cache)) {
            return files.count();
        }
    }

    @Test
    void aFileThatWasCutShortIsComputedAgain() throws IOException {
        List<TokenPair> pairs = pairs(6);
        filesAfter(pairs, "model");
        Path file = onlyFile();
        byte[] whole = Files.readAllBytes(file);
        Files.write(file, java.util.Arrays.copyOf(whole, whole.length - 4));
        assertThat(filesAfter(pairs, "model")).isEqualTo(1);
        assertThat(Files.readAllBytes(file)).isEqualTo(whole);
    }

    private Path onlyFile() throws IOException {
        try (Stream<Path> files = Files.list(folder.resolve("cache"))) {
            return files.findFirst().orElseThrow();
        }
    }

    @Test
    void aFileThatShrinksInUseIsAFaultAndNotZeros() throws IOException {
        try (TokenStore store = Stores.of(folder, pairs(6));
                StoredReference stored = new StoredReference(Device.CPU);
                Scope scope = Scope.open()) {
            stored.add(store, parts(store), model, "model", folder.resolve("cache"));
            Files.write(onlyFile(), new byte[4]);
            Part<TokenPair> part = Part.pairs(store, List.of(5L), 60, Packing.Style.SHARED)
                    .iterator()
                    .next();
            assertThatThrownBy(() -> stored.logps(part))
                    .isInstanceOf(PlumbException.class)
                    .hasMessageContaining("reference");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"use_peft: false", "use_peft: true", "use_peft: true, use_dora: true"})
    void aRunWithStoredNumbersIsTheRunWithAReferenceInMemory(String adapter) {
        TinyRun tiny = TinyRun.make(folder);
        List<String> settings = new ArrayList<>(List.of("max_steps: 12"));
        settings.addAll(List.of(adapter.split(", ")));
        RunLayout frozen = tiny.train("dpo", "frozen", settings.toArray(String[]::new));
        settings.add("precompute_ref_log_probs: true");
        TrainingProcess process = // one with a home of its own, where references are kept
                TrainingProcess.start(tiny.yaml("dpo", "stored", settings.toArray(String[]::new)), false);
        assertThat(process.end()).as(process.output()).isZero();
        RunLayout stored = tiny.layout("stored");
        List<MetricsLog.Entry> want = MetricsLog.read(frozen.metrics());
        List<MetricsLog.Entry> got = MetricsLog.read(stored.metrics());
        assertThat(got).hasSameSizeAs(want);
        for (int i = 0; i < want.size(); i++) {
            MetricsLog.Entry entry = got.get(i);
            want.get(i)
                    .values()
                    .forEach((name, value) -> assertThat(entry.values().get(name))
                            .as(name + " of step " + entry.step())
                            .isCloseTo(value, within(2e-4 * Math.max(1, Math.abs(value)))));
        }
        assertThat(TinyRun.distance(stored, frozen)).isLessThan(1e-4);
    }
}
