package dev.plumb.train;

import dev.plumb.config.PlumbException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.Instant;
import java.util.Map;
import java.util.OptionalLong;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

/**
 * A TensorBoard event file. Its records are the length as 8 bytes, a masked CRC32C of these, a message, and a masked
 * CRC32C of that, all little-endian (TensorFlow, {@code tensorflow/core/lib/io/record_writer.cc}); the messages are
 * protobuf {@code Event}s (TensorBoard, {@code tensorboard/compat/proto/event.proto}), of which these few fields are
 * written by hand.
 */
final class TensorBoardWriter implements AutoCloseable {
    private static final String PREFIX = "events.out.tfevents.";
    private static final int STRING_TYPE = 7; // DT_STRING

    private final Path file;
    private final OutputStream out;
    private final Clock clock;

    private TensorBoardWriter(Path file, OutputStream out, Clock clock) {
        this.file = file;
        this.out = out;
        this.clock = clock;
    }

    /**
     * Starts a new event file beside those that may be there.
     *
     * @param folder the folder of event files, created if it is not there
     * @param resumedStep the step of the checkpoint that a resumed run goes on from: TensorBoard then discards what
     *     earlier files say of later steps
     */
    static TensorBoardWriter open(Path folder, OptionalLong resumedStep, Clock clock) {
        try {
            Files.createDirectories(folder);
            // TensorBoard reads the files in the order of their names, which begin with the second of their start.
            long second = Math.max(clock.instant().getEpochSecond(), newest(folder) + 1);
            Path file = folder.resolve(
                    PREFIX + second + ".plumb." + ProcessHandle.current().pid());
            OutputStream out = Files.newOutputStream(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
            TensorBoardWriter writer = new TensorBoardWriter(file, out, clock);
            writer.event(0, new Message().bytes(3, "brain.Event:2"));
            if (resumedStep.isPresent()) {
                Message start = new Message().varint(1, 1); // SessionLog.status = START
                writer.event(resumedStep.getAsLong() + 1, new Message().bytes(7, start));
            }
            return writer;
        } catch (IOException e) {
            throw new PlumbException(
                    "No event file can be written to " + folder + " (" + RunFolder.reason(e) + ").", e);
        }
    }

    /** Writes numbers under {@code split/name}; those that are not finite are written as they are. */
    void scalars(long step, MetricsLog.Split split, Map<String, Double> values) {
        Message summary = new Message();
        values.forEach((name, value) -> summary.bytes(
                1, new Message().bytes(1, split.text() + "/" + name).float32(2, value.floatValue())));
        event(step, new Message().bytes(5, summary));
    }

    /** Writes a text, shown as Markdown. */
    void text(long step, String tag, String text) {
        Message plugin = new Message().bytes(1, new Message().bytes(1, "text"));
        Message shape = new Message().bytes(2, new Message().varint(1, 1)); // one dimension of size 1
        Message tensor = new Message().varint(1, STRING_TYPE).bytes(2, shape).bytes(8, text);
        Message value =
                new Message().bytes(1, tag + "/text_summary").bytes(9, plugin).bytes(8, tensor);
        event(step, new Message().bytes(5, new Message().bytes(1, value)));
    }

    @Override
    public void close() {
        try {
            out.close();
        } catch (IOException e) {
            throw new PlumbException(file + " cannot be closed (" + RunFolder.reason(e) + ").", e);
        }
    }

    private void event(long step, Message body) {
        Instant now = clock.instant();
        byte[] event = new Message()
                .float64(1, now.getEpochSecond() + now.getNano() * 1e-9)
                .step(step)
                .append(body)
                .toByteArray();
        ByteBuffer record = ByteBuffer.allocate(16 + event.length).order(ByteOrder.LITTLE_ENDIAN);
        record.putLong(event.length).putInt(maskedCrc(record.array(), 8));
        record.put(event).putInt(maskedCrc(event, event.length));
        try {
            out.write(record.array());
        } catch (IOException e) {
            throw new PlumbException(
                    file + " cannot be written (" + RunFolder.reason(e)
                            + "): mend this and go on from the last checkpoint with `--resume`.",
                    e);
        }
    }

    /** The CRC32C of the first bytes, rotated and shifted so that the CRC of data holding CRCs stays sound. */
    static int maskedCrc(byte[] bytes, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, length);
        return Integer.rotateRight((int) crc.getValue(), 15) + 0xa282ead8;
    }

    private static long newest(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.matches("events\\.out\\.tfevents\\.\\d{1,18}\\..*"))
                    .mapToLong(
                            name -> Long.parseLong(name.substring(PREFIX.length(), name.indexOf('.', PREFIX.length()))))
                    .max()
                    .orElse(0);
        }
    }

    /** A protobuf message under construction: fields are written in the order of the calls. */
    private static final class Message {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream();

        Message varint(int field, long value) {
            raw((long) field << 3);
            raw(value);
            return this;
        }

        /** {@code Event.step}; zero is the default and is left out. */
        Message step(long step) {
            return step == 0 ? this : varint(2, step);
        }

        Message float64(int field, double value) {
            raw((long) field << 3 | 1);
            out.writeBytes(ByteBuffer.allocate(8)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putDouble(value)
                    .array());
            return this;
        }

        Message float32(int field, float value) {
            raw((long) field << 3 | 5);
            out.writeBytes(ByteBuffer.allocate(4)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putFloat(value)
                    .array());
            return this;
        }

        Message bytes(int field, String text) {
            return bytes(field, text.getBytes(StandardCharsets.UTF_8));
        }

        Message bytes(int field, Message message) {
            return bytes(field, message.toByteArray());
        }

        Message append(Message more) {
            out.writeBytes(more.toByteArray());
            return this;
        }

        byte[] toByteArray() {
            return out.toByteArray();
        }

        private Message bytes(int field, byte[] bytes) {
            raw((long) field << 3 | 2);
            raw(bytes.length);
            out.writeBytes(bytes);
            return this;
        }

        private void raw(long value) {
            long rest = value;
            while ((rest & ~0x7fL) != 0) {
                out.write((int) (rest & 0x7f | 0x80));
                rest >>>= 7;
            }
            out.write((int) rest);
        }
    }
}
