package dev.plumb.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.plumb.config.Binder;
import dev.plumb.config.PlumbException;
import dev.plumb.config.YamlSource;
import dev.plumb.hub.Checkpoint;
import dev.plumb.model.Generator;
import dev.plumb.model.Sampling;
import dev.plumb.text.DecodeStream;
import dev.plumb.text.Tokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Lets a model write. */
@Command(
        name = "generate",
        description = {
            "Lets a model answer: one prompt on the terminal, or a file of prompts into JSON lines.",
            "",
            "Each line has the prompt, the completion, its token ids, whether it stopped by itself, and two numbers a token:"
                    + " logps is its log-probability in the model's whole distribution at the temperature, sampling_logps"
                    + " that with which it was drawn, after penalty and truncation.",
            "",
            "With several answers to each prompt, the best by rewards is written, or the one that most of them agree with"
                    + " (select); what that gained is said on the error output. The best of 1, 2, 4, … is the mean over all"
                    + " choices of so many among the answers, without bias."
        },
        footer = {
            "",
            "Examples:",
            "  plumb generate model=runs/dpo/final prompt='Tell me a story.' temperature=0.8",
            "  plumb generate model=runs/dpo/final prompts=prompts.jsonl output=answers.jsonl",
            "  plumb generate model=my-model prompts=prompts.jsonl num_generations=8 temperature=1 output=samples.jsonl",
            "  plumb generate model=my-model prompts=problems.jsonl num_generations=16 temperature=1"
                    + " reward_models=[runs/reward/final]",
            "  plumb generate model=my-model prompts=problems.jsonl num_generations=16 temperature=1 select=majority_vote"
                    + " reward_funcs=[accuracy]",
            "  plumb generate model=my-model prompt='Once upon a time' chat=false max_new_tokens=100"
        })
final class Generate implements Callable<Integer> {
    /** Prompts of a file are answered in portions, so that the first lines are there before the last. */
    private static final int PORTION = 256;

    @Spec
    private CommandSpec spec;

    @Mixin
    private HelpOption help;

    @Parameters(
            paramLabel = "KEY=VALUE",
            arity = "0..*",
            description = "Settings; `plumb explain generate` lists them.")
    private List<String> words = new ArrayList<>();

    private Generate() {}

    @Override
    public Integer call() {
        if (words.isEmpty()) {
            throw new ParameterException(
                    spec.commandLine(), "Name a model and a prompt, as in `plumb generate model=… prompt='…'`.");
        }
        GenerateSettings settings =
                Binder.bind(GenerateSettings.class, YamlSource.commandLine().with(words));
        try (Checkpoint checkpoint = Models.open(settings.model(), settings.computing());
                Tokenizer tokenizer = Tokenizer.load(checkpoint.folder())) {
            Models.requireWriting(settings.model(), checkpoint);
            try (Picker picker = new Picker(settings, checkpoint, tokenizer)) {
                write(
                        settings,
                        new PromptReader(settings, checkpoint, tokenizer),
                        new Writer(settings, checkpoint, tokenizer, picker));
                picker.summary().ifPresent(System.err::println);
            }
        }
        return Exit.DONE;
    }

    private static void write(GenerateSettings settings, PromptReader reader, Writer writer) {
        if (settings.prompts().isPresent()) {
            answerAll(settings.prompts().get(), settings.output(), reader, writer);
            return;
        }
        PromptReader.Prompt prompt = reader.prompt(settings.prompt().orElseThrow());
        if (settings.output().isEmpty()) {
            writer.stream(prompt);
            return;
        }
        try (JsonOutput out = JsonOutput.open(settings.output())) {
            writer.answer(List.of(prompt), 0, out);
        }
    }

    private static void answerAll(Path prompts, Optional<Path> output, PromptReader reader, Writer writer) {
        try (JsonInput in = JsonInput.open(prompts);
                JsonOutput out = JsonOutput.open(output)) {
            List<PromptReader.Prompt> portion = new ArrayList<>();
            long answered = 0;
            for (Optional<JsonInput.Row> row = in.next(); row.isPresent(); row = in.next()) {
                portion.add(reader.prompt(row.get()));
                if (portion.size() == PORTION) {
                    writer.answer(portion, answered, out);
                    answered += portion.size();
                    portion.clear();
                }
            }
            writer.answer(portion, answered, out);
        }
    }

    /** A model that completes prompts. */
    private static final class Writer {
        private final Generator generator;
        private final Tokenizer tokenizer;
        private final Sampling sampling;
        private final int samples;
        private final List<String> stopStrings;
        private final Picker picker;

        Writer(GenerateSettings settings, Checkpoint checkpoint, Tokenizer tokenizer, Picker picker) {
            this.generator = new Generator(checkpoint.decoder(), settings.batchSize());
            this.tokenizer = tokenizer;
            this.picker = picker;
            this.sampling = settings.drawing().sampling(checkpoint.generation(), tokenizer);
            this.samples = settings.numGenerations();
            this.stopStrings = settings.drawing().stopStrings();
            if (samples > 1 && sampling.temperature() == 0) {
                throw new PlumbException(
                        "num_generations=" + samples + " at temperature 0 would give the same completion " + samples
                                + " times: set a temperature, such as temperature=1.");
            }
        }

        /** Writes as the tokens come; several completions, or what is to be rewarded, one after another when all are there. */
        void stream(PromptReader.Prompt prompt) {
            if (samples > 1 || !picker.isIdle()) {
                show(prompt);
                return;
            }
            DecodeStream text = tokenizer.stream(true);
            complete(List.of(prompt), 0, (number, token) -> {
                System.out.print(text.push(token));
                System.out.flush();
                return false;
            });
            System.out.println(text.finish());
        }

        /** Each under its number, what it earns and whether it was picked. */
        private void show(PromptReader.Prompt prompt) {
            List<Generator.Completion> made = complete(List.of(prompt), 0, Generator.Watcher.NONE);
            List<Picker.Pick> picks = picker.picks(List.of(prompt), made);
            for (int i = 0; i < samples; i++) {
                Picker.Pick pick = picks.get(i);
                if (pick.written()) {
                    System.out.println("--- " + i + (pick.marks().isEmpty() ? "" : " " + pick.marks()));
                    System.out.println(tokenizer.decode(made.get(i).ids(), true));
                }
            }
        }

        /** Writes a line for each completion that is to be written. */
        void answer(List<PromptReader.Prompt> prompts, long first, JsonOutput out) {
            List<Generator.Completion> made = complete(prompts, first, Generator.Watcher.NONE);
            List<Picker.Pick> picks = picker.picks(prompts, made);
            for (int i = 0; i < made.size(); i++) {
                if (!picks.get(i).written()) {
                    continue;
                }
                Generator.Completion completion = made.get(i);
                ObjectNode row = Json.object();
                row.set("prompt", prompts.get(i / samples).shown());
                row.put("sample", i % samples);
                row.put("completion", tokenizer.decode(completion.ids(), true));
                row.set("ids", Json.array(completion.ids()));
                row.set("logps", Json.array(completion.logps()));
                row.set("sampling_logps", Json.array(completion.samplingLogps()));
                row.put("stopped", completion.stopped());
                row.setAll(picks.get(i).marks());
                out.write(row);
            }
        }

        private List<Generator.Completion> complete(
                List<PromptReader.Prompt> prompts, long first, Generator.Watcher watcher) {
            List<int[]> ids = prompts.stream().map(PromptReader.Prompt::ids).toList();
            return generator.generate(
                    new Generator.Request(ids, first, samples),
                    sampling,
                    Models.ending(tokenizer, stopStrings, watcher));
        }
    }
}
