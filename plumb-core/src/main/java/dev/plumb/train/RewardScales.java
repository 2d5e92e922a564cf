package dev.plumb.train;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.plumb.config.PlumbException;
import dev.plumb.hub.AtomicFiles;
import dev.plumb.reward.Normalisation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The scales that reward models keep in their folders, one for each output: frozen once, on the answers of a reference.
 *
 * @param all one a member, in the order of models and their outputs; none where rewards stay as they are
 */
public record RewardScales(List<Normalisation> all) {
    private static final JsonMapper JSON = new JsonMapper();

    /** The file's name. */
    public static final String FILE = "reward_normalisation.json";

    /** Rewards as they are. */
    public static final RewardScales NONE = new RewardScales(List.of());

    /**
     * Those of some models.
     *
     * @param folders of the models
     * @param outputs how many rewards each gives
     * @return their scales; none if no model has any
     * @throws PlumbException if some have them and others do not, or a file is of other outputs
     */
    public static RewardScales of(List<Path> folders, List<Integer> outputs) {
        List<Path> with = folders.stream()
                .filter(folder -> Files.exists(folder.resolve(FILE)))
                .toList();
        if (with.isEmpty()) {
            return NONE;
        }
        if (with.size() < folders.size()) {
            throw new PlumbException("Of the reward models only " + with + " keep a scale (" + FILE
                    + "), so theirs are not those of the others. Score reference answers with each of the others and"
                    + " normalisation=fit first, or set normalisation=off.");
        }
        List<Normalisation> all = new ArrayList<>();
        for (int i = 0; i < folders.size(); i++) {
            all.addAll(read(folders.get(i).resolve(FILE), outputs.get(i)));
        }
        return new RewardScales(all);
    }

    private static List<Normalisation> read(Path file, int outputs) {
        List<Normalisation> scales = new ArrayList<>();
        try {
            JsonNode json = JSON.readTree(Files.readString(file));
            for (int i = 0; i < json.path("shift").size(); i++) {
                scales.add(new Normalisation(
                        json.path("shift").path(i).asDouble(Double.NaN),
                        json.path("scale").path(i).asDouble(Double.NaN)));
            }
        } catch (IOException | IllegalArgumentException e) {
            throw new PlumbException(file + " cannot be read (" + e.getMessage() + "); remove it and fit it again.", e);
        }
        if (scales.size() != outputs) {
            throw new PlumbException(file + " is of " + scales.size() + " rewards, where the model gives " + outputs
                    + "; remove it and fit it again.");
        }
        return scales;
    }

    /**
     * Freezes the scale of a model.
     *
     * @param folder of the model
     * @param rewards of reference answers, [answer][output]
     * @return where it stands
     * @throws PlumbException if the folder has one, or the answers give none
     */
    public static Path freeze(Path folder, List<double[]> rewards) {
        Path file = folder.resolve(FILE);
        ObjectNode json = JSON.createObjectNode();
        List<Double> shift = new ArrayList<>();
        List<Double> scale = new ArrayList<>();
        try {
            for (int i = 0; i < (rewards.isEmpty() ? 1 : rewards.get(0).length); i++) {
                int output = i;
                Normalisation one = Normalisation.of(
                        rewards.stream().mapToDouble(all -> all[output]).toArray());
                shift.add(one.shift());
                scale.add(one.scale());
            }
            json.set("shift", JSON.valueToTree(shift));
            json.set("scale", JSON.valueToTree(scale));
            json.put("answers", rewards.size());
            AtomicFiles.writeString(file, json.toPrettyString() + "\n");
        } catch (IllegalArgumentException e) {
            throw new PlumbException("Nothing is frozen: " + e.getMessage() + ". Give more answers.", e);
        } catch (IOException e) {
            throw new PlumbException(file + " cannot be written (" + e.getMessage() + ").", e);
        }
        return file;
    }

    /**
     * Refuses a second fit, after which rewards would mean something else.
     *
     * @param folder of the model
     * @throws PlumbException if the folder has a scale
     */
    public static void requireNone(Path folder) {
        if (Files.exists(folder.resolve(FILE))) {
            throw new PlumbException(folder.resolve(FILE)
                    + " exists: the scale is frozen. Remove the file to fit it anew; rewards before and after are then of"
                    + " different scales.");
        }
    }

    /**
     * What members give, each on its scale.
     *
     * @param members as they give it, one for each output
     * @return on the scales; the same if there are none
     */
    public double[] of(double[] members) {
        if (all.isEmpty()) {
            return members;
        }
        double[] scaled = new double[members.length];
        Arrays.setAll(scaled, i -> all.get(i).of(members[i]));
        return scaled;
    }
}
