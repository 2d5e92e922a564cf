package dev.plumb.train;

import dev.plumb.tensor.DType;
import dev.plumb.tensor.Device;

/** Number format of the weights. */
public enum Precision {
    /** 32 bits on a CPU, bfloat16 on a GPU. */
    AUTO,
    /** 32 bits. */
    FLOAT32,
    /** bfloat16, with master copies of 32 bits in the optimiser. */
    BFLOAT16;

    /**
     * The type of weights.
     *
     * @param device where they are
     * @return the type; AUTO is decided by the device
     */
    public DType on(Device device) {
        return switch (this) {
            case FLOAT32 -> DType.FLOAT32;
            case BFLOAT16 -> DType.BFLOAT16;
            case AUTO -> device == Device.CPU ? DType.FLOAT32 : DType.BFLOAT16;
        };
    }
}
