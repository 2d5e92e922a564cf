package dev.plumb.train;

import dev.plumb.config.Inline;
import dev.plumb.config.Setting;
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
import java.util.Optional;

/** All settings of a run that learns from what the policy itself writes. */
public sealed interface OnlineJob extends Job {
    /**
     * How the policy writes.
     *
     * @return the settings, with what was not given
     */
    OnlineSettings online();

    /**
     * What completions are rewarded for.
     *
     * @return the settings
     */
    Rewards rewards();

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

    @Override
    default RowKind rows() {
        return RowKind.PROMPT;
    }

    @Override
    default Pace pace() {
        return online().pace(optimisation().rowsPerStep());
    }

    private static OnlineSettings settled(
            RunSettings run,
            Optimisation optimisation,
            OnlineSettings online,
            ReferenceSettings reference,
            PolicyObjective objective) {
        online.pace(optimisation.rowsPerStep());
        if (online.generations() < objective.smallestGroup()) {
            throw new IllegalArgumentException("num_generations must be at least " + objective.smallestGroup()
                    + ": an answer is judged by the others to its prompt");
        }
        if (online.dynamicSampling() && online.generations() < 2) {
            throw new IllegalArgumentException("dynamic_sampling keeps prompts whose answers differ in reward, and"
                    + " num_generations: 1 gives one answer each: leave it out or raise num_generations");
        }
        if (objective.onPolicyOnly() && online.steps() > 1) {
            throw new IllegalArgumentException(
                    "this loss has no ratio of the policy to the one that wrote, so a rollout"
                            + " can be learnt from in one step only: set num_iterations and num_mini_batches to 1");
        }
        if (reference.precomputeRefLogProbs()) {
            throw new IllegalArgumentException(
                    "precompute_ref_log_probs asks the reference once, before the first step,"
                            + " but what this method learns from is written anew at each; leave it out");
        }
        reference.requireFits(run);
        return online;
    }

    /**
     * Group-relative policy optimisation.
     *
     * @param run what every run has
     * @param optimisation how weights are updated
     * @param learningRate the learning rate after warm-up
     * @param numTrainEpochs how often the prompts are gone through
     * @param online how the policy writes
     * @param rewards what completions are rewarded for
     * @param reference how the reference is kept
     * @param grpo the objective
     */
    record GrpoJob(
            @Inline RunSettings run,
            @Inline Optimisation optimisation,

            @Setting(
                    doc = "Learning rate after warm-up; about ten times that for an adapter.",
                    byDefault = "1e-6",
                    min = 0,
                    aboveMin = true,
                    source = "arXiv 2402.03300; TRL")
            double learningRate,

            @Setting(doc = "How often the prompts are gone through.", byDefault = "1.0", min = 0, aboveMin = true)
            double numTrainEpochs,

            @Inline OnlineSettings online,
            @Inline Rewards rewards,
            @Inline ReferenceSettings reference,
            @Inline GrpoConfig grpo)
            implements OnlineJob {
        /** Settles what is not given and checks what single ranges cannot. */
        public GrpoJob {
            online = OnlineJob.settled(run, optimisation, online.or(8, 1), reference, new Grpo(grpo));
        }

        @Override
        public PolicyObjective policy() {
            return new Grpo(grpo);
        }
    }

    /**
     * REINFORCE leave-one-out.
     *
     * @param run what every run has
     * @param optimisation how weights are updated
     * @param learningRate the learning rate after warm-up
     * @param numTrainEpochs how often the prompts are gone through
     * @param online how the policy writes
     * @param rewards what completions are rewarded for
     * @param reference how the reference is kept
     * @param rloo the objective
     */
    record RlooJob(
            @Inline RunSettings run,
            @Inline Optimisation optimisation,

            @Setting(
                    doc = "Learning rate after warm-up; about ten times that for an adapter.",
                    byDefault = "1e-6",
                    min = 0,
                    aboveMin = true,
                    source = "TRL")
            double learningRate,

            @Setting(doc = "How often the prompts are gone through.", byDefault = "1.0", min = 0, aboveMin = true)
            double numTrainEpochs,

            @Inline OnlineSettings online,
            @Inline Rewards rewards,
            @Inline ReferenceSettings reference,
            @Inline Rloo.Config rloo)
            implements OnlineJob {
        /** Settles what is not given and checks what single ranges cannot. */
        public RlooJob {
            online = OnlineJob.settled(run, optimisation, online.or(4, 1), reference, new Rloo(rloo));
        }

        @Override
        public PolicyObjective policy() {
            return new Rloo(rloo);
        }
    }

