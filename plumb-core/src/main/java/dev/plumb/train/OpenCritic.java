package dev.plumb.train;

import dev.plumb.hub.Checkpoint;
import java.nio.file.Path;
import java.util.Optional;

/** The value function of a method that has one, with weights of its own. */
final class OpenCritic implements AutoCloseable {
    private final Optional<Checkpoint> model;

    private OpenCritic(Optional<Checkpoint> model) {
        this.model = model;
    }

    /** Makes it of the reward model that is named, or of the policy as it was loaded. */
    static OpenCritic of(OnlineJob job, Checkpoint policy) {
        return new OpenCritic(job.critic().map(settings -> {
            Path folder = settings.valueModel().orElse(policy.folder());
            return Checkpoint.loadForScoring(
                    folder,
                    Optional.of(policy.decoder().weights().dtype()),
                    policy.decoder().device(),
                    job.run().seed(),
                    1);
        }));
    }

    Optional<Critic> critic() {
        return model.map(one -> new Critic(one.decoder()));
    }

    @Override
    public void close() {
        model.ifPresent(Checkpoint::close);
    }
}
