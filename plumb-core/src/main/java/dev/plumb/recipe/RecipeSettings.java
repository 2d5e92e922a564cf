package dev.plumb.recipe;

import dev.plumb.config.Setting;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A file of several stages.
 *
 * @param output the folder of all
 * @param shared settings of every stage
 * @param stages the stages
 */
public record RecipeSettings(
        @Setting(doc = "The recipe's folder; runs/FILE if not given. Stage 1 writes to OUTPUT/1-NAME, and so on.")
        Optional<Path> output,

        @Setting(
                doc =
                        "Settings that each stage takes which has them and does not set them itself. What stands under data"
                                + " and the like is taken one by one.")
        Map<String, Object> shared,

        @Setting(
                doc =
                        "The stages in their order, each with method: a training method or rejection_sampling, the settings of"
                                + " it, and name, the method if not given. Where a stage takes a model, ${NAME} is the final model of"
                                + " an earlier stage; where it takes data, ${NAME} is the rows that an earlier rejection_sampling"
                                + " wrote.")
        List<Map<String, Object>> stages) {}
