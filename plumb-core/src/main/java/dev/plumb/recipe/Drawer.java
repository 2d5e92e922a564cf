package dev.plumb.recipe;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.plumb.data.Content;
import dev.plumb.data.Row;
import dev.plumb.data.TokenPrompt;
import dev.plumb.model.Generator;
import dev.plumb.model.Sampling;
import dev.plumb.reward.RewardInput;
import dev.plumb.reward.RewardScores;
import dev.plumb.tensor.Device;
import dev.plumb.text.Message;
import dev.plumb.train.OpenRewards;
import dev.plumb.train.Workplace;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/** Draws the answers to a portion of the prompts, and keeps those that earn enough. */
final class Drawer {
    private static final JsonMapper JSON = new JsonMapper();
    private static final int AT_ONCE_ON_CPU = 64;
    private static final int AT_ONCE = 256;

    /** Sums that each portion notes in its first line. */
    static final List<String> COUNTS = List.of(
            "prompts", "prompts_kept", "drawn", "scored", "accepted", "cut", "same", "kept", "reward", "reward_kept");

    /** A row and its tokens. */
    record Asked(Row.Prompt row, TokenPrompt tokens) {}

    private final RejectionSampling settings;
    private final Workplace workplace;
    private final OpenRewards rewards;
    private final Sampling sampling;

    Drawer(RejectionSampling settings, Workplace workplace, OpenRewards rewards) {
        this.settings = settings;
        this.workplace = workplace;
        this.rewards = rewards;
        this.sampling = new Sampling(
                settings.maxCompletionLength(),
                settings.temperature(),
                0,
                settings.topP(),
                0,
                1,
                workplace.stops(),
                settings.seed());
    }

    /** The portion's counts as one line, then a line for each answer that is kept. */
    String lines(List<Asked> portion, long first) {
        int samples = settings.numGenerations();
        boolean cpu = workplace.checkpoint().decoder().device() == Device.CPU;
        int slots = Math.min(portion.size() * samples, cpu ? AT_ONCE_ON_CPU : AT_ONCE);
        List<int[]> prompts =
                portion.stream().map(asked -> asked.tokens().prompt()).toList();
        List<Generator.Completion> made = new Generator(workplace.checkpoint().decoder(), slots)
                .generate(new Generator.Request(prompts, first, samples), sampling, Generator.Watcher.NONE);
        List<RewardInput> inputs = IntStream.range(0, made.size())
                .mapToObj(i -> input(portion.get(i / samples), made.get(i)))
                .toList();
        RewardScores scores = rewards.set().scores(inputs);
        scores.faults().forEach(System.out::println);
        double[] sums = new double[COUNTS.size()];
        List<String> lines = new ArrayList<>();
        for (int p = 0; p < portion.size(); p++) {
            add(sums, "prompts", 1);
            keep(portion.get(p), inputs, scores.totals(), p * samples, sums, lines);
        }
        ObjectNode head = JSON.createObjectNode();
        for (int i = 0; i < sums.length; i++) {
            head.put(COUNTS.get(i), sums[i]);
        }
        Arrays.stream(scores.totals())
                .filter(total -> !Double.isNaN(total))
                .max()
                .ifPresent(best -> head.put("best", best));
        lines.add(0, head.toString());
        return String.join("\n", lines) + "\n";
    }

    private static void add(double[] sums, String name, double value) {
        sums[COUNTS.indexOf(name)] += value;
    }

    private void keep(
            Asked asked, List<RewardInput> inputs, double[] totals, int from, double[] sums, List<String> lines) {
        List<Integer> accepted = new ArrayList<>();
        for (int i = from; i < from + settings.numGenerations(); i++) {
            boolean cut = !inputs.get(i).stopped() && !settings.keepCut();
            add(sums, "drawn", 1);
            add(sums, "cut", cut ? 1 : 0);
            if (Double.isNaN(totals[i])) {
                continue;
            }
            add(sums, "scored", 1);
            add(sums, "reward", totals[i]);
            if (totals[i] >= settings.minReward() && !cut) {
                accepted.add(i);
            }
        }
        add(sums, "accepted", accepted.size());
        accepted.sort(Comparator.comparingDouble(i -> -totals[i])); // stable: of equals those drawn first
        Set<String> texts = new HashSet<>();
        int kept = 0;
        for (int i : accepted) {
            if (!texts.add(inputs.get(i).completion().strip().replaceAll("\\s+", " "))) {
                add(sums, "same", 1);
            } else if (kept < settings.keepPerPrompt()) {
                kept++;
                add(sums, "reward_kept", totals[i]);
                lines.add(line(asked.row(), inputs.get(i).completion(), totals[i]));
            }
        }
        add(sums, "kept", kept);
        add(sums, "prompts_kept", kept > 0 ? 1 : 0);
    }

    private RewardInput input(Asked asked, Generator.Completion made) {
        return RewardInput.of(
                workplace.tokenizer(),
                asked.tokens().prompt(),
                made.ids(),
                made.stopped(),
                asked.tokens().columns());
    }

    /** A row for supervised fine-tuning, of the form that its prompt has. */
    private static String line(Row.Prompt row, String answer, double reward) {
        ObjectNode line = JSON.createObjectNode();
        if (row.prompt() instanceof Content.Chat chat) {
            line.set(
                    "prompt",
                    JSON.valueToTree(
                            chat.messages().stream().map(Message::fields).toList()));
            line.putArray("completion").addObject().put("role", "assistant").put("content", answer);
        } else if (row.prompt() instanceof Content.Plain plain) {
            line.put("prompt", plain.text()).put("completion", answer);
        }
        if (!row.tools().isEmpty()) {
            line.set("tools", JSON.valueToTree(row.tools()));
        }
        return line.put("reward", reward).put("source", row.id().toString()).toString();
    }
}
