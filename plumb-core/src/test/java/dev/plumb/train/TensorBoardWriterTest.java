package dev.plumb.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TensorBoardWriterTest {
    private static final Clock CLOCK = Clock.fixed(Instant.ofEpochMilli(1_700_000_000_500L), ZoneOffset.UTC);

    @TempDir
    Path folder;

    @Test
    void startsLikeEveryEventFile() throws IOException {
        TensorBoardWriter.open(folder, OptionalLong.empty(), CLOCK).close();
        byte[] file = Files.readAllBytes(files().get(0));
        // The first 12 bytes of any event file that TensorFlow writes: length 24 and its masked CRC.
        assertThat(HexFormat.of().formatHex(file, 0, 12)).isEqualTo("1800000000000000a37f4b22");
    }

    @Test
    void checksumIsCastagnoliMasked() {
        byte[] digits = "123456789".getBytes(StandardCharsets.US_ASCII);
        // CRC-32C of the digits is e3069283, the check value of the CRC catalogues.
        assertThat(TensorBoardWriter.maskedCrc(digits, 9)).isEqualTo(mask(0xe3069283));
        assertThat(bitwiseCrc(digits)).isEqualTo(0xe3069283);
    }

    @Test
    void scalarsAndTextComeBack() throws IOException {
        Map<String, Double> values = new LinkedHashMap<>();
        values.put("rewards/margins", 0.1);
        values.put("loss", Double.NaN);
        try (TensorBoardWriter writer = TensorBoardWriter.open(folder, OptionalLong.empty(), CLOCK)) {
            writer.scalars(300, MetricsLog.Split.TRAIN, values);
            writer.text(5, "config", "beta: \u03b2");
        }
        List<Map<Integer, List<Object>>> events = events(files().get(0));
        assertThat(events).hasSize(3);
        assertThat(events.get(0).get(1)).containsExactly(1_700_000_000.5);
        assertThat(text(events.get(0), 3)).isEqualTo("brain.Event:2");

        assertThat(events.get(1).get(2)).containsExactly(300L);
        List<Object> summary = message(events.get(1), 5).get(1);
        assertThat(summary).hasSize(2);
        assertThat(text(fields((byte[]) summary.get(0)), 1)).isEqualTo("train/rewards/margins");
        assertThat(fields((byte[]) summary.get(0)).get(2)).containsExactly(0.1f);
        assertThat(text(fields((byte[]) summary.get(1)), 1)).isEqualTo("train/loss");
        assertThat(fields((byte[]) summary.get(1)).get(2)).containsExactly(Float.NaN);

        Map<Integer, List<Object>> value = message(message(events.get(2), 5), 1);
        assertThat(text(value, 1)).isEqualTo("config/text_summary");
        assertThat(text(message(message(value, 9), 1), 1)).isEqualTo("text");
        assertThat(text(message(value, 8), 8)).isEqualTo("beta: \u03b2");
        assertThat(message(value, 8).get(1)).containsExactly(7L);
    }

    @Test
    void aResumedRunTellsWhatToDiscardInAFileThatIsReadLater() throws IOException {
        TensorBoardWriter.open(folder, OptionalLong.empty(), CLOCK).close();
        TensorBoardWriter.open(folder, OptionalLong.of(40), CLOCK).close();
        assertThat(files().get(0).getFileName().toString()).contains(".1700000000.");
        assertThat(files().get(1).getFileName().toString()).contains(".1700000001.");
        assertThat(events(files().get(0))).hasSize(1);
        Map<Integer, List<Object>> start = events(files().get(1)).get(1);
        assertThat(start.get(2)).containsExactly(41L);
        assertThat(message(start, 7).get(1)).containsExactly(1L);
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.sorted().toList();
        }
    }

    /** Reads an event file by the format's description, with its own checksum. */
    private static List<Map<Integer, List<Object>>> events(Path file) throws IOException {
        ByteBuffer in = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        List<Map<Integer, List<Object>>> events = new ArrayList<>();
        while (in.hasRemaining()) {
            byte[] length = new byte[8];
            in.get(length);
            assertThat(in.getInt()).isEqualTo(mask(bitwiseCrc(length)));
            byte[] message = new byte
                    [(int) ByteBuffer.wrap(length)
                            .order(ByteOrder.LITTLE_ENDIAN)
                            .getLong()];
            in.get(message);
            assertThat(in.getInt()).isEqualTo(mask(bitwiseCrc(message)));
            events.add(fields(message));
        }
        return events;
    }

    private static Map<Integer, List<Object>> fields(byte[] message) {
        ByteBuffer in = ByteBuffer.wrap(message).order(ByteOrder.LITTLE_ENDIAN);
        Map<Integer, List<Object>> fields = new LinkedHashMap<>();
        while (in.hasRemaining()) {
            long key = varint(in);
            Object value = switch ((int) (key & 7)) {
                case 0 -> varint(in);
                case 1 -> in.getDouble();
                case 5 -> in.getFloat();
                default -> {
                    byte[] bytes = new byte[(int) varint(in)];
                    in.get(bytes);
                    yield bytes;
                }
            };
            fields.computeIfAbsent((int) (key >> 3), k -> new ArrayList<>()).add(value);
        }
        return fields;
    }

    private static long varint(ByteBuffer in) {
        long value = 0;
        for (int shift = 0; ; shift += 7) {
            byte b = in.get();
            value |= (long) (b & 0x7f) << shift;
            if (b >= 0) {
                return value;
            }
        }
    }

    private static Map<Integer, List<Object>> message(Map<Integer, List<Object>> fields, int field) {
        return fields((byte[]) fields.get(field).get(0));
    }

    private static String text(Map<Integer, List<Object>> fields, int field) {
        return new String((byte[]) fields.get(field).get(0), StandardCharsets.UTF_8);
    }

    private static int bitwiseCrc(byte[] bytes) {
        int crc = -1;
        for (byte b : bytes) {
            crc ^= b & 0xff;
            for (int bit = 0; bit < 8; bit++) {
                crc = crc >>> 1 ^ ((crc & 1) != 0 ? 0x82f63b78 : 0);
            }
        }
        return ~crc;
    }

    private static int mask(int crc) {
        return (crc >>> 15 | crc << 17) + 0xa282ead8;
    }
}
