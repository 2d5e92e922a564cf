package dev.plumb.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What a person would get wrong: each gets the right exit status and one clear sentence, and no stack trace. */
class WrongInputTest {
    @TempDir
    private static Path folder;

    @BeforeAll
    static void files() throws IOException {
        TinyModel.write(folder.resolve("model"));
        Files.writeString(
                folder.resolve("pairs.jsonl"), "{\"prompt\": \"a\", \"chosen\": \"b\", \"rejected\": \"c\"}\n");
        Files.writeString(folder.resolve("texts.jsonl"), "{\"text\": \"the cat\"}\n");
        Files.writeString(folder.resolve("broken.jsonl"), "{\"input_ids\": [1, 2]}\n{\"input_ids\": [1, 999]}\n");
        Files.writeString(folder.resolve("cut.jsonl"), "{\"prompt\": \"a\"}\n{\"prompt\": \"b\n");
        Files.writeString(folder.resolve("no-method.yaml"), "model: m\n");
        Files.writeString(
                folder.resolve("wrong.yaml"), "method: dpo\nmodel: m\ndata: d.jsonl\nbta: 0.2\nseed: often\n");
        Files.createDirectories(folder.resolve("used/final"));
        Files.createDirectories(folder.resolve("empty"));
        Files.writeString(
                Files.createDirectories(folder.resolve("adapter")).resolve("adapter_config.json"),
                "{\"peft_type\": \"LORA\", \"r\": 2, \"lora_alpha\": 4, \"target_modules\": [\"q_proj\"],"
                        + " \"base_model_name_or_path\": \"lost\"}\n");
        Files.writeString(
                folder.resolve("used/config.yaml"), "method: dpo\nmodel: m\ndata: d.jsonl\noutput: elsewhere\n");
    }

    static Stream<Arguments> usage() {
        return Stream.of(
                Arguments.of("", "Name a command"),
                Arguments.of("tran x", "There is no command 'tran'; did you mean 'train'?"),
                Arguments.of("train", "Name a YAML file or a method"),
                Arguments.of("check", "Name a YAML file or a method"),
                Arguments.of("generate", "Name a model and a prompt"),
                Arguments.of("chat", "Name a model"),
                Arguments.of("bench trane", "Say what to measure"),
                Arguments.of("score", "Name a model and a file"),
                Arguments.of("merge", "Name a model, its adapter and a new folder"),
                Arguments.of("train --beta 0.2", "written without dashes, as in beta=…"),
                Arguments.of("explain dpo beta", "Unmatched argument"));
    }

    @ParameterizedTest
    @MethodSource("usage")
    void aWrongCommandIsExplained(String words, String sentence) {
        Console console = Console.run(words.isEmpty() ? new String[0] : words.split(" "));
        assertThat(console.err())
                .contains(sentence)
                .contains("--help` tells more")
                .hasLineCount(1);
        assertThat(console.out()).isEmpty();
        assertThat(console.status()).isEqualTo(Exit.USAGE);
    }

