package dev.plumb.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;

/**
 * What a quickstart learns and asks.
 *
 * @param village the exam about the village
 * @param sums the exam of sums
 * @param told the world in figures, for people
 */
record QuickstartWorld(Exam village, Exam sums, String told) {
    /**
     * Makes the rows of all stages, a tokenizer for them, and a model that has learnt nothing.
     *
     * @param plan how large
     * @param seed of all of it
     * @param files where to
     */
    static QuickstartWorld make(QuickstartPlan plan, long seed, QuickstartFiles files) {
        Random random = new Random(seed);
        Village village = Village.found(plan.villagers(), random);
        List<Village.Story> stories = village.stories(plan.stories(), random);
        files.write(files.stories(), stories);
        files.write(files.demonstrations(), village.demonstrations(plan.demonstrations(), plan.sourced(), random));
        files.write(files.preferences(), village.preferences(plan.pairs(), random));
        Exam exam = Exam.of(village, seed);
        files.write(files.exam(), exam.questions());

        Sums sums = Sums.deal(random);
        List<Village.Demonstration> workedOut = sums.demonstrations(plan.sums(), plan.carried(), random);
        files.write(files.sums(), workedOut);
        files.write(files.problems(), Sums.problems(sums.learnt()));
        files.write(files.sumsExam(), Sums.problems(sums.heldOut()));

        List<String> texts =
                new ArrayList<>(stories.stream().map(Village.Story::text).toList());
        workedOut.forEach(row -> row.messages()
                .forEach(turn -> texts.add(turn.content().replaceAll("\\d+", "")))); // so that each digit is a token
        files.tokenizer(texts, plan.vocabulary());
        long parameters = files.blank(plan.width(), plan.layers(), seed);
        String told = String.format(
                Locale.ROOT,
                "%d people and %d facts; %,d texts, %,d demonstrations, %,d pairs; a Llama of %,d parameters.%n"
                        + "The texts tell all facts. Demonstrations and pairs ask for %d of them; the exam asks for the other %d.%n"
                        + "The preference: say it in one sentence and name the book that it stands in.%n"
                        + "%d sums in which a ten is carried: %d to learn from, the other %d for an exam of their own. In %,d%n"
                        + "demonstrations %.0f %% forget the ten.",
                plan.villagers(),
                village.facts().size(),
                plan.stories(),
                plan.demonstrations(),
                plan.pairs(),
                parameters,
                village.asked().size(),
                village.heldOut().size(),
                sums.learnt().size() + sums.heldOut().size(),
                sums.learnt().size(),
                sums.heldOut().size(),
                plan.sums(),
                100 * (1 - plan.carried()));
        return new QuickstartWorld(exam, Exam.of(sums, seed), told);
    }
}
