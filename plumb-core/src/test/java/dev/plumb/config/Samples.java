package dev.plumb.config;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.assertj.core.api.Assertions;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/** Records of the shape that real methods have. */
final class Samples {
    private Samples() {}

    enum LossType {
        SIGMOID,
        HINGE,
        ROBUST_SIGMOID
    }

    enum OnBadRow {
        ERROR,
        DROP
    }

    @Shorthand("path")
    record FileSpec(
            @Setting(doc = "A file of rows. It may be compressed.")
            Path path,

            @Setting(doc = "How often its rows are drawn.", byDefault = "1.0", min = 0, aboveMin = true)
            double weight) {}

    @Shorthand("files")
    record Data(
            @Setting(doc = "Where the rows are.") List<FileSpec> files,
            @Setting(doc = "Names of columns.") Map<String, String> columns,

            @Setting(doc = "What a bad row does.", byDefault = "error")
            OnBadRow onBadRow,

            @Setting(doc = "Variables for a template such as <|im_end|>.")
            Map<String, Object> variables) {
        Data {
            if (files.isEmpty()) {
                throw new PlumbException("no file is named");
            }
        }
    }

    record Optimizer(
            @Setting(doc = "Step size.", byDefault = "5e-6", min = 0, aboveMin = true, source = "TRL")
            double learningRate,

            @Setting(doc = "Decay.", byDefault = "0", min = 0, max = 1)
            double weightDecay,

            @Setting(doc = "Largest gradient norm; none means no clipping.", min = 0, aboveMin = true)
            Optional<Double> maxGradNorm) {}

    record Objective(
            @Setting(
                    doc = "How far the policy may go.\nSmaller is | farther.",
                    byDefault = "0.1",
                    min = 0,
                    aboveMin = true,
                    source = "Rafailov et al. 2023, eq. 7")
            double beta,

            @Setting(doc = "The losses that are summed.", byDefault = "sigmoid")
            List<LossType> lossType,

            @Setting(doc = "Share of swapped pairs.", byDefault = "0.0", min = 0, max = 0.5, belowMax = true)
            double labelSmoothing) {
        Objective {
            if (labelSmoothing > 0 && lossType.contains(LossType.HINGE)) {
                throw new IllegalArgumentException("label_smoothing has no meaning\nwith loss_type hinge");
            }
        }
    }

    record Adapter(
            @Setting(doc = "Its rank.", byDefault = "16", min = 1)
            int rank,

            @Setting(doc = "Its scale.") double scale) {}

    record Job(
            @Setting(doc = "Where the checkpoint is.") Path model,
            @Setting(doc = "What is trained on.") Data data,
            @Inline Optimizer optimizer,
            @Inline Objective objective,
            @Setting(doc = "Low-rank adapter.") Optional<Adapter> adapter,

            @Setting(doc = "Passes over the data.", byDefault = "1", min = 1)
            int numTrainEpochs,

            @Setting(doc = "Seed of everything random.", byDefault = "42")
            long seed,

            @Setting(doc = "Whether prompts are shared.", byDefault = "true")
            boolean sharePrompts,

            @Setting(doc = "A line for the report.", byDefault = "''")
            String note) {}

    /** A job of the text, which gets the keys that every job needs. */
    static Job job(String yaml, String... overrides) {
        return Binder.bind(
                Job.class,
                YamlSource.text("dpo.yaml", "model: m\ndata: a.jsonl\n" + yaml).with(List.of(overrides)));
    }

    /** The lines of the fault that an action ends in. */
    static List<String> faults(ThrowingCallable action) {
        PlumbException fault = Assertions.catchThrowableOfType(PlumbException.class, action);
        Assertions.assertThat(fault).isNotNull();
        return fault.getMessage().lines().toList();
    }

    static List<String> faults(String yaml, String... overrides) {
        return faults(
                () -> Binder.bind(Job.class, YamlSource.text("dpo.yaml", yaml).with(List.of(overrides))));
    }
}
