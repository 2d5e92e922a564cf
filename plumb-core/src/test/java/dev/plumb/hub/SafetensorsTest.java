package dev.plumb.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.plumb.config.PlumbException;
import dev.plumb.tensor.DType;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class SafetensorsTest {
    private static final Path GOLDENS = Path.of("src/test/resources/goldens/models");

    @TempDir
    private Path folder;

    @ParameterizedTest
    @EnumSource(DType.class)
    void valuesOfEveryTypeSurvive(DType type) {
        Path file = folder.resolve("x.safetensors");
        try (Scope scope = Scope.open()) {
            Tensor numbers = Tensor.of(new float[] {0, 1, 1, 0, 1, 0}, Device.CPU)
                    .reshape(2, 3)
                    .to(type);
            Safetensors.write(
                    file,
                    Map.of(
                            "numbers",
                            numbers,
                            "none",
                            Tensor.zeros(type, Device.CPU, 0, 4),
                            "one",
                            numbers.select(0, 0).select(0, 1)),
                    Optional.empty());
            try (Safetensors read = Safetensors.open(file)) {
                assertThat(read.names()).containsExactly("none", "numbers", "one");
                assertThat(read.metadata()).containsExactly(Map.entry("format", "pt"));
                assertThat(read.dtype("numbers")).contains(type);
                assertThat(read.shape("numbers")).containsExactly(2, 3);
                assertThat(read.read("numbers").toFloats()).containsExactly(0, 1, 1, 0, 1, 0);
                assertThat(read.read("none").shape()).containsExactly(0, 4);
                assertThat(read.read("one").shape()).isEmpty();
                assertThat(read.read("one").item()).isEqualTo(1);
            }
        }
    }

    @Test
    void filesAreThoseOfTheFormatsOwnLibrary() throws IOException {
        for (Path model : models()) {
            Path theirs = model.resolve("model.safetensors");
            Path ours = folder.resolve("again.safetensors");
            try (Scope scope = Scope.open();
                    Safetensors read = Safetensors.open(theirs)) {
                Map<String, Tensor> tensors = new LinkedHashMap<>();
                read.names().stream()
                        .sorted((a, b) -> b.compareTo(a))
                        .forEach(name -> tensors.put(name, read.read(name)));
                Safetensors.write(ours, tensors, Optional.empty());
            }
            assertThat(ours).hasSameBinaryContentAs(theirs);
        }
    }

    @Test
    void floatsAreConvertedAndDataAligned() throws IOException {
        Path file = folder.resolve("x.safetensors");
        try (Scope scope = Scope.open()) {
            Tensor thirds = Tensor.of(new float[] {1 / 3f, 2 / 3f, 1}, Device.CPU);
            Tensor transposed = Tensor.of(new float[] {1, 2, 3, 4, 5, 6}, Device.CPU)
                    .reshape(2, 3)
                    .transpose(0, 1);
            Tensor ids = Tensor.of(new long[] {7, 8}, Device.CPU);
            Safetensors.write(file, Map.of("a", thirds, "b", transposed, "ids", ids), Optional.of(DType.BFLOAT16));
            try (Safetensors read = Safetensors.open(file)) {
                assertThat(read.names()).containsExactly("ids", "a", "b");
                assertThat(read.dtype("a")).contains(DType.BFLOAT16);
                assertThat(read.dtype("ids")).contains(DType.INT64);
                assertThat(read.read("a").toFloats()).containsExactly(0.333984375f, 0.66796875f, 1);
                assertThat(read.read("b").toFloats()).containsExactly(1, 4, 2, 5, 3, 6);
                assertThat(read.read("ids").toLongs()).containsExactly(7, 8);
            }
        }
        long header = ByteBuffer.wrap(Files.readAllBytes(file))
                .order(ByteOrder.LITTLE_ENDIAN)
                .getLong();
        assertThat(header % 8).isZero();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}} | 4 | tensor 'w' ends at byte",
                "{\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}} | 12 | 4 bytes after the last tensor",
                "{\"w\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}} | 8 | tensor 'w' takes 8 bytes in the file, but F32 of shape [3] needs 12",
                "{\"w\":{\"dtype\":\"F99\",\"shape\":[2],\"data_offsets\":[0,8]}} | 8 | tensor 'w' has the unknown dtype 'F99'",
                "{\"w\":{\"shape\":[2],\"data_offsets\":[0,8]}} | 8 | tensor 'w' has the unknown dtype ''",
                "{\"w\":{\"dtype\":\"F32\",\"shape\":2,\"data_offsets\":[0,8]}} | 8 | tensor 'w' has no list 'shape'",
                "{\"w\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}} | 8 | tensor 'w' has -2 in 'shape'",
                "{\"w\":{\"dtype\":\"F32\",\"shape\":[4000000000,4000000000],\"data_offsets\":[0,8]}} | 8 | tensor 'w' has a shape of impossible size",
                "{\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}} | 8 | tensor 'w' has data_offsets [8,0]",
                "{\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,16]}} | 16 | tensor 'w' comes after a hole",
                "{\"v\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}} | 12 | tensor 'w' overlaps",
                "{\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}} | 8 | Duplicate field 'w'",
                "{\"w\": | 8 | its header is not valid JSON",
                "[1,2,3] | 8 | its header is not a JSON object",
            })
    void aLyingHeaderIsRefused(String header, int dataBytes, String message) throws IOException {
        Path file = write(header.getBytes(StandardCharsets.UTF_8).length, header, dataBytes);
        assertThatThrownBy(() -> Safetensors.open(file))
                .isInstanceOf(PlumbException.class)
                .hasMessageStartingWith(file + ": ")
                .hasMessageContaining(message)
                .hasMessageEndingWith(".");
    }

    @ParameterizedTest
    @CsvSource({
        "1000, only 10 follow",
        "4000000000000, so this is not a safetensors file",
        "-5, so this is not a safetensors file",
        "0, so this is not a safetensors file"
    })
    void aHeaderLengthBeyondTheFileIsRefused(long length, String message) throws IOException {
        Path file = write(length, "{}", 8);
        assertThatThrownBy(() -> Safetensors.open(file))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining(message);
    }

    @Test
    void filesThatAreNoneAreRefused() throws IOException {
        Path file = folder.resolve("short.safetensors");
        Files.write(file, new byte[3]);
        assertThatThrownBy(() -> Safetensors.open(file)).hasMessageContaining("has only 3 bytes");
        assertThatThrownBy(() -> Safetensors.open(folder.resolve("none.safetensors")))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining("there is no such file");
    }

    @Test
    void everyTruncationIsNoticed() throws IOException {
        byte[] whole = Files.readAllBytes(GOLDENS.resolve("qwen3_window/model.safetensors"));
        Path file = folder.resolve("cut.safetensors");
        for (int length = 0; length < whole.length; length += 997) {
            Files.write(file, java.util.Arrays.copyOf(whole, length));
            assertThatThrownBy(() -> Safetensors.open(file)).isInstanceOf(PlumbException.class);
        }
    }

    @Test
    void aTypeThatCannotBeReadIsNamedWhenItIsAskedFor() throws IOException {
        String header = "{\"w\":{\"dtype\":\"F8_E4M3\",\"shape\":[8],\"data_offsets\":[0,8]}}";
        Path file = write(header.length(), header, 8);
        try (Safetensors read = Safetensors.open(file)) {
            assertThat(read.dtype("w")).isEmpty();
            assertThatThrownBy(() -> read.read("w"))
                    .isInstanceOf(PlumbException.class)
                    .hasMessageContaining("tensor 'w' has the dtype F8_E4M3");
        }
    }

    private Path write(long headerLength, String header, int dataBytes) throws IOException {
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        ByteBuffer all = ByteBuffer.allocate(8 + json.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN);
        all.putLong(headerLength).put(json);
        return Files.write(folder.resolve("x.safetensors"), all.array());
    }

    private static List<Path> models() throws IOException {
        try (Stream<Path> all = Files.list(GOLDENS)) {
            return all.sorted().toList();
        }
    }
}