    static Stream<Arguments> faults() {
        return Stream.of(
                Arguments.of("train F/none.yaml", "F/none.yaml: there is no such file"),
                Arguments.of(
                        "train dop model=m", "'dop' is neither a YAML file nor a method; the methods are sft, dpo"),
                Arguments.of("train F/no-method.yaml", "F/no-method.yaml: no `method` is given"),
                Arguments.of("train method=ppt", "there is no method 'ppt'; choose one of these: sft, dpo"),
                Arguments.of("train dpo method=sft", "The settings say method: sft, but dpo was asked for"),
                Arguments.of("train dpo model=F/none data=F/pairs.jsonl", "F/none: there is no such folder"),
                Arguments.of("train dpo model=F/empty data=F/pairs.jsonl", "F/empty: holds no config.json"),
                Arguments.of("train dpo model=F/model data=F/none.jsonl", "F/none.jsonl does not exist"),
                Arguments.of("train dpo model=F/model data=F", "F is a folder; name a file in it"),
                Arguments.of("train dpo model=F/model data=F/texts.jsonl", "prompt, chosen, rejected"),
                Arguments.of("train dpo model=F/model data=F/pairs.jsonl output=F/used", "F/used already holds a run"),
                Arguments.of("check dpo model=F/model data=F/pairs.jsonl output=F/used", "F/used already holds a run"),
                Arguments.of(
                        "check dpo model=F/model data=F/pairs.jsonl output=F/pairs.jsonl", "F/pairs.jsonl is a file"),
                Arguments.of("train F/empty", "F/empty is a folder, but not that of a run"),
                Arguments.of("train F/used", "F/used is the folder of a run: add `--resume`"),
                Arguments.of("train --resume F/used", "is of a run in elsewhere"),
                Arguments.of(
                        "train dpo model=F/model data=F/pairs.jsonl output=F/x --resume", "There is no run at F/x"),
                Arguments.of("explain dop", "There is nothing to explain under 'dop'"),
                Arguments.of("explain dpo.bta", "unknown setting 'bta', did you mean 'beta'?"),
                Arguments.of("generate model=F/model", "give either prompt='…' or prompts=FILE.jsonl"),
                Arguments.of("generate model=F/model prompt=hi max_new_tokens=64", "set max_new_tokens="),
                Arguments.of(
                        "generate model=F/model prompts=F/none.jsonl max_new_tokens=4",
                        "F/none.jsonl: there is no such file"),
                Arguments.of("generate model=F/model prompts=F/cut.jsonl max_new_tokens=4", "F/cut.jsonl:2: not JSON"),
                Arguments.of("generate model=F/model prompt=hi min_p=2", "min_p"),
                Arguments.of("generate model=F/model prompt=hi stop_strings=['']", "stop_strings holds an empty text"),
                Arguments.of(
                        "generate model=F/model prompt=hi select=best_of_n num_generations=2",
                        "nothing rewards the answers: name a function"),
                Arguments.of(
                        "generate model=F/model prompt=hi select=majority_vote",
                        "ask for several, as in num_generations=8"),
                Arguments.of(
                        "generate model=F/model prompt=hi select=top_vote num_generations=2 reward_funcs=[accuracy]",
                        "top_vote needs vote_k"),
                Arguments.of(
                        "generate model=F/model prompt=hi select=top_vote vote_k=3 num_generations=2"
                                + " reward_funcs=[accuracy]",
                        "vote_k 3 is more than the num_generations of 2"),
                Arguments.of(
                        "generate model=F/model prompt=hi num_generations=2 reward_funcs=[accuracy] vote_k=1",
                        "vote_k is used by select=top_vote only"),
                Arguments.of(
                        "generate model=F/model prompt=hi num_generations=2 select=weighted_vote reward_models=[F/model]",
                        "set vote_weight=sigmoid"),
                Arguments.of(
                        "generate model=F/model prompt=hi num_generations=2 reward_funcs=[accuracy] vote_weight=reward",
                        "vote_weight is used by select=weighted_vote only"),
                Arguments.of(
                        "generate model=F/model prompt=hi num_generations=2 select=majority_vote answer_pattern=(",
                        "not a regular expression"),
                Arguments.of(
                        "generate model=F/model prompt=hi num_generations=2 reward_funcs=[accuracy] answer_pattern=a",
                        "answer_pattern is used by votes only"),
                Arguments.of(
                        "generate model=F/model prompt=hi num_generations=2 lenient=true",
                        "lenient is used by votes only"),
                Arguments.of(
                        "generate model=F/model prompt=hi num_generations=2 write_all=true",
                        "nothing is picked: set select"),
                Arguments.of(
                        "generate model=F/model prompt=hi num_generations=2 temperature=1 max_new_tokens=4"
                                + " reward_models=[F/model]",
                        "F/model is no reward model. Train one"),
                Arguments.of("chat model=F/none", "F/none: there is no such folder"),
                Arguments.of("score model=F/model data=F/none.jsonl", "F/none.jsonl does not exist"),
                Arguments.of("score model=F/model data=F/broken.jsonl", "F/broken.jsonl:2: the model has no token 999"),
                Arguments.of(
                        "score model=F/model data=F/texts.jsonl output=F/pairs.jsonl", "F/pairs.jsonl exists already"),
                Arguments.of("merge model=F/model output=F/x", "missing required key 'adapter'"),
                Arguments.of(
                        "merge model=F/model adapter=F/none output=F/x",
                        "F/none: there is no such folder; the folder of a PEFT adapter is needed"),
                Arguments.of("merge model=F/none adapter=F/adapter output=F/x", "F/none: there is no such folder"),
                Arguments.of(
                        "merge adapter=F/adapter output=F/x",
                        "F/adapter: holds an adapter to the model 'lost', which is no folder here; give the model's folder"
                                + " as model=…"),
                Arguments.of("merge model=F/model adapter=F/adapter output=F/x", "holds no adapter_model.safetensors"),
                Arguments.of("generate model=F/adapter prompt=hi", "the model 'lost', which is no folder here"),
                Arguments.of("score model=F/model adapter=F/empty data=F/texts.jsonl", "holds no adapter_config.json"),
                Arguments.of(
                        "check dpo model=F/adapter data=F/pairs.jsonl output=F/x", "holds an adapter, not a model"));
    }

