package dev.plumb.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.plumb.Shared;
import dev.plumb.config.Binder;
import dev.plumb.config.YamlSource;
import dev.plumb.data.Example;
import dev.plumb.data.Judgement;
import dev.plumb.data.Stores;
import dev.plumb.data.TokenPair;
import dev.plumb.data.TokenPrompt;
import dev.plumb.data.TokenSequence;
import dev.plumb.data.TokenStore;
import dev.plumb.hub.Checkpoint;
import dev.plumb.model.Decoder;
import dev.plumb.model.Weights;
import dev.plumb.objective.BradleyTerry;
import dev.plumb.objective.Dpo;
import dev.plumb.objective.Sft;
import dev.plumb.tensor.DType;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import dev.plumb.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** Ten steps of training against ten steps of TRL: losses, gradients, learning rates, metrics and the weights at the end. */
class TrajectoriesTest {
    @TempDir
    private Path folder;

    @TestFactory
    Stream<DynamicTest> shared() throws IOException {
        return tests(Shared.folder("goldens"));
    }

    @TestFactory
    Stream<DynamicTest> further() throws IOException {
        String further = System.getProperty("plumb.goldens", "");
        Assumptions.assumeFalse(further.isEmpty(), "skipped: no further folder was named with -Dplumb.goldens");
        return tests(Path.of(further));
    }

    private Stream<DynamicTest> tests(Path goldens) throws IOException {
        List<DynamicTest> tests = new ArrayList<>();
        try (Stream<Path> files = Files.list(goldens.resolve("trajectories"))) {
            for (Path file : files.sorted().toList()) {
                JsonNode golden = new JsonMapper().readTree(file.toFile());
                if (List.of("SFTTrainer", "DPOTrainer", "RewardTrainer", "GRPOTrainer")
                        .contains(golden.get("trainer").asText())) {
                    tests.add(DynamicTest.dynamicTest(
                            file.getFileName().toString(),
                            () -> new Trajectory(golden, goldens.resolve(text(golden, "/model"))).hold(folder)));
                }
            }
        }
        return tests.stream();
    }

    private static String text(JsonNode node, String path) {
        return node.at(path).asText();
    }

    /** One golden file. */
    private record Trajectory(JsonNode golden, Path model) {
        void hold(Path folder) {
            Optimisation settings = optimisation();
            try (Checkpoint checkpoint = Checkpoint.load(model, Optional.of(DType.FLOAT32), Device.CPU);
                    Tokenizer tokenizer = Tokenizer.load(TinyRun.make(folder).model());
                    TokenStore store = Stores.of(folder, rows());
                    Weights start = checkpoint.decoder().weights().frozenCopy();
                    AdamW optimizer = new AdamW(checkpoint.decoder().weights().all(), settings.adam())) {
                Decoder decoder = checkpoint.decoder();
                assertSameDecay(decoder);
                Learner learner =
                        learner(decoder, new Decoder(decoder.architecture(), start), settings, tokenizer, store);
                int size = settings.rowsPerStep();
                for (int step = 0; step < golden.get("steps").size(); step++) {
                    long first = (long) step * size;
                    List<Long> rows = LongStream.range(first, first + size)
                            .mapToObj(at -> at % store.size())
                            .toList();
                    Map<String, Double> got =
                            learner.learn(optimizer, store, rows).values();
                    double norm = optimizer.gradientNorm();
                    double rate = settings.lrSchedulerType()
                            .rate(
                                    golden.at("/optimizer/learning_rate").asDouble(),
                                    step,
                                    settings.warmupSteps(),
                                    golden.get("steps").size());
                    optimizer.step(rate, Math.min(1, settings.maxGradNorm() / (norm + 1e-6)));
                    assertStep(golden.get("steps").get(step), step, got, norm, rate);
                }
                assertEnd(decoder.weights(), start);
            }
        }

        private interface Learner {
            Metrics learn(AdamW optimizer, TokenStore store, List<Long> rows);
        }

        private Learner learner(
                Decoder decoder, Decoder start, Optimisation settings, Tokenizer tokenizer, TokenStore store) {
            if (text(golden, "/trainer").equals("GRPOTrainer")) {
                return new GivenRollouts(golden, decoder, start, given(), tokenizer, store)::learn;
            }
            if (text(golden, "/trainer").equals("SFTTrainer")) {
                Sft sft = new Sft(Binder.bind(Sft.Config.class, YamlSource.commandLine()));
                return new SequenceLoop(decoder, settings, sft)::learn;
            }
            if (text(golden, "/trainer").equals("RewardTrainer")) {
                String centring = "center_rewards_coefficient=" + text(golden, "/options/center_rewards_coefficient");
                BradleyTerry reward = new BradleyTerry(Binder.bind(
                        BradleyTerry.Config.class, YamlSource.commandLine().with(List.of(centring))));
                return new RewardLoop(decoder, settings, reward, false, Optional.empty(), Optional.empty())::learn;
            }
            Dpo dpo = new Dpo(Binder.bind(
                    Dpo.Config.class, YamlSource.commandLine().with(List.of("beta=" + text(golden, "/options/beta")))));
            Policy reference = new Policy(start, false);
            return new PreferenceLoop(
                    decoder,
                    settings,
                    dpo,
                    Optional.of(part -> reference.score(part.packing()).logps()))::learn;
        }

        private Optimisation optimisation() {
            return Plain.optimisation(given().toArray(String[]::new));
        }

