package dev.plumb.train;

import dev.plumb.config.Inline;
import dev.plumb.config.Setting;
import dev.plumb.data.DataConfig;
import dev.plumb.data.RowKind;
import dev.plumb.objective.Grpo;
import dev.plumb.objective.GrpoConfig;
import dev.plumb.objective.OnlineDpo;
import dev.plumb.objective.PolicyObjective;
import dev.plumb.objective.Ppo;
import dev.plumb.objective.PpoConfig;
import dev.plumb.objective.Raft;
import dev.plumb.objective.ReMax;
import dev.plumb.objective.Reinforce;
import dev.plumb.objective.ReinforcePlusPlus;
import dev.plumb.objective.Rloo;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** All settings of a run that learns from what the policy itself writes. */
public sealed interface OnlineJob extends Job {
    /**
     * What all methods of this kind have.
     *
     * @return the settings, with what was not given
     */
    OnlineRun common();

    /**
     * What it learns by.
     *
     * @return the objective
     */
    PolicyObjective policy();

    /**
     * How the value function learns.
     *
     * @return the settings; empty for methods without one
     */
    default Optional<CriticSettings> critic() {
        return Optional.empty();
    }

    /**
     * What compares completions in place of rewards.
     *
     * @return the settings; empty where rewards say what they are worth
     */
    default Optional<JudgeSettings> judge() {
        return Optional.empty();
    }

    /**
     * How the policy writes.
     *
     * @return the settings, with what was not given
     */
    default OnlineSettings online() {
        return common().online();
    }

    /**
     * What completions are rewarded for.
     *
     * @return the settings
     */
    default Rewards rewards() {
        return common().rewards();
    }

    /**
     * What is learnt beside what completions earn.
     *
     * @return the settings
     */
    default PtxSettings ptx() {
        return common().ptx();
    }

    @Override
    default Optional<DataConfig> ptxData() {
        return ptx().ptxData();
    }

    @Override
    default Map<String, List<Path>> otherModels() {
        Map<String, List<Path>> models = new LinkedHashMap<>(rewards().folders());
        critic().flatMap(CriticSettings::valueModel).ifPresent(folder -> models.put("value_model", List.of(folder)));
        judge().map(JudgeSettings::model).ifPresent(folder -> models.put("judge", List.of(folder)));
        return models;
    }

    @Override
    default RunSettings run() {
        return common().run();
    }

    @Override
    default Optimisation optimisation() {
        return common().optimisation();
    }

    @Override
    default double numTrainEpochs() {
        return common().numTrainEpochs();
    }

    @Override
    default ReferenceSettings reference() {
        return common().reference();
    }

    @Override
    default RowKind rows() {
        return RowKind.PROMPT;
    }

    @Override
    default Pace pace() {
        return online().pace(optimisation().rowsPerStep());
    }

    /**
     * Group-relative policy optimisation.
     *
     * @param common what all have
     * @param learningRate the learning rate after warm-up
     * @param grpo the objective
     */
    record GrpoJob(
            @Inline OnlineRun common,

            @Setting(
                    doc = "Learning rate after warm-up; about ten times that for an adapter.",
                    byDefault = "1e-6",
                    min = 0,
                    aboveMin = true,
                    source = "arXiv 2402.03300; TRL")
            double learningRate,

            @Inline GrpoConfig grpo)
            implements OnlineJob {
        /** Settles what is not given. */
        public GrpoJob {
            common = common.settled(8, 1, new Grpo(grpo));
        }

        @Override
        public PolicyObjective policy() {
            return new Grpo(grpo);
        }
    }

    /**
     * REINFORCE leave-one-out.
     *
     * @param common what all have
     * @param learningRate the learning rate after warm-up
     * @param rloo the objective
     */
    record RlooJob(
            @Inline OnlineRun common,

            @Setting(
                    doc = "Learning rate after warm-up; about ten times that for an adapter.",
                    byDefault = "1e-6",
                    min = 0,
                    aboveMin = true,
                    source = "TRL")
            double learningRate,

            @Inline Rloo.Config rloo)
            implements OnlineJob {
        /** Settles what is not given. */
        public RlooJob {
            common = common.settled(4, 1, new Rloo(rloo));
        }

        @Override
        public PolicyObjective policy() {
            return new Rloo(rloo);
        }
    }

    /**
     * REINFORCE with a moving baseline.
     *
     * @param common what all have
     * @param learningRate the learning rate after warm-up
     * @param reinforce the objective
     */
    record ReinforceJob(
            @Inline OnlineRun common,

            @Setting(
                    doc = "Learning rate after warm-up; about ten times that for an adapter.",
                    byDefault = "1e-6",
                    min = 0,
                    aboveMin = true,
                    source = "as for grpo")
            double learningRate,

            @Inline Reinforce.Config reinforce)
            implements OnlineJob {
        /** Settles what is not given. */
        public ReinforceJob {
            common = common.settled(1, 1, new Reinforce(reinforce));
        }

        @Override
        public PolicyObjective policy() {
            return new Reinforce(reinforce);
        }
    }

    /**
     * REINFORCE++.
     *
     * @param common what all have
     * @param learningRate the learning rate after warm-up
     * @param reinforcePlusPlus the objective
     */
    record ReinforcePlusPlusJob(
            @Inline OnlineRun common,

            @Setting(
                    doc = "Learning rate after warm-up; about ten times that for an adapter.",
                    byDefault = "1e-6",
                    min = 0,
                    aboveMin = true,
                    source = "as for grpo")
            double learningRate,

            @Inline ReinforcePlusPlus.Config reinforcePlusPlus)
            implements OnlineJob {
        /** Settles what is not given. */
        public ReinforcePlusPlusJob {
            common = common.settled(
                    reinforcePlusPlus.variant() == ReinforcePlusPlus.Variant.BASELINE ? 4 : 1,
                    1,
                    new ReinforcePlusPlus(reinforcePlusPlus));
        }

        @Override
        public PolicyObjective policy() {
            return new ReinforcePlusPlus(reinforcePlusPlus);
        }
    }