    @ParameterizedTest
    @MethodSource("faults")
    void aFaultIsOneSentence(String words, String sentence) {
        Console console = Console.run(
                words.replaceAll("(?<![\\w.])F\\b", folder.toString()).split(" "));
        assertThat(console.err())
                .contains(sentence.replaceAll("(?<![\\w.])F\\b", folder.toString()))
                .doesNotContain("Exception", "\tat ");
        assertThat(console.status()).isEqualTo(Exit.FAULT);
    }

    @Test
    void allFaultsOfAFileAreToldAtOnce() {
        Console console = Console.run("check", folder.resolve("wrong.yaml").toString());
        assertThat(console.err().lines().toList())
                .isEqualTo(List.of(
                        folder.resolve("wrong.yaml") + ":4:1: unknown key 'bta', did you mean 'beta'?",
                        folder.resolve("wrong.yaml") + ":5:7: seed: 'often' is not a whole number"));
        assertThat(console.status()).isEqualTo(Exit.FAULT);
    }

    @Test
    void checkCreatesNothing() throws IOException {
        Path output = folder.resolve("fresh");
        Console console = Console.run(
                "check",
                "dpo",
                "model=" + folder.resolve("model"),
                "data=" + folder.resolve("pairs.jsonl"),
                "data.eval_share=0",
                "output=" + output);
        assertThat(console.err()).isEmpty();
        assertThat(console.out()).contains("1 read", "A run would take 1 steps");
        assertThat(console.status()).isEqualTo(Exit.DONE);
        assertThat(Files.exists(output)).isFalse();
    }

    @Test
    void anErrorOfOurOwnAsksForAReport() {
        Console console = Console.run("generate", "model=" + folder.resolve("model"), "prompt=hi", "max_new_tokens=4");
        assertThat(console.status()).isEqualTo(Exit.DONE); // the same command works; only the error below is made up
        java.io.PrintStream err = System.err;
        java.io.ByteArrayOutputStream bytes = new java.io.ByteArrayOutputStream();
        try {
            System.setErr(new java.io.PrintStream(bytes, true));
            assertThat(new FaultReport().fault(new IllegalStateException("unthinkable")))
                    .isEqualTo(Exit.INTERNAL);
        } finally {
            System.setErr(err);
        }
        assertThat(bytes.toString())
                .contains("unthinkable", "Please report it with")
                .doesNotContain("\tat ");
    }
}
