package dev.plumb.recipe;

import dev.plumb.train.Job;
import dev.plumb.train.RunLayout;
import java.nio.file.Path;
import java.util.Optional;

/** One stage of a recipe, with all its settings. */
public sealed interface Stage {
    /**
     * What other stages call it.
     *
     * @return a name that no other stage has
     */
    String name();

    /**
     * Where it writes.
     *
     * @return the folder
     */
    Path folder();

    /**
     * What it makes for later stages.
     *
     * @return a model's folder, or a file of rows
     */
    Path product();

    /**
     * A training run.
     *
     * @param name what other stages call it
     * @param job its settings
     * @param rehearsal the same with the models that the recipe begins with in place of those that are not there yet; empty if
     *     its rows are not there yet
     * @param begins the model that the chain of stages up to this one began with
     */
    record Run(String name, Job job, Optional<Job> rehearsal, Path begins) implements Stage {
        @Override
        public Path folder() {
            return job.run().folder();
        }

        @Override
        public Path product() {
            return new RunLayout(folder()).finalModel();
        }
    }

    /**
     * Answers that are drawn and kept if they are good.
     *
     * @param name what other stages call it
     * @param settings how
     * @param rehearsal the same with the models that the recipe begins with
     */
    record Sampling(String name, RejectionSampling settings, RejectionSampling rehearsal) implements Stage {
        @Override
        public Path folder() {
            return settings.output();
        }

        @Override
        public Path product() {
            return settings.rows();
        }
    }
}
