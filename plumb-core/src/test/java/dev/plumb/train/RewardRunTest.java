package dev.plumb.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.plumb.config.PlumbException;
import dev.plumb.data.Example;
import dev.plumb.data.TokenPair;
import dev.plumb.data.TokenStore;
import dev.plumb.hub.Checkpoint;
import dev.plumb.hub.Hub;
import dev.plumb.hub.Safetensors;
import dev.plumb.tensor.DType;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import dev.plumb.train.MetricsLog.Split;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whole runs of reward models. */
class RewardRunTest {
    private static final String[] WORDS = {"the", "lamp", "boat", "night", "grey", "sea", "keeper", "old"};

    @TempDir
    private Path folder;

    private TinyRun tiny;

    @BeforeEach
    void make() throws IOException {
        tiny = TinyRun.make(folder);
        Random random = new Random(11);
        List<String> rows = new ArrayList<>();
        for (int row = 0; row < 240; row++) { // answers of one length; a storm makes the worse one
            ObjectNode json = new JsonMapper().createObjectNode();
            json.put("prompt", "row " + row)
                    .put("chosen", sentence(random, "harbour"))
                    .put("rejected", sentence(random, "storm"))
                    .put("margin", row % 3 * 0.1);
            rows.add(json.toString());
        }
        Files.write(folder.resolve("told.jsonl"), rows);
    }

    private static String sentence(Random random, String word) {
        StringBuilder out = new StringBuilder();
        int at = random.nextInt(4);
        for (int i = 0; i < 4; i++) {
            out.append(' ').append(i == at ? word : WORDS[random.nextInt(WORDS.length)]);
        }
        return out.toString();
    }

    private String[] settings(String... more) {
        List<String> all = new ArrayList<>(List.of(
                "data: {files: [" + folder.resolve("told.jsonl") + "], eval_share: 0.2}",
                "micro_batch_tokens: 200",
                "per_device_train_batch_size: 8",
                "learning_rate: 1e-2",
                "num_train_epochs: 2",
                "eval_steps: 20",
                "save_steps: 20"));
        all.addAll(List.of(more));
        return all.toArray(String[]::new);
    }

    private static Map<String, Double> eval(RunLayout layout, boolean last) {
        List<MetricsLog.Entry> all = TinyRun.entries(layout, Split.EVAL);
        return all.get(last ? all.size() - 1 : 0).values();
    }

    @Test
    void learnsWhichAnswersAreBetterAndTwoRunsAreOne() throws IOException {
        RunLayout run = tiny.train("reward", "one", settings());
        assertThat(eval(run, false).get("accuracy")).isBetween(0.2, 0.8);
        assertThat(eval(run, true).get("accuracy")).isGreaterThan(0.95);
        assertThat(eval(run, true).get("loss")).isLessThan(eval(run, false).get("loss") / 2);
        assertThat(eval(run, true))
                .containsKeys(
                        "min_reward",
                        "mean_reward",
                        "max_reward",
                        "margin",
                        "ties",
                        "ece",
                        "brier",
                        "length_baseline_accuracy",
                        "reward_length_corr");
        assertThat(Files.readString(run.samples())).isEmpty();
        assertThat(Files.readString(run.report())).contains("Preference accuracy", "Calibration");

        TinyRun.assertSame(tiny.train("reward", "two", settings()), run);
        TinyRun.assertSame(tiny.resumeFrom(20, "two"), run);
    }

