package dev.plumb.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.plumb.config.PlumbException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenStoreTest {
    @TempDir
    private Path folder;

    private static TokenSequence sequence(SplittableRandom random) {
        int length = random.nextInt(1, 200);
        boolean[] trained = new boolean[length];
        for (int i = 1; i < length; i++) {
            trained[i] = random.nextInt(3) > 0;
        }
        return new TokenSequence(random.ints(length, 0, 300_000).toArray(), trained);
    }

    private static TokenPair pair(SplittableRandom random) {
        return new TokenPair(
                random.ints(random.nextInt(1, 90), 0, 300_000).toArray(),
                random.ints(random.nextInt(1, 90), 0, 300_000).toArray(),
                random.ints(random.nextInt(1, 90), 0, 300_000).toArray());
    }

    private static Example example(int row) {
        SplittableRandom random = new SplittableRandom(row);
        return row % 2 == 0 ? sequence(random) : pair(random);
    }

    private static void same(Example actual, Example expected) {
        assertThat(actual).usingRecursiveComparison().isEqualTo(expected);
    }

    @Test
    void rowsComeBackInAnyOrder() {
        try (TokenStore.Writer writer = new TokenStore.Writer(folder, "train")) {
            for (int row = 0; row < 500; row++) {
                writer.add(new RowId(row < 250 ? "a.jsonl" : "b.jsonl", row + 1L), example(row));
            }
            try (TokenStore store = writer.finish()) {
                assertThat(store.size()).isEqualTo(500);
                for (int row = 499; row >= 0; row--) {
                    same(store.get(row), example(row));
                    assertThat(store.id(row)).isEqualTo(new RowId(row < 250 ? "a.jsonl" : "b.jsonl", row + 1L));
                    assertThat(store.tokens(row)).isEqualTo(example(row).tokens());
                }
                assertThatThrownBy(() -> store.get(500)).isInstanceOf(IndexOutOfBoundsException.class);
                IntStream.range(0, 500).parallel().forEach(row -> same(store.get(row), example(row)));
            }
        }
    }

    @Test
    void rowsLargerThanTheBufferFit() {
        int[] ids = IntStream.range(0, 300_000).toArray();
        boolean[] trained = new boolean[ids.length];
        Arrays.fill(trained, 1, ids.length, true);
        try (TokenStore.Writer writer = new TokenStore.Writer(folder, "train")) {
            writer.add(new RowId("a", 1), new TokenSequence(ids, trained));
            writer.add(new RowId("a", 2), new TokenPair(ids, ids, ids));
            try (TokenStore store = writer.finish()) {
                same(store.get(1), new TokenPair(ids, ids, ids));
                same(store.get(0), new TokenSequence(ids, trained));
            }
        }
    }

    @Test
    void aStoreMayBeLargerThanTheReachOfAnInt() {
        try (TokenStore.Writer writer = new TokenStore.Writer(folder, "train", 5L << 30)) {
            writer.add(new RowId("a", 1), example(0));
            writer.add(new RowId("a", 1L << 40), example(1));
            try (TokenStore store = writer.finish()) {
                same(store.get(0), example(0));
                same(store.get(1), example(1));
                assertThat(store.id(1).line()).isEqualTo(1L << 40);
            }
        }
    }

    @Test
    void closingLeavesNothingBehind() throws IOException {
        Files.writeString(folder.resolve("train.tokens"), "left by a run that was killed");
        try (TokenStore.Writer writer = new TokenStore.Writer(folder, "train")) {
            writer.add(new RowId("a", 1), example(0));
            try (TokenStore store = writer.finish()) {
                same(store.get(0), example(0));
            }
        }
        new TokenStore.Writer(folder, "eval").close();
        try (var left = Files.list(folder)) {
            assertThat(left).isEmpty();
        }
    }

    @Test
    void aFolderThatCannotBeWrittenIsNamed() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "");
        assertThatThrownBy(() -> new TokenStore.Writer(file.resolve("below"), "train"))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining("train.tokens")
                .hasMessageContaining("cannot be written");
    }

    @Test
    void impossibleRowsAreRefused() {
        assertThatThrownBy(() -> new TokenSequence(new int[] {1}, new boolean[] {true}))
                .hasMessageContaining("first token");
        assertThatThrownBy(() -> new TokenSequence(new int[] {1, 2}, new boolean[1]))
                .hasMessageContaining("mask");
        assertThatThrownBy(() -> new TokenPair(new int[0], new int[1], new int[1]))
                .hasMessageContaining("at least one token");
    }
}