    /**
     * ReMax.
     *
     * @param common what all have
     * @param learningRate the learning rate after warm-up
     * @param remax the objective
     */
    record ReMaxJob(
            @Inline OnlineRun common,

            @Setting(
                    doc = "Learning rate after warm-up; about ten times that for an adapter.",
                    byDefault = "1e-6",
                    min = 0,
                    aboveMin = true,
                    source = "arXiv 2310.10505")
            double learningRate,

            @Inline ReMax.Config remax)
            implements OnlineJob {
        /** Settles what is not given. */
        public ReMaxJob {
            common = common.settled(1, 1, new ReMax(remax));
        }

        @Override
        public PolicyObjective policy() {
            return new ReMax(remax);
        }
    }

    /**
     * Proximal policy optimisation.
     *
     * @param common what all have
     * @param learningRate the learning rate after warm-up
     * @param valueFunction how the value function learns
     * @param ppo the objective
     */
    record PpoJob(
            @Inline OnlineRun common,

            @Setting(
                    doc = "Learning rate after warm-up; about ten times that for an adapter.",
                    byDefault = "1e-6",
                    min = 0,
                    aboveMin = true,
                    source = "arXiv 2203.02155; OpenRLHF")
            double learningRate,

            @Inline CriticSettings valueFunction,
            @Inline PpoConfig ppo)
            implements OnlineJob {
        /** Settles what is not given. */
        public PpoJob {
            common = common.settled(1, 4, new Ppo(ppo));
            if (ppo.variant() == PpoConfig.Variant.SEED
                    && common.ptx().ptxData().isPresent()) {
                throw new IllegalArgumentException(
                        "variant: seed has no ptx_data beside its rewards: leave it out, or use" + " variant: paper");
            }
        }

        @Override
        public PolicyObjective policy() {
            return new Ppo(ppo);
        }

        @Override
        public Optional<CriticSettings> critic() {
            return Optional.of(valueFunction);
        }

        @Override
        public Optional<String> departure() {
            return ppo.variant() == PpoConfig.Variant.PAPER
                    ? Optional.empty()
                    : Optional.of(
                            "variant: seed differs from the papers: an answer has one ratio, one value and one advantage,"
                                    + " which is not whitened, and the value loss has neither ½ nor a bound.");
        }
    }

    /**
     * Online DPO; of rollouts of many prompts, iterative DPO.
     *
     * @param common what all have
     * @param learningRate the learning rate after warm-up
     * @param onlineDpo the objective
     * @param judge what compares answers in place of rewards
     */
    record OnlineDpoJob(
            @Inline OnlineRun common,

            @Setting(
                    doc = "Learning rate after warm-up; about ten times that for an adapter.",
                    byDefault = "5e-7",
                    min = 0,
                    aboveMin = true,
                    source = "TRL")
            double learningRate,

            @Inline OnlineDpo.Config onlineDpo,

            @Setting(
                    doc = "A language model that is asked which of two answers is better, in place of rewards. Each two"
                            + " answers to a prompt are compared in both orders, so n answers cost n (n - 1) questions;"
                            + " an answer's score is the share of its comparisons that it wins, a tie counting half. Rewards"
                            + " may stand beside it with weight 0: they are then only measured.",
                    source = "arXiv 2402.04792; TRL")
            Optional<JudgeSettings> judge)
            implements OnlineJob {
        /** Settles what is not given. */
        public OnlineDpoJob {
            OnlineDpo objective = new OnlineDpo(onlineDpo);
            if (judge.isEmpty() && common.rewards().isEmpty()) {
                throw new IllegalArgumentException("nothing says which answers are better: name a function, as in"
                        + " reward_funcs: [accuracy], a model that scores, as in reward_models: [runs/reward/final], or a"
                        + " language model that compares them, as in judge: my-judge");
            }
            if (judge.isPresent() && (onlineDpo.missingEosPenalty() > 0 || onlineDpo.minMargin() > 0)) {
                throw new IllegalArgumentException(
                        "missing_eos_penalty and min_margin are on the scale of rewards, and a"
                                + " judge gives none: leave them out; mask_truncated_completions: true keeps answers without an"
                                + " end out of pairs");
            }
            common = judge.isPresent() ? common.judged(2, 1, objective) : common.settled(2, 1, objective);
        }

        @Override
        public PolicyObjective policy() {
            return new OnlineDpo(onlineDpo);
        }
    }

    /**
     * Rejection-sampling fine-tuning.
     *
     * @param common what all have
     * @param learningRate the learning rate after warm-up
     * @param raft the objective
     */
    record RaftJob(
            @Inline OnlineRun common,

            @Setting(
                    doc = "Learning rate after warm-up; about ten times that for an adapter.",
                    byDefault = "1e-5",
                    min = 0,
                    aboveMin = true,
                    source = "Llama 3, arXiv 2407.21783")
            double learningRate,

            @Inline Raft.Config raft)
            implements OnlineJob {
        /** Settles what is not given. */
        public RaftJob {
            common = common.settled(8, 1, new Raft(raft));
        }

        @Override
        public PolicyObjective policy() {
            return new Raft(raft);
        }
    }
}