    /**
     * REINFORCE with a moving baseline.
     *
     * @param run what every run has
     * @param optimisation how weights are updated
     * @param learningRate the learning rate after warm-up
     * @param numTrainEpochs how often the prompts are gone through
     * @param online how the policy writes
     * @param rewards what completions are rewarded for
     * @param reference how the reference is kept
     * @param reinforce the objective
     */
    record ReinforceJob(
            @Inline RunSettings run,
            @Inline Optimisation optimisation,

            @Setting(
                    doc = "Learning rate after warm-up; about ten times that for an adapter.",
                    byDefault = "1e-6",
                    min = 0,
                    aboveMin = true,
                    source = "as for grpo")
            double learningRate,

            @Setting(doc = "How often the prompts are gone through.", byDefault = "1.0", min = 0, aboveMin = true)
            double numTrainEpochs,

            @Inline OnlineSettings online,
            @Inline Rewards rewards,
            @Inline ReferenceSettings reference,
            @Inline Reinforce.Config reinforce)
            implements OnlineJob {
        /** Settles what is not given and checks what single ranges cannot. */
        public ReinforceJob {
            online = OnlineJob.settled(run, optimisation, online.or(1, 1), reference, new Reinforce(reinforce));
        }

        @Override
        public PolicyObjective policy() {
            return new Reinforce(reinforce);
        }
    }

