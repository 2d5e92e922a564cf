package dev.plumb.train;

import dev.plumb.config.Setting;
import java.nio.file.Path;
import java.util.Optional;

/**
 * How the value function of PPO learns.
 *
 * @param valueModel what it starts from
 * @param vfBackboneGrad whether it is a head on the policy's states, and how much of its gradient goes on into these
 * @param criticLearningRate its learning rate after warm-up
 * @param criticWarmupSteps rollouts from which it learns alone
 */
public record CriticSettings(
        @Setting(
                doc =
                        "What the value function starts from: best the reward model, which knows what is worth something; the"
                                + " policy with a fresh head if not given. It has weights of its own; with use_peft an adapter"
                                + " and a head of its own, on value_model's weights or, without it, on those that policy and"
                                + " reference share.",
                source = "arXiv 2203.02155")
        Optional<Path> valueModel,

        @Setting(
                doc =
                        "Makes the value function a head on the policy's own states, which saves its weights and its passes, and"
                                + " lets its gradient go on into the policy times this: 0 only reads the states, 1 lets it shape them"
                                + " as much as the policy's own loss. If not given, it has weights of its own.",
                min = 0,
                max = 1,
                source = "arXiv 1707.06347, equation 9")
        Optional<Double> vfBackboneGrad,

        @Setting(
                doc = "Its learning rate after warm-up; about ten times that for an adapter.",
                byDefault = "5e-6",
                min = 0,
                aboveMin = true,
                source = "arXiv 2203.02155 and OpenRLHF: 9e-6")
        double criticLearningRate,

        @Setting(
                doc = "Rollouts from which the value function learns alone, before the policy does.",
                byDefault = "0",
                min = 0)
        int criticWarmupSteps) {
    /** Refuses a model for what has none. */
    public CriticSettings {
        if (valueModel.isPresent() && vfBackboneGrad.isPresent()) {
            throw new IllegalArgumentException(
                    "vf_backbone_grad makes the value function a head on the policy's states, which"
                            + " has no value_model to start from: leave one of them out");
        }
    }
}
