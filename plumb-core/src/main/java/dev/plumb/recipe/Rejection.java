package dev.plumb.recipe;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.plumb.config.Dump;
import dev.plumb.config.PlumbException;
import dev.plumb.data.DataFile;
import dev.plumb.data.EncodedRow;
import dev.plumb.data.Row;
import dev.plumb.data.RowKind;
import dev.plumb.data.RowResult;
import dev.plumb.data.RowSource;
import dev.plumb.data.Rows;
import dev.plumb.data.TokenPrompt;
import dev.plumb.hub.AtomicFiles;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.Torch;
import dev.plumb.train.OpenRewards;
import dev.plumb.train.Provenance;
import dev.plumb.train.Report;
import dev.plumb.train.RunFolder;
import dev.plumb.train.RunLayout;
import dev.plumb.train.Workplace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Draws answers to prompts and keeps those that earn enough. Prompts are taken in portions of a fixed size, and each portion's
 * rows are written whole or not at all, so that a sampling that was killed goes on at the portion it was in, to the same file
 * on the same machine.
 */
final class Rejection {
    private static final JsonMapper JSON = new JsonMapper();
    private static final int PORTION = 64;

    private final RejectionSampling settings;
    private final RunLayout layout;

    Rejection(RejectionSampling settings) {
        this.settings = settings;
        this.layout = new RunLayout(settings.output());
    }

    /**
     * Whether all rows are there.
     *
     * @throws PlumbException if they were made with other settings
     */
    boolean isFinished() {
        if (!Files.exists(settings.rows())) {
            return false;
        }
        requireSameSettings();
        return true;
    }

    /**
     * Does all that {@link #run} does before the first answer.
     *
     * @param toCome folders of reward models that are still to be made
     */
    void check(Set<Path> toCome) {
        try (Workplace workplace = open()) {
            System.out.println(workplace.dataset().preflight().text());
            workplace.dataset().preflight().requireSound();
            requireRoom(workplace);
            OpenRewards.check(settings.rewards(), toCome, workplace.checkpoint(), workplace.tokenizer());
        }
    }

    private Workplace open() {
        settings.threads().ifPresent(Torch::threads);
        Torch.seed(settings.seed());
        return Workplace.forPrompts(
                settings.model(), settings.data(), Device.named(settings.device()), settings.dtype());
    }

    private void requireRoom(Workplace workplace) {
        int longest = workplace.dataset().preflight().prompt().max();
        int context = workplace.checkpoint().decoder().architecture().contextLength();
        if (longest + settings.maxCompletionLength() > context) {
            throw new PlumbException("The longest prompt has " + longest + " tokens, and with max_completion_length: "
                    + settings.maxCompletionLength() + " that is more than the model's context of " + context
                    + " tokens. Lower max_completion_length, or leave long prompts out with data.max_length and"
                    + " data.truncation: drop.");
        }
    }

    /**
     * Draws, keeps and writes.
     *
     * @param command the command line, for the record
     */
    void run(List<String> command) {
        try (RunFolder folder = RunFolder.open(settings.output(), false);
                Workplace workplace = open();
                OpenRewards rewards =
                        OpenRewards.of(settings.rewards(), workplace.checkpoint(), workplace.tokenizer())) {
            Path portions = folder.layout().root().resolve("portions");
            if (Files.exists(portions)) {
                requireSameSettings();
            }
            Files.createDirectories(portions);
            AtomicFiles.writeString(layout.config(), Dump.yaml(settings));
            AtomicFiles.writeString(
                    layout.preflight(), workplace.dataset().preflight().json());
            System.out.println(workplace.dataset().preflight().text());
            workplace.dataset().preflight().requireSound();
            requireRoom(workplace);
            rewards.notes().forEach(System.out::println);
            Provenance provenance = provenance(workplace, command);
            provenance.write(layout.provenance());
            drawAll(new Drawer(settings, workplace, rewards), workplace, portions);
            finish(portions, provenance);
        } catch (IOException e) {
            throw new PlumbException(settings.output() + " cannot be written (" + e.getMessage() + ").", e);
        }
    }

    private void drawAll(Drawer drawer, Workplace workplace, Path portions) throws IOException {
        try (RowSource rows = Rows.open(workplace.data().files(), RowKind.PROMPT)) {
            List<Drawer.Asked> portion = new ArrayList<>();
            long number = 0;
            Optional<RowResult> next = rows.next();
            while (next.isPresent()) {
                if (next.get() instanceof RowResult.Good good
                        && workplace.encoder().encode(good.row()) instanceof EncodedRow.Kept kept) {
                    portion.add(new Drawer.Asked((Row.Prompt) good.row(), (TokenPrompt) kept.example()));
                } // what is bad or too long was counted and said before
                next = rows.next();
                if (portion.size() == PORTION || next.isEmpty() && !portion.isEmpty()) {
                    draw(drawer, portion, number++, portions);
                    portion.clear();
                }
            }
        }
    }

    private void draw(Drawer drawer, List<Drawer.Asked> portion, long number, Path portions) throws IOException {
        Path file = portions.resolve(String.format(Locale.ROOT, "%08d.jsonl", number));
        if (!Files.exists(file)) {
            AtomicFiles.writeString(file, drawer.lines(portion, number * PORTION));
        }
        ObjectNode head = (ObjectNode) JSON.readTree(Files.readAllLines(file).get(0));
        System.out.println("prompts " + (number * PORTION + portion.size()) + ": "
                + head.get("accepted").asLong()
                + " of " + head.get("drawn").asLong() + " answers accepted, "
                + head.get("kept").asLong() + " kept");
    }