    /**
     * REINFORCE++.
     *
     * @param run what every run has
     * @param optimisation how weights are updated
     * @param learningRate the learning rate after warm-up
     * @param numTrainEpochs how often the prompts are gone through
     * @param online how the policy writes
     * @param rewards what completions are rewarded for
     * @param reference how the reference is kept
     * @param reinforcePlusPlus the objective
     */
    record ReinforcePlusPlusJob(
            @Inline RunSettings run,
            @Inline Optimisation optimisation,

            @Setting(
                    doc = "Learning rate after warm-up; about ten times that for an adapter.",
                    byDefault = "1e-6",
                    min = 0,
                    aboveMin = true,
                    source = "as for grpo")
            double learningRate,

            @Setting(doc = "How often the prompts are gone through.", byDefault = "1.0", min = 0, aboveMin = true)
            double numTrainEpochs,

            @Inline OnlineSettings online,
            @Inline Rewards rewards,
            @Inline ReferenceSettings reference,
            @Inline ReinforcePlusPlus.Config reinforcePlusPlus)
            implements OnlineJob {
        /** Settles what is not given and checks what single ranges cannot. */
        public ReinforcePlusPlusJob {
            online = OnlineJob.settled(
                    run,
                    optimisation,
                    online.or(reinforcePlusPlus.variant() == ReinforcePlusPlus.Variant.BASELINE ? 4 : 1, 1),
                    reference,
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
     * @param run what every run has
     * @param optimisation how weights are updated
     * @param learningRate the learning rate after warm-up
     * @param numTrainEpochs how often the prompts are gone through
     * @param online how the policy writes
     * @param rewards what completions are rewarded for
     * @param reference how the reference is kept
     * @param remax the objective
     */
    record ReMaxJob(
            @Inline RunSettings run,
            @Inline Optimisation optimisation,

            @Setting(
                    doc = "Learning rate after warm-up; about ten times that for an adapter.",
                    byDefault = "1e-6",
                    min = 0,
                    aboveMin = true,
                    source = "arXiv 2310.10505")
            double learningRate,

            @Setting(doc = "How often the prompts are gone through.", byDefault = "1.0", min = 0, aboveMin = true)
            double numTrainEpochs,

            @Inline OnlineSettings online,
            @Inline Rewards rewards,
            @Inline ReferenceSettings reference,
            @Inline ReMax.Config remax)
            implements OnlineJob {
        /** Settles what is not given and checks what single ranges cannot. */
        public ReMaxJob {
            online = OnlineJob.settled(run, optimisation, online.or(1, 1), reference, new ReMax(remax));
        }

        @Override
        public PolicyObjective policy() {
            return new ReMax(remax);
        }
    }

    /**
     * Proximal policy optimisation.
     *
     * @param run what every run has
     * @param optimisation how weights are updated
     * @param learningRate the learning rate after warm-up
     * @param numTrainEpochs how often the prompts are gone through
     * @param valueFunction how the value function learns
     * @param online how the policy writes
     * @param rewards what completions are rewarded for
     * @param reference how the reference is kept
     * @param ppo the objective
     */
    record PpoJob(
            @Inline RunSettings run,
            @Inline Optimisation optimisation,

            @Setting(
                    doc = "Learning rate after warm-up; about ten times that for an adapter.",
                    byDefault = "1e-6",
                    min = 0,
                    aboveMin = true,
                    source = "arXiv 2203.02155; OpenRLHF")
            double learningRate,

            @Setting(doc = "How often the prompts are gone through.", byDefault = "1.0", min = 0, aboveMin = true)
            double numTrainEpochs,

            @Inline CriticSettings valueFunction,

            @Inline OnlineSettings online,
            @Inline Rewards rewards,
            @Inline ReferenceSettings reference,
            @Inline PpoConfig ppo)
            implements OnlineJob {
        /** Settles what is not given and checks what single ranges cannot. */
        public PpoJob {
            online = OnlineJob.settled(run, optimisation, online.or(1, 4), reference, new Ppo(ppo));
        }

        @Override
        public PolicyObjective policy() {
            return new Ppo(ppo);
        }

        @Override
        public Optional<CriticSettings> critic() {
            return Optional.of(valueFunction);
        }
    }

    /**
     * Online DPO; of rollouts of many prompts, iterative DPO.
     *
     * @param run what every run has
     * @param optimisation how weights are updated
     * @param learningRate the learning rate after warm-up
     * @param numTrainEpochs how often the prompts are gone through
     * @param online how the policy writes
     * @param rewards what completions are rewarded for
     * @param reference how the reference is kept
     * @param onlineDpo the objective
     */
    record OnlineDpoJob(
            @Inline RunSettings run,
            @Inline Optimisation optimisation,

            @Setting(
                    doc = "Learning rate after warm-up; about ten times that for an adapter.",
                    byDefault = "5e-7",
                    min = 0,
                    aboveMin = true,
                    source = "TRL")
            double learningRate,

            @Setting(doc = "How often the prompts are gone through.", byDefault = "1.0", min = 0, aboveMin = true)
            double numTrainEpochs,

            @Inline OnlineSettings online,
            @Inline Rewards rewards,
            @Inline ReferenceSettings reference,
            @Inline OnlineDpo.Config onlineDpo)
            implements OnlineJob {
        /** Settles what is not given and checks what single ranges cannot. */
        public OnlineDpoJob {
            online = OnlineJob.settled(run, optimisation, online.or(2, 1), reference, new OnlineDpo(onlineDpo));
        }

        @Override
        public PolicyObjective policy() {
            return new OnlineDpo(onlineDpo);
        }
    }

    /**
     * Rejection-sampling fine-tuning.
     *
     * @param run what every run has
     * @param optimisation how weights are updated
     * @param learningRate the learning rate after warm-up
     * @param numTrainEpochs how often the prompts are gone through
     * @param online how the policy writes
     * @param rewards what completions are rewarded for
     * @param reference how the reference is kept
     * @param raft the objective
     */
    record RaftJob(
            @Inline RunSettings run,
            @Inline Optimisation optimisation,

            @Setting(
                    doc = "Learning rate after warm-up; about ten times that for an adapter.",
                    byDefault = "1e-5",
                    min = 0,
                    aboveMin = true,
                    source = "Llama 3, arXiv 2407.21783")
            double learningRate,

            @Setting(doc = "How often the prompts are gone through.", byDefault = "1.0", min = 0, aboveMin = true)
            double numTrainEpochs,

            @Inline OnlineSettings online,
            @Inline Rewards rewards,
            @Inline ReferenceSettings reference,
            @Inline Raft.Config raft)
            implements OnlineJob {
        /** Settles what is not given and checks what single ranges cannot. */
        public RaftJob {
            online = OnlineJob.settled(run, optimisation, online.or(8, 1), reference, new Raft(raft));
        }

        @Override
        public PolicyObjective policy() {
            return new Raft(raft);
        }
    }
}
