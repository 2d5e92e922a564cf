package dev.plumb.reward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.plumb.config.Binder;
import dev.plumb.config.Dump;
import dev.plumb.config.PlumbException;
import dev.plumb.config.YamlSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Several rewards at once, some of which misbehave. */
class RewardSetTest {
    private static final Rule ONE = input -> Score.of(1);

    @Test
    void sumsByWeightAsInTheSpecification() throws IOException {
        JsonNode vector = Inputs.vector("multi-reward-sum-then-normalize");
        List<RewardPart> parts = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            int column = i;
            Rule rule = input -> Score.of(vector.at("/inputs/rewards/" + input.completion() + "/" + column)
                    .asDouble());
            parts.add(part("r" + i, rule, vector.at("/inputs/weights/" + i).asDouble(), RewardPart.OnFailure.MASK));
        }
        RewardScores scores = new RewardSet(parts).scores(numbered(8));
        for (int j = 0; j < 8; j++) {
            assertThat(scores.totals()[j])
                    .isCloseTo(vector.at("/expected/combined/" + j).asDouble(), within(1e-12));
        }
        assertThat(scores.faults()).isEmpty();
        assertThat(scores.counts()).isEqualTo(Map.of("reward/r0/calls", 8L, "reward/r1/calls", 8L));
        assertThat(scores.sums().get("r0")).containsExactly(4, 8);
    }

    @Test
    void whatThrowsIsCountedAndLeftOut() {
        Rule throwing = input -> {
            switch (input.completion()) {
                case "0" -> throw new IOException("no such thing");
                case "1" -> throw new StackOverflowError();
                case "2" -> throw new OutOfMemoryError("a gigabyte");
                default -> {
                    return Score.of(5, "fine");
                }
            }
        };
        RewardSet set = new RewardSet(List.of(RewardPart.of("one", ONE), RewardPart.of("bad", throwing)));
        RewardScores scores = set.scores(numbered(4));
        assertThat(scores.totals()).containsExactly(Double.NaN, Double.NaN, Double.NaN, 6);
        assertThat(scores.isScorable(0)).isFalse();
        assertThat(scores.values()[0]).containsExactly(1, 1, 1, 1);
        assertThat(scores.count("reward/bad/errors")).isEqualTo(3);
        assertThat(scores.count("reward/bad/unscorable")).isEqualTo(3);
        assertThat(scores.count("reward/bad/notes/fine")).isEqualTo(1);
        assertThat(scores.count("reward/one/errors")).isZero();
        assertThat(scores.faults()).hasSize(3).anyMatch(line -> line.contains("no such thing"));
        RewardSet lenient =
                new RewardSet(List.of(RewardPart.of("one", ONE), part("bad", throwing, 1, RewardPart.OnFailure.SKIP)));
        assertThat(lenient.scores(numbered(4)).totals()).containsExactly(1, 1, 1, 6);
    }

    @Test
    void infiniteAndMissingValuesAreFaultsToo() {
        Rule infinite = input -> Score.of(Double.NaN);
        RewardScores scores = new RewardSet(List.of(RewardPart.of("nan", infinite))).scores(numbered(2));
        assertThat(scores.count("reward/nan/errors")).isEqualTo(2);
        Reward few = inputs -> List.of();
        assertThat(new RewardSet(List.of(RewardPart.of("few", few)))
                        .scores(numbered(2))
                        .faults())
                .containsExactly("reward few failed: java.lang.IllegalStateException: gave 0 scores for 2 completions");
    }

    @Test
    void whatHangsHasADeadlineAndIsGivenUpInTheEnd() {
        Rule sleeping = input -> {
            if (input.completion().equals("3")) {
                Thread.sleep(60_000);
            }
            return Score.of(1);
        };
        RewardSet set = new RewardSet(List.of(timed("sleeping", sleeping, 1000)));
        for (int step = 0; step < 9; step++) { // ends when interrupted, so it is never given up
            RewardScores scores = set.scores(numbered(6));
            assertThat(scores.count("reward/sleeping/timeouts")).isEqualTo(1);
            assertThat(scores.count("reward/sleeping/refused")).isZero();
            assertThat(scores.totals()).containsExactly(1, 1, 1, Double.NaN, 1, 1);
        }
        boolean[] stop = new boolean[1];
        Rule deaf = input -> {
            while (!stopped(stop)) {
                Thread.onSpinWait();
            }
            return Score.of(1);
        };
        RewardSet hopeless = new RewardSet(List.of(timed("deaf", deaf, 200), RewardPart.of("one", ONE)));
        RewardScores scores = hopeless.scores(numbered(20));
        assertThat(scores.count("reward/deaf/timeouts")).isBetween(8L, 19L);
        assertThat(scores.count("reward/deaf/timeouts") + scores.count("reward/deaf/refused"))
                .isEqualTo(20);
        assertThat(scores.count("reward/one/calls")).isEqualTo(20);
        assertThat(scores.faults()).anyMatch(line -> line.contains("took longer than 0.2 s"));
        assertThat(scores.faults()).anyMatch(line -> line.contains("not called any more"));
        synchronized (stop) {
            stop[0] = true;
        }
    }

    private static boolean stopped(boolean[] stop) {
        synchronized (stop) {
            return stop[0];
        }
    }

    @Test
    void aPatternThatNeverEndsIsStopped() {
        Rule rule = new RegexReward(new RegexReward.Config("(a+)+b(?<!x)$", false));
        RewardSet set = new RewardSet(List.of(timed("regex", rule, 1000)));
        for (int step = 0; step < 9; step++) {
            RewardScores scores = set.scores(List.of(Inputs.of("a".repeat(60) + "c"), Inputs.of("aab")));
            assertThat(scores.count("reward/regex/refused")).isZero();
            assertThat(scores.totals()[1]).isEqualTo(1);
        }
    }

    @Test
    void aHangingFloodingForkingProgramOfOnesOwnIsCounted() {
        SandboxTest.sandbox();
        SandboxTest.needPython();
        String program = "import json, sys, os, time\nc = json.load(sys.stdin)['completion']\n"
                + "if c == '0': time.sleep(60)\nif c == '1': sys.stdout.write('x' * 10**9)\n"
                + "if c == '2': raise ValueError('no')\n"
                + "while c == '3':\n  try: os.fork()\n  except OSError: pass\n"
                + "print('null' if c == '4' else 7)\n";
        CommandReward.Config config = new CommandReward.Config(
                List.of("python3", "-c", program),
                new SandboxLimits(4, 4, 2048, 32, 64, 1024, 64),
                Sandbox.Mode.BUBBLEWRAP,
                List.of());
        RewardSet set = new RewardSet(List.of(RewardPart.of("own", new CommandReward(config))));
        RewardScores scores =
                set.scores(Stream.of("0", "1", "2", "4", "5").map(Inputs::of).toList());
        assertThat(scores.totals()).containsExactly(Double.NaN, Double.NaN, Double.NaN, Double.NaN, 7);
        assertThat(scores.count("reward/own/errors") + scores.count("reward/own/timeouts"))
                .isEqualTo(3);
        assertThat(scores.count("reward/own/errors")).isBetween(1L, 2L); // a flood ends by its size, or late
        assertThat(scores.count("reward/own/not_applicable")).isEqualTo(1);
        assertThat(scores.faults()).hasSize(2).anyMatch(fault -> fault.contains("took longer than 4.0 s"));
        // By itself, as it takes the processor from all others.
        RewardScores forked = set.scores(List.of(Inputs.of("3")));
        assertThat(forked.totals()).containsExactly(Double.NaN);
        assertThat(forked.count("reward/own/errors") + forked.count("reward/own/timeouts"))
                .isEqualTo(1);
        assertThat(set.scores(List.of(Inputs.of("5"))).totals()).containsExactly(7);
    }

    @Test
    void clipsThenNormalisesThenWeighs() {
        Rule rule = input -> input.completion().equals("4")
                ? Score.notApplicable()
                : Score.of(Double.parseDouble(input.completion()) * 10);
        RewardPart part = new RewardPart(
                "r",
                rule,
                2,
                Optional.of(5.0),
                Optional.of(20.0),
                RewardPart.Normalise.BATCH,
                Duration.ofSeconds(10),
                RewardPart.OnFailure.MASK);
        RewardScores scores = new RewardSet(List.of(part)).scores(numbered(5));
        double mean = (5 + 10 + 20 + 20) / 4.0;
        double std = Math.sqrt((Math.pow(5 - mean, 2) + Math.pow(10 - mean, 2) + 2 * Math.pow(20 - mean, 2)) / 3);
        assertThat(scores.totals()[0]).isCloseTo(2 * (5 - mean) / (std + 1e-4), within(1e-12));
        assertThat(scores.totals()[3]).isCloseTo(2 * (20 - mean) / (std + 1e-4), within(1e-12));
        assertThat(scores.isScorable(4)).isFalse();
        assertThat(scores.raw()[0][3]).isEqualTo(30);
        Rule same = input -> Score.of(3);
        RewardPart flat = new RewardPart(
                "s",
                same,
                1,
                Optional.empty(),
                Optional.empty(),
                RewardPart.Normalise.BATCH,
                Duration.ofSeconds(10),
                RewardPart.OnFailure.MASK);
        assertThat(new RewardSet(List.of(flat)).scores(numbered(1)).totals()).containsExactly(0);
        assertThat(new RewardSet(List.of(flat)).scores(List.of()).totals()).isEmpty();
    }

    @Test
    void stepsComeWithTheCompletionThatMayBeLearntFrom() {
        Reward judge = inputs -> inputs.stream()
                .map(input -> Score.of(0.5, new StepScores(new double[] {0.5}, new int[] {3}), List.of("seen")))
                .toList();
        Rule failing = input -> input.completion().equals("1") ? Score.failure() : Score.of(1);
        RewardSet set = new RewardSet(List.of(RewardPart.of("judge", judge), RewardPart.of("other", failing)));
        RewardScores scores = set.scores(numbered(3));
        assertThat(scores.steps()).hasSize(3);
        assertThat(scores.steps().get(1)).isSameAs(StepScores.NONE);
        assertThat(scores.steps().get(2).ends()).containsExactly(3);
        assertThat(scores.count("reward/judge/notes/seen")).isEqualTo(3);
        RewardScores more = scores.of(2, 1).and(scores.of(0));
        assertThat(more.steps()).extracting(steps -> steps.ends().length).containsExactly(1, 0, 1);
        assertThat(new RewardSet(List.of(RewardPart.of("one", ONE)))
                        .scores(numbered(2))
                        .steps())
                .containsExactly(StepScores.NONE, StepScores.NONE);
        assertThatThrownBy(() -> new StepScores(new double[] {Double.NaN}, new int[] {3}))
                .hasMessageContaining("cannot have scores");
        assertThatThrownBy(() -> new StepScores(new double[1], new int[0])).hasMessageContaining("cannot have scores");
    }

    @Test
    void settingsAreBoundByNameAndWithWeights() {
        RewardSet set = bind("reward_funcs: [accuracy, {name: format, weight: 0.5, format: {mode: think_only}}]")
                .open();
        RewardScores scores = set.scores(List.of(
                Inputs.of("<think>a</think> \\boxed{5}", Map.of("answer", "5")),
                Inputs.of("5", Map.of("answer", "5"))));
        assertThat(set.names()).containsExactly("accuracy", "format");
        assertThat(scores.totals()).containsExactly(1.5, 0);
        assertThat(scores.count("reward/accuracy/notes/no_answer")).isEqualTo(1);
        assertThat(bind("reward_funcs: [length, cosine]\nreward_weights: [0.25, 2]")
                        .parts())
                .extracting(RewardPart::weight)
                .containsExactly(0.25, 2.0);
        assertThat(bind("reward_funcs: language").parts()).hasSize(1);
        assertThat(bind("reward_funcs: [json, overlong, repetition, {name: regex, regex: {pattern: a}, timeout: 2}]")
                        .parts())
                .extracting(RewardPart::deadline)
                .containsExactly(
                        Duration.ofSeconds(10), Duration.ofSeconds(10), Duration.ofSeconds(10), Duration.ofSeconds(2));
    }

    @Test
    void settingsAsUsedCanBeReadAgain() {
        RewardConfig config =
                bind("reward_funcs: [accuracy, {name: code, clip_max: 0.5, code: {limits: {memory_mib: 99}}}]");
        assertThat(bind(Dump.yaml(config))).isEqualTo(config);
    }

    @Test
    void wrongSettingsAreSaid() {
        assertFault("reward_funcs: [acuracy]", "did you mean 'accuracy'");
        assertFault("reward_funcs: [regex]", "needs its pattern");
        assertFault("reward_funcs: [{name: length, cosine: {max_len: 5}}]", "does not take settings of cosine");
        assertFault("reward_funcs: [{name: length, length: {min_tokens: 9, max_tokens: 5}}]", "above max_tokens");
        assertFault("reward_funcs: [{name: regex, regex: {pattern: '('}}]", "not a regular expression");
        assertFault("reward_funcs: [length]\nreward_weights: [1, 2]", "2 weights for 1");
        assertFault("reward_funcs: [{name: length, weight: 2}]\nreward_weights: [1]", "take one");
        assertThatThrownBy(() -> bind("reward_funcs: [length, length]").open()).hasMessageContaining("another label");
        assertThatThrownBy(() -> bind("{}").open()).hasMessageContaining("names no reward");
    }

    @Test
    void aSchemaFileIsRead(@TempDir Path folder) throws IOException {
        Path schema = Files.writeString(folder.resolve("s.json"), "{\"type\": \"array\"}");
        RewardSet set = bind("reward_funcs: [{name: json, json: {schema_file: '" + schema + "'}}]")
                .open();
        assertThat(set.scores(List.of(Inputs.of("[]"), Inputs.of("{}"))).totals())
                .containsExactly(1, 0);
        assertThatThrownBy(() -> bind("reward_funcs: [{name: json, json: {schema_file: no.json}}]")
                        .open())
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining("no.json");
    }

    private static RewardConfig bind(String yaml) {
        return Binder.bind(RewardConfig.class, YamlSource.text("r.yaml", yaml));
    }

    private static void assertFault(String yaml, String part) {
        assertThatThrownBy(() -> bind(yaml)).isInstanceOf(PlumbException.class).hasMessageContaining(part);
    }

    private static RewardPart part(String name, Reward reward, double weight, RewardPart.OnFailure onFailure) {
        return new RewardPart(
                name,
                reward,
                weight,
                Optional.empty(),
                Optional.empty(),
                RewardPart.Normalise.NONE,
                Duration.ofSeconds(10),
                onFailure);
    }

    /** A deadline that a busy machine does not miss by itself, where more than the hanging call is counted. */
    private static RewardPart timed(String name, Reward reward, int millis) {
        return new RewardPart(
                name,
                reward,
                1,
                Optional.empty(),
                Optional.empty(),
                RewardPart.Normalise.NONE,
                Duration.ofMillis(millis),
                RewardPart.OnFailure.MASK);
    }

    private static List<RewardInput> numbered(int count) {
        List<RewardInput> inputs = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            inputs.add(Inputs.of(Integer.toString(i)));
        }
        return inputs;
    }
}
