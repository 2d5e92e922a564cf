package dev.plumb.text;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * Reads the fields of one protobuf message in their order in the file. After {@link #next} exactly one of the value
 * methods is called.
 *
 * <p>Source: Protocol Buffers, "Encoding".
 */
final class ProtobufReader {
    private final ByteBuffer in;
    private int wireType;

    ProtobufReader(byte[] content) {
        this(ByteBuffer.wrap(content));
    }

    private ProtobufReader(ByteBuffer in) {
        this.in = in.order(ByteOrder.LITTLE_ENDIAN);
    }

    /** The number of the next field; 0 at the end. A content that is no protobuf ends in a BufferUnderflowException. */
    int next() {
        if (!in.hasRemaining()) {
            return 0;
        }
        long tag = varint();
        wireType = (int) (tag & 7);
        long field = tag >>> 3;
        if (field < 1 || field > 0x1FFF_FFFF) {
            throw new BufferUnderflowException();
        }
        return (int) field;
    }

    long number() {
        expect(0);
        return varint();
    }

    float real() {
        expect(5);
        return in.getFloat();
    }

    byte[] bytes() {
        byte[] bytes = new byte[length()];
        in.get(bytes);
        return bytes;
    }

    String text() {
        return new String(bytes(), StandardCharsets.UTF_8);
    }

    ProtobufReader message() {
        int length = length();
        ProtobufReader message = new ProtobufReader(in.slice(in.position(), length));
        in.position(in.position() + length);
        return message;
    }

    void skip() {
        switch (wireType) {
            case 0 -> varint();
            case 1 -> in.getLong();
            case 2 -> message();
            case 5 -> in.getInt();
            default -> throw new BufferUnderflowException();
        }
    }

    private int length() {
        expect(2);
        long length = varint();
        if (length < 0 || length > in.remaining()) {
            throw new BufferUnderflowException();
        }
        return (int) length;
    }

    private void expect(int type) {
        if (wireType != type) {
            throw new BufferUnderflowException();
        }
    }

    private long varint() {
        long value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            byte part = in.get();
            value |= (part & 0x7FL) << shift;
            if (part >= 0) {
                return value;
            }
        }
        throw new BufferUnderflowException();
    }
}
