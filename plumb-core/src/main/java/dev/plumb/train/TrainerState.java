package dev.plumb.train;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.plumb.config.PlumbException;
import dev.plumb.hub.Safetensors;
import dev.plumb.tensor.NoGrad;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What a checkpoint holds beside the model, so that going on from it gives bit for bit the weights of a run that was never
 * interrupted: moments and master copies of the optimiser, and the few numbers that the loop remembers.
 *
 * @param step steps done
 * @param tokens tokens that went through the model so far
 * @param best the best evaluation so far, larger is better; NaN for none
 * @param evaluationsWithoutGain evaluations since then
 */
record TrainerState(long step, long tokens, double best, int evaluationsWithoutGain) {
    private static final String OPTIMIZER = "optimizer.safetensors";
    private static final String STATE = "trainer_state.json";
    private static final JsonMapper JSON = new JsonMapper();

    static TrainerState start() {
        return new TrainerState(0, 0, Double.NaN, 0);
    }

    void save(Path folder, AdamW optimizer) throws IOException {
        Safetensors.write(folder.resolve(OPTIMIZER), optimizer.state(), Optional.empty());
        ObjectNode node = JSON.createObjectNode();
        node.put("step", step);
        node.put("tokens", tokens);
        if (!Double.isNaN(best)) {
            node.put("best", best);
        }
        node.put("evaluations_without_gain", evaluationsWithoutGain);
        Files.writeString(folder.resolve(STATE), node + "\n");
    }

    /** Reads a checkpoint into what is trained and its optimiser. */
    static TrainerState load(Path folder, Map<String, Tensor> trained, AdamW optimizer) {
        readTrained(folder, trained);
        try (Safetensors file = Safetensors.open(folder.resolve(OPTIMIZER))) {
            copy(file, optimizer.state());
        }
        try {
            JsonNode node = JSON.readTree(folder.resolve(STATE).toFile());
            return new TrainerState(
                    node.required("step").asLong(),
                    node.required("tokens").asLong(),
                    node.path("best").asDouble(Double.NaN),
                    node.required("evaluations_without_gain").asInt());
        } catch (IOException | IllegalArgumentException e) {
            throw new PlumbException(
                    folder.resolve(STATE) + " cannot be read (" + e.getMessage()
                            + "): delete that checkpoint folder to go on from an earlier one.",
                    e);
        }
    }

    /** Reads what is trained, the weights or an adapter, from a checkpoint folder of the same run. */
    static void readTrained(Path folder, Map<String, Tensor> trained) {
        try (var files = Files.list(folder)) {
            Map<String, Tensor> wanted = new LinkedHashMap<>(trained);
            for (Path path : files.filter(TrainerState::holdsWeights).sorted().toList()) {
                try (Safetensors file = Safetensors.open(path)) {
                    Map<String, Tensor> here = new LinkedHashMap<>(wanted);
                    here.keySet().retainAll(file.names());
                    copy(file, here);
                    wanted.keySet().removeAll(here.keySet());
                }
            }
            if (!wanted.isEmpty()) {
                throw new PlumbException(folder + " lacks the tensors " + wanted.keySet() + ".");
            }
        } catch (IOException e) {
            throw new PlumbException(folder + " cannot be read (" + e.getMessage() + ").", e);
        }
    }

    private static boolean holdsWeights(Path path) {
        String name = path.getFileName().toString();
        return name.endsWith(".safetensors") && !name.equals(OPTIMIZER) && !name.equals(FrozenModel.FILE);
    }

    /** Reads tensors of these names out of a file into these. */
    static void copy(Safetensors file, Map<String, Tensor> into) {
        into.forEach((name, tensor) -> {
            try (Scope scope = Scope.open();
                    NoGrad guard = NoGrad.open()) {
                tensor.copyInPlace(file.read(name));
            }
        });
    }
}
