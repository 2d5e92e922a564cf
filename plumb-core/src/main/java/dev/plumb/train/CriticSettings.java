package dev.plumb.train;

import dev.plumb.config.Setting;
import java.nio.file.Path;
import java.util.Optional;

/**
 * How the value function of PPO learns.
 *
 * @param valueModel what it starts from
 * @param criticLearningRate its learning rate after warm-up
 * @param criticWarmupSteps rollouts from which it learns alone
 */
public record CriticSettings(
        @Setting(
                doc =
                        "What the value function starts from: best the reward model, which knows what is worth something; the"
                                + " policy with a fresh head if not given.",
                source = "arXiv 2203.02155")
        Optional<Path> valueModel,

        @Setting(
                doc = "Its learning rate after warm-up.",
                byDefault = "5e-6",
                min = 0,
                aboveMin = true,
                source = "arXiv 2203.02155 and OpenRLHF: 9e-6")
        double criticLearningRate,

        @Setting(
                doc = "Rollouts from which the value function learns alone, before the policy does.",
                byDefault = "0",
                min = 0)
        int criticWarmupSteps) {}
