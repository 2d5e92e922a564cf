package dev.plumb.train;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.plumb.config.PlumbException;
import dev.plumb.data.TokenPrompt;
import dev.plumb.data.TokenStore;
import dev.plumb.objective.PolicyObjective;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * What one rollout brought: completions, those of a prompt next to each other, and the credit of each. It is saved whole with a
 * checkpoint, so that a run that goes on in its middle learns from the same completions.
 *
 * @param episode completions of this rollout and of all before it
 * @param groupSize completions a prompt
 * @param written the completions
 * @param credit what they are worth
 * @param weights by which policy terms of each token are multiplied, [rows][tokens]; no rows for 1
 * @param givenUp whether what is left of it is not learnt from
 */
record Rollout(
        long episode,
        int groupSize,
        List<Written> written,
        PolicyObjective.Credit credit,
        List<double[]> weights,
        boolean givenUp) {
    /** Before the first. */
    static final Rollout NONE = empty(0, 1, new double[0]);

    private static final String FILE = "rollout.json";
    private static final JsonMapper JSON = new JsonMapper();

    /**
     * The completions of a step by their numbers: all, or one of several shares of a shuffled order. Groups stay whole where
     * they can be shared out evenly, which lets their prompts be computed once, or must.
     *
     * @param whole whether they must
     * @param phase which of the steps, from 0
     * @param miniBatches steps of one walk through the rollout
     * @param seed of the order
     * @param whole whether groups stay whole in any case
     */
    List<Integer> step(int phase, int miniBatches, long seed, boolean whole) {
        int groups = written.size() / groupSize;
        int unit = whole || groups % miniBatches == 0 ? groupSize : 1;
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < written.size() / unit; i++) {
            order.add(i);
        }
        int walk = phase / miniBatches;
        int share = phase % miniBatches;
        if (miniBatches > 1) {
            SplittableRandom random = new SplittableRandom(seed * 0x9E3779B97F4A7C15L + walk);
            for (int i = order.size() - 1; i > 0; i--) {
                int j = random.nextInt(i + 1);
                order.set(i, order.set(j, order.get(i)));
            }
        }
        int from = order.size() * share / miniBatches;
        int to = order.size() * (share + 1) / miniBatches;
        List<Integer> rows = new ArrayList<>();
        for (int i : order.subList(from, to)) {
            for (int k = 0; k < unit; k++) {
                rows.add(i * unit + k);
            }
        }
        return rows;
    }

    /** One from which nothing is learnt; what the objective remembers stays. */
    static Rollout empty(long episode, int groupSize, double[] memory) {
        return new Rollout(
                episode,
                groupSize,
                List.of(),
                new PolicyObjective.Credit(List.of(), List.of(), new boolean[0], memory, List.of()),
                List.of(),
                false);
    }

    Rollout giveUp() {
        return new Rollout(episode, groupSize, written, credit, weights, true);
    }

    void save(Path folder) throws IOException {
        ObjectNode node = JSON.createObjectNode();
        node.put("episode", episode);
        node.put("group_size", groupSize);
        node.put("given_up", givenUp);
        put(node, "memory", credit.memory());
        ArrayNode rows = node.putArray("rows");
        for (int i = 0; i < written.size(); i++) {
            Written one = written.get(i);
            ObjectNode row = rows.addObject();
            row.put("row", one.row());
            ArrayNode ids = row.putArray("ids");
            for (int id : one.ids()) {
                ids.add(id);
            }
            row.put("stopped", one.stopped());
            row.put("kept", credit.kept()[i]);
            put(row, "drawn", one.drawn());
            put(row, "old", one.old());
            put(row, "reference", one.reference());
            put(row, "values", one.values());
            put(row, "weights", weights.isEmpty() ? new double[0] : weights.get(i));
            put(row, "advantages", credit.advantages().get(i));
            put(
                    row,
                    "returns",
                    credit.returns().isEmpty()
                            ? new double[0]
                            : credit.returns().get(i));
        }
        Files.writeString(folder.resolve(FILE), node + "\n");
    }

    private static void put(ObjectNode node, String name, double[] values) {
        ArrayNode array = node.putArray(name);
        for (double value : values) {
            array.add(value);
        }
    }

    /** Reads what {@link #save} wrote; prompts come from the store. */
    static Rollout load(Path folder, TokenStore store) {
        Path file = folder.resolve(FILE);
        try {
            JsonNode node = JSON.readTree(file.toFile());
            List<Written> written = new ArrayList<>();
            List<double[]> advantages = new ArrayList<>();
            List<double[]> returns = new ArrayList<>();
            List<double[]> weights = new ArrayList<>();
            JsonNode rows = node.required("rows");
            boolean[] kept = new boolean[rows.size()];
            for (JsonNode row : rows) {
                long number = row.required("row").asLong();
                kept[written.size()] = row.required("kept").asBoolean();
                JsonNode ids = row.required("ids");
                int[] tokens = new int[ids.size()];
                for (int t = 0; t < tokens.length; t++) {
                    tokens[t] = ids.get(t).asInt();
                }
                written.add(new Written(
                        number,
                        ((TokenPrompt) store.get(number)).prompt(),
                        tokens,
                        row.required("stopped").asBoolean(),
                        numbers(row, "drawn"),
                        numbers(row, "old"),
                        numbers(row, "reference"),
                        numbers(row, "values"),
                        new double[0]));
                advantages.add(numbers(row, "advantages"));
                add(returns, numbers(row, "returns"));
                add(weights, numbers(row, "weights"));
            }
            return new Rollout(
                    node.required("episode").asLong(),
                    node.required("group_size").asInt(),
                    List.copyOf(written),
                    new PolicyObjective.Credit(advantages, returns, kept, numbers(node, "memory"), List.of()),
                    weights,
                    node.required("given_up").asBoolean());
        } catch (IOException | IllegalArgumentException e) {
            throw new PlumbException(
                    file + " cannot be read (" + e.getMessage()
                            + "): delete that checkpoint folder to go on from an earlier one.",
                    e);
        }
    }

    private static void add(List<double[]> rows, double[] row) {
        if (row.length > 0) {
            rows.add(row);
        }
    }

    private static double[] numbers(JsonNode node, String name) {
        JsonNode array = node.required(name);
        double[] out = new double[array.size()];
        for (int i = 0; i < out.length; i++) {
            out[i] = array.get(i).asDouble();
        }
        return out;
    }
}
