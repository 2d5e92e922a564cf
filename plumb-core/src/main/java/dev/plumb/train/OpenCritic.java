package dev.plumb.train;

import dev.plumb.hub.Checkpoint;
import dev.plumb.model.Adapter;
import dev.plumb.model.Decoder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The value function of a method that has one, and what of it is to be closed. */
final class OpenCritic implements AutoCloseable {
    private final Optional<Critic> critic;
    private final List<Runnable> closing;

    private OpenCritic(Optional<Critic> critic, List<Runnable> closing) {
        this.critic = critic;
        this.closing = closing;
    }

    /** Makes it of the reward model that is named, or of the policy as it was loaded, or on it. */
    static OpenCritic of(OnlineJob job, Checkpoint policy) {
        List<Runnable> closing = new ArrayList<>();
        try {
            return new OpenCritic(job.critic().map(settings -> open(settings, job.run(), policy, closing)), closing);
        } catch (RuntimeException e) {
            closing.forEach(Runnable::run);
            throw e;
        }
    }

    private static Critic open(CriticSettings settings, RunSettings run, Checkpoint policy, List<Runnable> closing) {
        if (settings.vfBackboneGrad().isPresent()) {
            return Critic.on(
                    beside(policy.decoder(), run, closing),
                    settings.vfBackboneGrad().get());
        }
        boolean adapts = run.adapter().usePeft();
        if (adapts && settings.valueModel().isEmpty()) {
            return Critic.of(adapted(beside(policy.decoder().withoutAdapter(), run, closing), run, closing));
        }
        Checkpoint own = Checkpoint.loadForScoring(
                settings.valueModel().orElse(policy.folder()),
                Optional.of(policy.decoder().weights().dtype()),
                policy.decoder().device(),
                run.seed(),
                1);
        closing.add(own::close);
        return Critic.of(adapts ? adapted(own.decoder(), run, closing) : own.decoder());
    }

    /** A model of one score on weights that are another's. */
    private static Decoder beside(Decoder policy, RunSettings run, List<Runnable> closing) {
        Decoder model = policy.scoring(run.seed());
        closing.add(() -> model.head().close());
        return model;
    }

    private static Decoder adapted(Decoder model, RunSettings run, List<Runnable> closing) {
        Adapter adapter = run.adapter().fresh(model, run.seed());
        closing.add(adapter::close);
        return model.with(adapter);
    }

    Optional<Critic> critic() {
        return critic;
    }

    @Override
    public void close() {
        closing.forEach(Runnable::run);
    }
}