    @Test
    void theFinalModelLoadsAndScoresTheSame() throws IOException {
        RunLayout run = tiny.train("reward", "run", settings("num_train_epochs: 0.5"));
        JsonNode config = new JsonMapper()
                .readTree(run.finalModel().resolve("config.json").toFile());
        assertThat(config.at("/architectures/0").asText()).isEqualTo("LlamaForSequenceClassification");
        assertThat(config.at("/id2label").toString()).isEqualTo("{\"0\":\"LABEL_0\"}");
        assertThat(config.at("/label2id").toString()).isEqualTo("{\"LABEL_0\":0}");
        assertThat(config.at("/pad_token_id").asInt(-1)).isNotIn(-1, 2); // 2 ends every answer
        try (Safetensors file = Safetensors.open(run.finalModel().resolve("model.safetensors"))) {
            assertThat(file.names()).contains("score.weight").doesNotContain("lm_head.weight");
            assertThat(file.shape("score.weight")).containsExactly(1, 16);
        }
        Job job = TinyRun.job(folder.resolve("run.yaml"), "model=" + run.finalModel(), "output=" + folder.resolve("x"));
        Map<String, Double> want = eval(run, true);
        try (Workplace workplace = Workplace.open(job.run(), job.rows(), job.scores(), Hub.ofEnvironment())) {
            TokenStore held = workplace.dataset().eval();
            double margin = 0;
            for (long row : held.rows()) {
                TokenPair pair = (TokenPair) held.get(row);
                List<double[]> rewards = new Scorer(workplace.checkpoint().decoder())
                        .rewards(List.of(concat(pair.prompt(), pair.chosen()), concat(pair.prompt(), pair.rejected())));
                margin += rewards.get(0)[0] - rewards.get(1)[0];
            }
            assertThat(margin / held.size()).isCloseTo(want.get("margin"), within(1e-4));
        }
        RunLayout on =
                tiny.train("reward", "on", settings("model: " + run.finalModel(), "num_train_epochs: 0.5")); // goes on
        assertThat(eval(on, false)).isEqualTo(want);
    }

    private static int[] concat(int[] a, int[] b) {
        return IntStream.concat(Arrays.stream(a), Arrays.stream(b)).toArray();
    }

    @Test
    void aFrozenBackboneIsWrittenAsItWas() {
        RunLayout run = tiny.train("reward", "run", settings("freeze_backbone: true", "num_train_epochs: 1"));
        assertThat(eval(run, true).get("loss")).isLessThan(eval(run, false).get("loss"));
        try (Safetensors before = Safetensors.open(tiny.model().resolve("model.safetensors"));
                Safetensors after = Safetensors.open(run.finalModel().resolve("model.safetensors"));
                Scope scope = Scope.open()) {
            for (String name : before.names()) {
                assertThat(after.read(name).toFloats())
                        .as(name)
                        .containsExactly(before.read(name).toFloats());
            }
        }
    }

    @Test
    void theFreshHeadFollowsFromTheSeed() {
        float[] one = head(1);
        assertThat(head(1)).containsExactly(one);
        assertThat(head(2)).isNotEqualTo(one);
        double square = 0;
        for (float value : one) {
            square += value * value;
        }
        assertThat(Math.sqrt(square / 16)).isBetween(0.5 / Math.sqrt(17), 1.6 / Math.sqrt(17));
    }

    private float[] head(long seed) {
        try (Checkpoint checkpoint =
                Checkpoint.loadForScoring(tiny.model(), Optional.of(DType.FLOAT32), Device.CPU, seed, 1)) {
            return checkpoint.decoder().head().toFloats();
        }
    }

    @Test
    void marginsComeFromTheirColumn() throws IOException {
        Job job = TinyRun.job(tiny.yaml(
                "reward",
                "run",
                settings("data: {files: [" + folder.resolve("told.jsonl") + "], eval_share: 0, shuffle: false}")));
        try (Workplace workplace = Workplace.open(job.run(), job.rows(), job.scores(), Hub.ofEnvironment())) {
            List<Double> margins = workplace.dataset().train().rows().stream()
                    .map(row -> {
                        Example example = workplace.dataset().train().get(row);
                        return ((TokenPair) example).judgement().margin();
                    })
                    .toList();
            assertThat(margins.subList(0, 4)).containsExactly(0.0, 0.1, 0.2, 0.0);
        }
        for (String wrong : List.of("-1", "\"strong\"", "true")) {
            Files.writeString(
                    folder.resolve("told.jsonl"),
                    "{\"prompt\": \"a\", \"chosen\": \" b\", \"rejected\": \" c\", \"margin\": " + wrong + "}\n");
            assertThatThrownBy(() -> tiny.train("reward", "wrong" + wrong.hashCode(), settings()))
                    .isInstanceOf(PlumbException.class)
                    .hasMessageContaining("told.jsonl:1: column margin holds " + wrong.replace("\"", "")
                            + " where a number from 0 is due");
        }
    }