        private List<String> given() {
            List<String> given = new ArrayList<>();
            for (String key : List.of(
                    "adam_beta1",
                    "adam_beta2",
                    "adam_epsilon",
                    "weight_decay",
                    "max_grad_norm",
                    "lr_scheduler_type",
                    "warmup_steps")) {
                given.add(key + "=" + text(golden, "/optimizer/" + key));
            }
            given.add("per_device_train_batch_size=" + text(golden, "/options/per_device_train_batch_size"));
            given.add("gradient_accumulation_steps="
                    + golden.at("/options/gradient_accumulation_steps").asInt(1));
            given.add("micro_batch_tokens=30"); // several parts a step
            return given;
        }

        private List<Example> rows() {
            boolean all = !golden.at("/options/completion_only_loss").asBoolean(true);
            return StreamSupport.stream(golden.get("dataset").spliterator(), false)
                    .map(row -> {
                        if (row.has("prompts")) { // completions to them are taken from the file
                            return new TokenPrompt(ids(row.at("/prompts/0/prompt_ids")), "{}");
                        }
                        if (!row.has("prompt_ids")) {
                            return pair(ids(row.get("chosen_ids")), ids(row.get("rejected_ids")), row);
                        }
                        int[] prompt = ids(row.get("prompt_ids"));
                        if (row.has("chosen_ids")) {
                            return new TokenPair(prompt, ids(row.get("chosen_ids")), ids(row.get("rejected_ids")));
                        }
                        int[] ids = IntStream.concat(
                                        Arrays.stream(prompt), Arrays.stream(ids(row.get("completion_ids"))))
                                .toArray();
                        boolean[] trained = new boolean[ids.length];
                        Arrays.fill(trained, all ? 1 : prompt.length, ids.length, true);
                        return (Example) new TokenSequence(ids, trained);
                    })
                    .toList();
        }

        /** Two whole sequences, which begin alike. */
        private static Example pair(int[] chosen, int[] rejected, JsonNode row) {
            int prompt = Arrays.mismatch(chosen, rejected);
            return new TokenPair(
                    Arrays.copyOf(chosen, prompt),
                    Arrays.copyOfRange(chosen, prompt, chosen.length),
                    Arrays.copyOfRange(rejected, prompt, rejected.length),
                    Judgement.of(row.path("margin").asDouble()));
        }

        private static int[] ids(JsonNode node) {
            return StreamSupport.stream(node.spliterator(), false)
                    .mapToInt(JsonNode::asInt)
                    .toArray();
        }

        /** The optimiser decays matrices; the golden file says which parameters decayed. */
        private void assertSameDecay(Decoder decoder) {
            if (golden.at("/optimizer/weight_decay").asDouble() > 0) {
                List<String> decays = decoder.weights().all().entrySet().stream()
                        .filter(entry -> entry.getValue().dim() > 1)
                        .map(Map.Entry::getKey)
                        .toList();
                List<String> want = new ArrayList<>();
                golden.at("/optimizer/weight_decay_applies_to").forEach(name -> want.add(name.asText()));
                assertThat(decays).containsExactlyInAnyOrderElementsOf(want);
            }
        }

        private void assertStep(JsonNode want, int step, Map<String, Double> got, double norm, double rate) {
            double noise = golden.at("/float32_noise/loss").asDouble();
            double bound = (5 * noise + 1e-6) * (1 + step);
            assertThat(rate).isCloseTo(want.get("learning_rate").asDouble(), within(1e-12));
            assertThat(got.get("loss")).isCloseTo(want.get("loss").asDouble(), within(bound));
            double length = want.get("grad_norm").asDouble();
            assertThat(norm)
                    .isCloseTo(
                            length,
                            within(length
                                    * (1 + step)
                                    * (1e-5
                                            + 2
                                                    * golden.at("/float32_noise/grad_norm_relative")
                                                            .asDouble())));
            if (golden.at("/options/gradient_accumulation_steps").asInt(1) > 1) {
                return; // TRL logs the mean of the micro-batches' means, which depends on the split
            }
            want.get("metrics").properties().forEach(metric -> {
                String name = metric.getKey();
                double value = metric.getValue().asDouble();
                if (name.equals("rewards/accuracies") && step == 0) {
                    assertThat(got.get(name))
                            .isEqualTo(0.5); // policy and reference agree: a tie, which TRL counts as wrong
                } else if (!name.startsWith("logits/")) { // an objective sees no logits
                    assertThat(got.get(name))
                            .as(name + " of step " + (step + 1))
                            .isCloseTo(value, within(bound * Math.max(4, Math.abs(value))));
                }
            });
        }

        private void assertEnd(Weights weights, Weights start) {
            try (Scope scope = Scope.open()) {
                assertThat(golden.get("final_parameters").size())
                        .isEqualTo(weights.all().size());
                golden.get("final_parameters").properties().forEach(parameter -> {
                    Tensor end = weights.get(parameter.getKey()).detach();
                    JsonNode want = parameter.getValue();
                    double norm = want.get("norm").asDouble();
                    double change =
                            Math.sqrt(end.sub(start.get(parameter.getKey())).squaredNorm());
                    assertThat(Math.sqrt(end.squaredNorm()))
                            .as(parameter.getKey())
                            .isCloseTo(norm, within(1e-5 * norm));
                    double moved = want.get("change_norm").asDouble();
                    double noise =
                            golden.at("/float32_noise/change_norm_relative").asDouble();
                    assertThat(change).as(parameter.getKey()).isCloseTo(moved, within(moved * (2e-4 + 5 * noise)));
                });
            }
        }
    }
}
