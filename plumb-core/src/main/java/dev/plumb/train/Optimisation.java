package dev.plumb.train;

import dev.plumb.config.Setting;
import dev.plumb.tensor.Device;
import java.util.Optional;

/**
 * How weights are updated.
 *
 * @param perDeviceTrainBatchSize rows of a batch
 * @param gradientAccumulationSteps batches of a step
 * @param maxSteps steps of the run
 * @param lrSchedulerType how the learning rate changes
 * @param warmupSteps steps of warm-up
 * @param warmupRatio the same as a share of all steps
 * @param maxGradNorm clipping
 * @param weightDecay decay of matrices
 * @param adamBeta1 memory of the first moment
 * @param adamBeta2 memory of the second moment
 * @param adamEpsilon added to the root of the second moment
 * @param gradientCheckpointing layers computed again on the way back
 * @param microBatchTokens tokens of a forward pass
 * @param paddingFree no padding
 * @param sharePrompts prompts computed once
 */
public record Optimisation(
        @Setting(doc = "Rows of a batch.", byDefault = "8", min = 1, source = "TRL")
        int perDeviceTrainBatchSize,

        @Setting(
                doc = "Batches whose gradients add up to one step. Loss and gradient are those of one large batch.",
                byDefault = "1",
                min = 1,
                source = "TRL")
        int gradientAccumulationSteps,

        @Setting(doc = "Steps of the run, instead of num_train_epochs.", min = 1)
        Optional<Long> maxSteps,

        @Setting(
                doc = "How the learning rate changes after warm-up: constant, linear or cosine.",
                byDefault = "linear",
                source = "TRL")
        LrScheduler lrSchedulerType,

        @Setting(doc = "Steps over which the learning rate rises from 0.", byDefault = "0", min = 0, source = "TRL")
        long warmupSteps,

        @Setting(
                doc = "The same as a share of all steps, where warmup_steps is 0.",
                byDefault = "0.0",
                min = 0,
                max = 1)
        double warmupRatio,

        @Setting(
                doc = "Gradients longer than this are shortened to it; 0: never.",
                byDefault = "1.0",
                min = 0,
                source = "TRL")
        double maxGradNorm,

        @Setting(
                doc = "Decay of matrices a step, times the learning rate; norms and biases do not decay.",
                byDefault = "0.0",
                min = 0,
                source = "TRL; arXiv 1711.05101")
        double weightDecay,

        @Setting(
                doc = "Memory of the first moment.",
                byDefault = "0.9",
                min = 0,
                max = 1,
                belowMax = true,
                source = "TRL")
        double adamBeta1,

        @Setting(
                doc = "Memory of the second moment.",
                byDefault = "0.999",
                min = 0,
                max = 1,
                belowMax = true,
                source = "TRL")
        double adamBeta2,

        @Setting(
                doc = "Added to the root of the second moment.",
                byDefault = "1e-8",
                min = 0,
                aboveMin = true,
                source = "TRL")
        double adamEpsilon,

        @Setting(
                doc = "Computes layers again on the way back instead of keeping what they made: about a third more work"
                        + " for much less memory.",
                byDefault = "false",
                source = "arXiv 1604.06174")
        boolean gradientCheckpointing,

        @Setting(
                doc =
                        "A batch goes through the model in parts of about this many tokens; 512 on a CPU and 8192 on a GPU if not"
                                + " given. Smaller needs less memory; results do not depend on it.",
                min = 1,
                source = "measured, docs/performance.md")
        Optional<Integer> microBatchTokens,

        @Setting(
                doc = "Sequences side by side without padding, blind to each other. Results do not depend on it.",
                byDefault = "true",
                source = "TRL")
        boolean paddingFree,

        @Setting(
                doc = "A prompt that several completions share is computed once; needs padding_free. Results do not"
                        + " depend on it.",
                byDefault = "true")
        boolean sharePrompts) {

    Packing.Style style() {
        return !paddingFree ? Packing.Style.PADDED : sharePrompts ? Packing.Style.SHARED : Packing.Style.PACKED;
    }

    /** Tokens of one forward pass. */
    int tokensPerPass(Device device) {
        return microBatchTokens.orElse(device == Device.CPU ? 512 : 8192);
    }

    int rowsPerStep() {
        return perDeviceTrainBatchSize * gradientAccumulationSteps;
    }

    AdamW.Settings adam() {
        return new AdamW.Settings(adamBeta1, adamBeta2, adamEpsilon, weightDecay);
    }
}
