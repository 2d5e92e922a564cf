package dev.plumb.tensor;

import dev.plumb.config.PlumbException;
import org.bytedeco.pytorch.global.torch;

/** Where tensors live and operations run. */
public enum Device {
    /** Main memory and the processor's cores. */
    CPU("cpu"),
    /** The first NVIDIA GPU that the process sees. */
    CUDA("cuda");

    final String name;

    Device(String name) {
        this.name = name;
    }

    /**
     * Finds the device that a user named.
     *
     * @param name {@code auto}, {@code cpu} or {@code cuda}; auto takes a GPU if there is one
     * @return the device
     * @throws PlumbException if a GPU is asked for and none can be used
     */
    public static Device named(String name) {
        return switch (name) {
            case "cpu" -> CPU;
            case "cuda" -> {
                if (!torch.cuda_is_available()) {
                    throw new PlumbException("device: cuda was asked for, but no usable GPU was found; "
                            + "build with -Pgpu on a machine with an NVIDIA driver, or say device=cpu.");
                }
                yield CUDA;
            }
            case "auto" -> torch.cuda_is_available() ? CUDA : CPU;
            default -> throw new PlumbException("device: '" + name + "' is not one of auto, cpu, cuda.");
        };
    }

    org.bytedeco.pytorch.Device handle() {
        return new org.bytedeco.pytorch.Device(name);
    }
}