    /** Rows told apart by a word, and as many that are equally good. */
    private void addTies() throws IOException {
        Random random = new Random(12);
        List<String> rows = new ArrayList<>();
        for (int row = 0; row < 80; row++) {
            String word = row % 2 == 0 ? "storm" : "harbour";
            String one = sentence(random, word);
            String other = sentence(random, word);
            rows.add(new JsonMapper()
                    .createObjectNode()
                    .put("prompt", "tie " + row)
                    .put("chosen", one)
                    .put("rejected", one.equals(other) ? other + " sea" : other)
                    .put("tie", true)
                    .toString());
        }
        Files.write(folder.resolve("told.jsonl"), rows, StandardOpenOption.APPEND);
    }

    @ParameterizedTest
    @ValueSource(strings = {"rao_kupper", "davidson"})
    void tiesTrainANumberThatIsKeptWithTheModel(String ties) throws IOException {
        addTies();
        RunLayout run = tiny.train("reward", "one", settings("ties: " + ties, "save_steps: 40"));
        assertThat(eval(run, true).get("accuracy")).isGreaterThan(0.9);
        assertThat(eval(run, true).get("loss")).isLessThan(eval(run, false).get("loss") * 0.8);
        double first = number(run.checkpoints().resolve("step-40"));
        double last = number(run.finalModel());
        assertThat(last).isNotEqualTo(first);
        String shown = ties.equals("davidson") ? "ties/log_nu" : "ties/eta";
        double eta = ties.equals("davidson") ? last : Math.log1p(Math.exp(last));
        assertThat(eval(run, true).get(shown)).isCloseTo(eta, within(1e-5));

        TinyRun.assertSame(tiny.train("reward", "two", settings("ties: " + ties, "save_steps: 40")), run);
        TinyRun.assertSame(tiny.resumeFrom(40, "two"), run);
        assertThat(number(tiny.layout("two").finalModel())).isEqualTo(last);
        RunLayout on =
                tiny.train("reward", "on", settings("ties: " + ties, "model: " + run.finalModel(), "max_steps: 1"));
        assertThat(eval(on, false).get(shown)).isCloseTo(eta, within(1e-5));
    }

    private static double number(Path model) {
        try (Safetensors file = Safetensors.open(model.resolve("reward_loss.safetensors"));
                Scope scope = Scope.open()) {
            return file.read(file.names().iterator().next()).item();
        }
    }

    @Test
    void tiesThatAreDroppedAreCounted() throws IOException {
        addTies();
        RunLayout run = tiny.train("reward", "run", settings("max_steps: 1"));
        assertThat(eval(run, true).get("rows_without_order")).isPositive();
        assertThat(Files.exists(run.finalModel().resolve("reward_loss.safetensors")))
                .isFalse();
        List<String> all = Files.readAllLines(folder.resolve("told.jsonl"));
        Files.write(folder.resolve("told.jsonl"), all.subList(240, 320));
        assertThatThrownBy(() -> tiny.train("reward", "none", settings()))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining("All rows are ties");
        Job none = TinyRun.job(tiny.yaml("reward", "checked", settings()));
        assertThatThrownBy(() -> new Training(none, false, List.of("test")).check())
                .hasMessageContaining("All rows are ties");
        assertThat(eval(tiny.train("reward", "half", settings("ties: half", "max_steps: 1")), true)
                        .get("loss"))
                .isGreaterThanOrEqualTo(Math.log(2));
    }

    @Test
    void whatDoesNotGoTogetherIsRefused() {
        for (String[] both : new String[][] {
            {"loss_type: plackett_luce", "ties: half"},
            {"loss_type: plackett_luce", "label_smoothing: 0.1"},
            {"ties: davidson", "center_rewards_coefficient: 0.01"},
            {"ranking_top_k: 2", "per_choice: false"}
        }) {
            assertThatThrownBy(() -> TinyRun.job(tiny.yaml("reward", "x", settings(both))))
                    .isInstanceOf(PlumbException.class)
                    .hasMessageContaining("choose");
        }
    }

    @Test
    void aRewardModelIsNoLanguageModel() {
        RunLayout run = tiny.train("reward", "run", settings("max_steps: 1"));
        assertThatThrownBy(() -> tiny.train("sft", "next", "model: " + run.finalModel()))
                .isInstanceOf(PlumbException.class)
                .hasMessage(run.finalModel() + ": is a reward model, which gives scores and writes nothing; this method"
                        + " needs a language model.");
    }

