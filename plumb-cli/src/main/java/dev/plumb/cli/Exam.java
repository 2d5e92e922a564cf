package dev.plumb.cli;

import dev.plumb.data.ChatRenderer;
import dev.plumb.data.Content;
import dev.plumb.data.DataConfig;
import dev.plumb.data.DataFile;
import dev.plumb.data.Encoder;
import dev.plumb.hub.Checkpoint;
import dev.plumb.model.Generator;
import dev.plumb.model.Sampling;
import dev.plumb.tensor.Device;
import dev.plumb.text.Message;
import dev.plumb.text.Tokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Questions that nothing in training asks. Every model answers the same ones by sampling at temperature 1: that shows how
 * often a model does something, where the likeliest answer would hide it.
 *
 * @param questions what is asked
 * @param merits what answers are marked for
 * @param seed of the sampled answers
 */
record Exam(List<Question> questions, List<Merit> merits, long seed) {
    private static final int SLOTS = 64;
    private static final int LONGEST_ANSWER = 40;

    /**
     * An answer with its marks.
     *
     * @param text what the model said
     * @param merits what it has; nothing if it does not end by itself
     */
    record Answer(String text, Set<Merit> merits) {}

    /** Copies the lists. */
    Exam {
        questions = List.copyOf(questions);
        merits = List.copyOf(merits);
    }

    /** One question for each fact that the base model has read, and that no demonstration and no preference asks for. */
    static Exam of(Village village, long seed) {
        Random random = new Random(seed);
        return new Exam(
                village.heldOut().stream()
                        .<Question>map(fact -> new FactQuestion(fact, Village.question(fact, random)))
                        .toList(),
                List.of(Merit.RIGHT, Merit.PREFERRED),
                seed);
    }

    /** The sums that no demonstration and no problem has. */
    static Exam of(Sums sums, long seed) {
        return new Exam(List.copyOf(sums.heldOut()), List.of(Merit.SUM), seed);
    }

    /**
     * Lets a model answer.
     *
     * @param model its checkpoint folder
     * @param rows any file, as the settings of encoding need one
     * @return an answer to each question
     */
    List<Answer> sit(Path model, Path rows) {
        try (Checkpoint checkpoint = Checkpoint.load(model, Optional.empty(), Device.named("auto"));
                Tokenizer tokenizer = Tokenizer.load(model)) {
            DataConfig config = DataConfig.of(DataFile.of(rows));
            Encoder encoder = new Encoder(
                    tokenizer,
                    ChatRenderer.of(config, model, tokenizer),
                    config,
                    checkpoint.decoder().architecture().contextLength());
            List<int[]> prompts = new ArrayList<>();
            for (Question question : questions) {
                prompts.add(encoder.prompt(new Content.Chat(List.of(new Message("user", question.text()))), List.of()));
            }
            Set<Integer> stops = new HashSet<>(checkpoint.generation().endIds());
            tokenizer.eos().ifPresent(stops::add);
            Sampling sampling = Sampling.of(LONGEST_ANSWER, 1, stops, seed);
            List<Generator.Completion> completions =
                    new Generator(checkpoint.decoder(), SLOTS).generate(prompts, sampling);
            List<Answer> answers = new ArrayList<>();
            for (int i = 0; i < completions.size(); i++) {
                answers.add(mark(
                        questions.get(i),
                        tokenizer.decode(completions.get(i).ids(), true).strip(),
                        completions.get(i).stopped()));
            }
            return answers;
        }
    }

    /** Gives an answer to one of the questions its marks. */
    Answer mark(Question question, String text, boolean stopped) {
        return new Answer(
                text,
                merits.stream()
                        .filter(merit -> stopped && question.earns(text, merit))
                        .collect(Collectors.toSet()));
    }
}
