package dev.plumb.recipe;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.plumb.config.Dump;
import dev.plumb.config.PlumbException;
import dev.plumb.data.Content;
import dev.plumb.data.DataFile;
import dev.plumb.data.EncodedRow;
import dev.plumb.data.Row;
import dev.plumb.data.RowKind;
import dev.plumb.data.RowResult;
import dev.plumb.data.RowSource;
import dev.plumb.data.Rows;
import dev.plumb.data.TokenPrompt;
import dev.plumb.hub.AtomicFiles;
import dev.plumb.hub.Sha256;
import dev.plumb.model.Generator;
import dev.plumb.model.Sampling;
import dev.plumb.reward.RewardInput;
import dev.plumb.reward.RewardScores;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.Torch;
import dev.plumb.text.Message;
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
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
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
    private static final int AT_ONCE_ON_CPU = 64;
    private static final int AT_ONCE = 256;

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

    /** Does all that {@link #run} does before the first answer. */
    void check() {
        settings.rewards().functions().parts();
        try (Workplace workplace = open()) {
            System.out.println(workplace.dataset().preflight().text());
            workplace.dataset().preflight().requireSound();
            requireRoom(workplace);
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
                OpenRewards rewards = OpenRewards.of(settings.rewards(), workplace.checkpoint())) {
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
                sum.put(name, sum.path(name).asDouble(0) + head.get(name).asDouble());
            }
            best = Math.max(best, head.path("best").asDouble(Double.NEGATIVE_INFINITY));
            kept.addAll(lines.subList(1, lines.size()));
        }
        if (kept.isEmpty()) {
            throw new PlumbException("None of " + (long) sum.path("drawn").asDouble() + " answers earned min_reward: "
                    + settings.minReward() + "; the best earned " + best + ". Lower min_reward, draw more"
                    + " (num_generations), or train the model further before; then remove " + portions + ".");
        }
        AtomicFiles.writeString(layout.summary(), summary(sum).toString());
        AtomicFiles.writeString(settings.rows(), String.join("\n", kept) + "\n");
        provenance.ended(Instant.now(), "finished").write(layout.provenance());
        Report.write(settings.output());
    }

    private Provenance provenance(Workplace workplace, List<String> command) {
        String version = Rejection.class.getPackage().getImplementationVersion();
        return new Provenance(
                version == null ? "development" : version,
                command,
                Sha256.of(Dump.yaml(settings)),
                Provenance.sources(
                        workplace.data().files().stream().map(DataFile::path).toList()),
                Provenance.sources(List.of(workplace.checkpoint().folder())),
                Map.of("seed", settings.seed()),
                Torch.threads(),
                Provenance.thisMachine(),
                Map.of("libtorch", Torch.version(), "blas", Torch.blas()),
                Instant.now(),
                Optional.empty(),
                "running",
                OptionalLong.empty(),
                workplace.origins());
    }

    private ObjectNode summary(ObjectNode sum) {
        double drawn = sum.get("drawn").asDouble();
        ObjectNode summary = JSON.createObjectNode().put("title", "Rejection sampling");
        ArrayNode rows = summary.putArray("rows");
        row(
                rows,
                "reward of an answer, mean",
                sum.get("reward").asDouble() / Math.max(1, sum.get("scored").asDouble()),
                sum.get("reward_kept").asDouble() / sum.get("kept").asDouble());
        row(rows, "answers", drawn, sum.get("kept").asDouble());
        row(
                rows,
                "prompts with an answer",
                sum.get("prompts").asDouble(),
                sum.get("prompts_kept").asDouble());
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
                        + " same text as another.",
                sum.get("cut").asDouble(),
                drawn - sum.get("scored").asDouble(),
                sum.get("same").asDouble()));
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

    /** Draws the answers of a portion. */
    private static final class Drawer {
        /** Sums that each portion notes in its first line. */
        static final List<String> COUNTS = List.of(
                "prompts",
                "prompts_kept",
                "drawn",
                "scored",
                "accepted",
                "cut",
                "same",
                "kept",
                "reward",
                "reward_kept");

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
            List<Generator.Completion> made = new Generator(
                            workplace.checkpoint().decoder(), slots)
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
            int[] prompt = asked.tokens().prompt();
            int[] whole = Arrays.copyOf(prompt, prompt.length + made.ids().length);
            System.arraycopy(made.ids(), 0, whole, prompt.length, made.ids().length);
            return new RewardInput(
                    workplace.tokenizer().decode(prompt),
                    workplace.tokenizer().decode(made.ids(), true),
                    made.ids().length,
                    made.stopped(),
                    asked.tokens().columns(),
                    whole);
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
}
