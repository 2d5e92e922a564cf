package dev.plumb.tensor;

import org.bytedeco.pytorch.global.torch.ScalarType;

/** Element types that Plumb computes with or reads from files. */
public enum DType {
    /** 32-bit float. */
    FLOAT32(ScalarType.Float, 4),
    /** 64-bit float. */
    FLOAT64(ScalarType.Double, 8),
    /** 16-bit float with the exponent range of 32 bits. */
    BFLOAT16(ScalarType.BFloat16, 2),
    /** IEEE 16-bit float. */
    FLOAT16(ScalarType.Half, 2),
    /** 64-bit integer. */
    INT64(ScalarType.Long, 8),
    /** 32-bit integer. */
    INT32(ScalarType.Int, 4),
    /** One byte, 0 or 1. */
    BOOL(ScalarType.Bool, 1);

    final ScalarType torch;
    private final int bytes;

    DType(ScalarType torch, int bytes) {
        this.torch = torch;
        this.bytes = bytes;
    }

    /**
     * Size of one element.
     *
     * @return bytes
     */
    public int bytes() {
        return bytes;
    }

    /**
     * Whether values have a fraction.
     *
     * @return true for the four float types
     */
    public boolean isFloat() {
        return ordinal() <= FLOAT16.ordinal();
    }

    static DType of(ScalarType torch) {
        for (DType type : values()) {
            if (type.torch.value == torch.value) {
                return type;
            }
        }
        throw new IllegalArgumentException("no such element type here: " + torch);
    }
}
