package dev.plumb.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.plumb.config.Binder;
import dev.plumb.config.PlumbException;
import dev.plumb.config.YamlSource;
import dev.plumb.hub.Checkpoint;
import dev.plumb.hub.GenerationDefaults;
import dev.plumb.model.Generator;
import dev.plumb.model.Sampling;
import dev.plumb.text.DecodeStream;
import dev.plumb.text.Tokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
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
            "Each line has the prompt, the completion, its token ids, the log-probability with which each was drawn, and"
                    + " whether it stopped by itself."
        },
        footer = {
            "",
            "Examples:",
            "  plumb generate model=runs/dpo/final prompt='Tell me a story.' temperature=0.8",
            "  plumb generate model=runs/dpo/final prompts=prompts.jsonl output=answers.jsonl",
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
            if (checkpoint.decoder().architecture().isScoring()) {
                throw new PlumbException(
                        settings.model() + ": is a reward model, which gives scores and writes nothing;"
                                + " `plumb score` is what asks it.");
            }
            PromptReader reader = new PromptReader(settings, checkpoint, tokenizer);
            Generator generator = new Generator(checkpoint.decoder(), settings.batchSize());
            Sampling sampling = sampling(settings, checkpoint.generation(), tokenizer);
            if (settings.prompts().isPresent()) {
                answerAll(settings.prompts().get(), settings.output(), reader, generator, sampling, tokenizer);
            } else {
                PromptReader.Prompt prompt = reader.prompt(settings.prompt().orElseThrow());
                if (settings.output().isPresent()) {
                    try (JsonOutput out = JsonOutput.open(settings.output())) {
                        answer(List.of(prompt), out, generator, sampling, tokenizer);
                    }
                } else {
                    stream(prompt, generator, sampling, tokenizer);
                }
            }
        }
        return Exit.DONE;
    }

    private static Sampling sampling(GenerateSettings settings, GenerationDefaults defaults, Tokenizer tokenizer) {
        Set<Integer> stops = new HashSet<>(defaults.endIds());
        tokenizer.eos().ifPresent(stops::add);
        double usual = defaults.sample() ? defaults.temperature().orElse(1) : 0;
        return new Sampling(
                settings.maxNewTokens(),
                settings.temperature().orElse(usual),
                settings.topK().orElse(defaults.topK().orElse(0)),
                settings.topP().orElse(defaults.topP().orElse(1)),
                stops,
                settings.seed());
    }

    private static void stream(
            PromptReader.Prompt prompt, Generator generator, Sampling sampling, Tokenizer tokenizer) {
        DecodeStream text = tokenizer.stream(true);
        generator.generate(List.of(prompt.ids()), sampling, (number, token) -> {
            System.out.print(text.push(token));
            System.out.flush();
        });
        System.out.println(text.finish());
    }

    private static void answerAll(
            Path prompts,
            Optional<Path> output,
            PromptReader reader,
            Generator generator,
            Sampling sampling,
            Tokenizer tokenizer) {
        try (JsonInput in = JsonInput.open(prompts);
                JsonOutput out = JsonOutput.open(output)) {
            List<PromptReader.Prompt> portion = new ArrayList<>();
            long portions = 0;
            for (Optional<JsonInput.Row> row = in.next(); row.isPresent(); row = in.next()) {
                portion.add(reader.prompt(row.get()));
                if (portion.size() == PORTION) {
                    answer(portion, out, generator, reseeded(sampling, portions++), tokenizer);
                    portion.clear();
                }
            }
            answer(portion, out, generator, reseeded(sampling, portions), tokenizer);
        }
    }

    /** Other draws for each portion; the first has those of the seed itself. */
    private static Sampling reseeded(Sampling sampling, long portion) {
        return new Sampling(
                sampling.maxNewTokens(),
                sampling.temperature(),
                sampling.topK(),
                sampling.topP(),
                sampling.stops(),
                sampling.seed() ^ portion * 0xBF58476D1CE4E5B9L);
    }

    private static void answer(
            List<PromptReader.Prompt> prompts,
            JsonOutput out,
            Generator generator,
            Sampling sampling,
            Tokenizer tokenizer) {
        if (prompts.isEmpty()) {
            return;
        }
        List<Generator.Completion> made = generator.generate(
                prompts.stream().map(PromptReader.Prompt::ids).toList(), sampling);
        for (int i = 0; i < made.size(); i++) {
            Generator.Completion completion = made.get(i);
            ObjectNode row = Json.object();
            row.set("prompt", prompts.get(i).shown());
            row.put("completion", tokenizer.decode(completion.ids(), true));
            row.set("ids", Json.array(completion.ids()));
            row.set("logps", Json.array(completion.logps()));
            row.put("stopped", completion.stopped());
            out.write(row);
        }
    }
}