    @Test
    void headsOfOneModelLearnApartAndAreOneFile() throws IOException {
        RunLayout run = tiny.train("reward", "one", settings("num_heads: 3"));
        assertThat(eval(run, true).get("accuracy")).isGreaterThan(0.9);
        assertThat(eval(run, true).get("ensemble_std")).isPositive();
        JsonNode config = new JsonMapper()
                .readTree(run.finalModel().resolve("config.json").toFile());
        assertThat(config.at("/id2label").size()).isEqualTo(3);
        try (Safetensors file = Safetensors.open(run.finalModel().resolve("model.safetensors"));
                Scope scope = Scope.open()) {
            assertThat(file.shape("score.weight")).containsExactly(3, 16);
            Tensor heads = file.read("score.weight");
            double apart = heads.narrow(0, 0, 1).sub(heads.narrow(0, 1, 1)).squaredNorm();
            assertThat(apart).isGreaterThan(0.01);
        }
        TinyRun.assertSame(tiny.train("reward", "two", settings("num_heads: 3")), run);
        TinyRun.assertSame(tiny.resumeFrom(20, "two"), run);
        assertThat(eval(tiny.train("reward", "on", settings("num_heads: 3", "model: " + run.finalModel())), false))
                .isEqualTo(eval(run, true));
        assertThat(Math.abs(TinyRun.distance(
                        tiny.train("reward", "alike", settings("num_heads: 3", "bootstrap: false")), run)))
                .isPositive();
    }

    /** The first of several fresh heads is that of a model of one. */
    @Test
    void headsHaveSeedsOfTheirOwn() {
        try (Checkpoint checkpoint =
                Checkpoint.loadForScoring(tiny.model(), Optional.of(DType.FLOAT32), Device.CPU, 5, 2)) {
            float[] heads = checkpoint.decoder().head().toFloats();
            assertThat(Arrays.copyOf(heads, 16)).containsExactly(head(5));
            assertThat(Arrays.copyOfRange(heads, 16, 32)).containsExactly(head(6));
        }
    }

    @Test
    void rowsAreDrawnWithReplacement() {
        Bootstrap bootstrap = new Bootstrap(3);
        int[] counts = new int[25];
        double both = 0;
        for (int row = 0; row < 20_000; row++) {
            int weight = bootstrap.weight(0, row);
            counts[weight]++;
            both += weight * (double) bootstrap.weight(1, row) / 20_000;
        }
        for (int k = 0, factorial = 1; k < 5; k++, factorial *= k) {
            assertThat(counts[k] / 20_000.0).isCloseTo(Math.exp(-1) / factorial, within(0.015));
        }
        assertThat(both).isCloseTo(1, within(0.05)); // heads draw independently
    }

    @Test
    void aModelOfTwoScoresIsRefused() throws IOException {
        RunLayout run = tiny.train("reward", "run", settings("max_steps: 1"));
        Path two = Files.createDirectory(folder.resolve("two"));
        try (Stream<Path> files = Files.list(run.finalModel())) {
            for (Path file : files.toList()) {
                Files.copy(file, two.resolve(file.getFileName()));
            }
        }
        Path config = two.resolve("config.json");
        Files.writeString(
                config,
                Files.readString(config).replace("{\"0\":\"LABEL_0\"}", "{\"0\":\"LABEL_0\", \"1\":\"LABEL_1\"}"));
        try (Safetensors stored = Safetensors.open(run.finalModel().resolve("model.safetensors"));
                Scope scope = Scope.open()) {
            Map<String, Tensor> all = new LinkedHashMap<>();
            stored.names().forEach(name -> all.put(name, stored.read(name)));
            all.put("score.weight", Tensor.full(0.5, DType.FLOAT32, Device.CPU, 2, 16));
            Safetensors.write(two.resolve("model.safetensors"), all, Optional.empty());
        }
        assertThatThrownBy(() -> tiny.train("reward", "next", settings("model: " + two)))
                .isInstanceOf(PlumbException.class)
                .hasMessage(two
                        + ": gives 2 scores for a text, where this run wants 1. Method reward with num_heads=2 goes on with"
                        + " it; or name the language model that it was made from.");
    }
}
