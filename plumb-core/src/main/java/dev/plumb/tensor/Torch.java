package dev.plumb.tensor;

import org.bytedeco.pytorch.global.torch;

/** What holds for the whole process: threads, seeds, the versions of the native libraries. */
public final class Torch {
    private Torch() {}

    /**
     * Sets how many threads an operation may use. Results are bit-for-bit repeatable only for one and the same number.
     *
     * @param threads at least 1
     */
    public static void threads(int threads) {
        torch.set_num_threads(threads);
    }

    /**
     * How many threads an operation may use.
     *
     * @return threads
     */
    public static int threads() {
        return torch.get_num_threads();
    }

    /**
     * Seeds libtorch's default generators.
     *
     * @param seed any number
     */
    public static void seed(long seed) {
        torch.manual_seed(seed);
    }

    /**
     * The version of the libtorch binding.
     *
     * @return such as 2.10.0-1.5.13
     */
    public static String version() {
        String version = torch.class.getPackage().getImplementationVersion();
        return version == null ? "unknown" : version;
    }

    /**
     * Which library does the matrix products.
     *
     * @return the name that the launcher chose, such as mkl_rt
     */
    public static String blas() {
        return System.getProperty("org.bytedeco.openblas.load", "openblas");
    }
}