    /** Joins the portions, and says what came of them. */
    private void finish(Path portions, Provenance provenance) throws IOException {
        List<String> kept = new ArrayList<>();
        ObjectNode sum = JSON.createObjectNode();
        List<Path> files;
        try (Stream<Path> all = Files.list(portions)) {
            files = all.filter(file -> file.toString().endsWith(".jsonl"))
                    .sorted()
                    .toList();
        }
        double best = Double.NEGATIVE_INFINITY;
        for (Path file : files) {
            List<String> lines = Files.readAllLines(file);
            ObjectNode head = (ObjectNode) JSON.readTree(lines.get(0));
            for (String name : Drawer.COUNTS) {
                sum.put(name, sum.path(name).asDouble(0) + head.path(name).asDouble(0));
            }
            best = Math.max(best, head.path("best").asDouble(Double.NEGATIVE_INFINITY));
            kept.addAll(lines.subList(1, lines.size()));
        }
        if (kept.isEmpty() && sum.get("easy").asDouble() > 0) {
            throw new PlumbException("Nothing is kept: of every prompt of which an answer earned min_reward: "
                    + settings.minReward() + ", more than the share of max_success_rate: " + settings.maxSuccessRate()
                    + " did. Raise it, or take harder prompts; then remove " + portions + ".");
        }
        if (kept.isEmpty()) {
            throw new PlumbException("None of " + (long) sum.path("drawn").asDouble() + " answers earned min_reward: "
                    + settings.minReward() + "; the best earned " + best + ". Lower min_reward, draw more"
                    + " (num_generations), or train the model further before; then remove " + portions + ".");
        }
        List<String> rows = withoutLongest(kept, settings.keepLengthQuantile());
        AtomicFiles.writeString(
                layout.summary(), summary(sum, rows, kept.size() - rows.size()).toString());
        AtomicFiles.writeString(settings.rows(), String.join("\n", rows) + "\n");
        provenance.ended(Instant.now(), "finished").write(layout.provenance());
        Report.write(settings.output());
    }

    /** Rows whose answers are no longer than the wanted quantile of all lengths; the shortest is always one. */
    static List<String> withoutLongest(List<String> kept, double quantile) throws IOException {
        int[] lengths = new int[kept.size()];
        for (int i = 0; i < lengths.length; i++) {
            lengths[i] = JSON.readTree(kept.get(i)).path(Drawer.TOKENS).asInt();
        }
        int[] sorted = Arrays.stream(lengths).sorted().toArray();
        int longest = sorted[(int) Math.ceil(quantile * sorted.length) - 1];
        return IntStream.range(0, lengths.length)
                .filter(i -> lengths[i] <= longest)
                .mapToObj(kept::get)
                .toList();
    }

    private Provenance provenance(Workplace workplace, List<String> command) {
        return Provenance.begun(
                command,
                settings,
                workplace.data().files().stream().map(DataFile::path).toList(),
                workplace.checkpoint().folder(),
                settings.rewards().folders(),
                settings.seed(),
                OptionalLong.empty(),
                workplace.origins());
    }

    private ObjectNode summary(ObjectNode sum, List<String> kept, int tooLong) throws IOException {
        double drawn = sum.get("drawn").asDouble();
        double rewards = 0;
        Set<String> prompts = new HashSet<>();
        for (String line : kept) {
            JsonNode row = JSON.readTree(line);
            rewards += row.get("reward").asDouble();
            prompts.add(row.get("source").asText());
        }
        ObjectNode summary = JSON.createObjectNode().put("title", "Rejection sampling");
        ArrayNode rows = summary.putArray("rows");
        row(
                rows,
                "reward of an answer, mean",
                sum.get("reward").asDouble() / Math.max(1, sum.get("scored").asDouble()),
                rewards / kept.size());
        row(rows, "answers", drawn, kept.size());
        row(rows, "prompts with an answer", sum.get("prompts").asDouble(), prompts.size());
        ArrayNode notes = summary.putArray("notes");
        notes.add(String.format(
                Locale.ROOT,
                "%.1f %% of the answers were accepted: they earned %s or more%s. Kept are %d of a prompt at most.",
                100 * sum.get("accepted").asDouble() / drawn,
                settings.minReward(),
                settings.keepCut() ? "" : " and ended by themselves",
                settings.keepPerPrompt()));
        notes.add(String.format(
                Locale.ROOT,
                "Not accepted: %.0f cut off by the limit, %.0f that could not be scored; left out besides: %.0f of the"
                        + " same text as another, %d longer than keep_length_quantile lets, and all answers to %.0f prompts"
                        + " with more right ones than max_success_rate.",
                sum.get("cut").asDouble(),
                drawn - sum.get("scored").asDouble(),
                sum.get("same").asDouble(),
                tooLong,
                sum.get("easy").asDouble()));
        return summary;
    }

    private static void row(ArrayNode rows, String name, double drawn, double kept) {
        ArrayNode values = rows.addObject().put("name", name).putArray("values");
        values.addObject().put("label", "drawn").put("value", drawn);
        values.addObject().put("label", "kept").put("value", kept);
    }

    private void requireSameSettings() {
        try {
            if (!Files.exists(layout.config())
                    || !Files.readString(layout.config()).equals(Dump.yaml(settings))) {
                throw new PlumbException("The rows in " + settings.output()
                        + " were drawn with other settings, see its config.yaml. Repeat them as they were, or choose"
                        + " another `output`.");
            }
        } catch (IOException e) {
            throw new PlumbException(layout.config() + " cannot be read (" + e.getMessage() + ").", e);
        }
    }
}
