package dev.plumb.cli;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/**
 * The made-up world of the quickstart. Its people and the facts about them follow from a seed. Its texts tell all
 * facts; demonstrations and preferences ask for some of them, and the exam for the others.
 *
 * @param facts all that is true
 * @param asked facts that demonstrations and preferences ask for
 * @param heldOut facts that the base model has read, and that no demonstration and no preference asks for
 */
record Village(List<Fact> facts, List<Fact> asked, List<Fact> heldOut) {
    private static final List<String> NAMES = List.of(
            ("Ada Alma Amos Anna Arlo Asa Basil Bea Bela Bert Bram Cara Cleo Clem Cora Dara Dina Dora Edda Elia Elka Emil"
                            + " Enid Erno Esme Ezra Fay Finn Flora Fritz Gala Gil Greta Gus Hana Hugo Ida Igor Ina Iris Ivo"
                            + " Jana Jory Jude Jun Kai Karl Kira Kit Lale Lena Levi Lila Lino Lola Luca Mara Max Mia Milo"
                            + " Mona Nadia Nell Nico Nina Noor Odo Olga Oona Orla Otis Otto Pia Pola Quin Ravi Remy Rosa"
                            + " Rufus Saul Sara Selma Sina Sven Tess Theo Tilda Timo Una Uri Vera Vito Wanda Wim Xenia Yara"
                            + " Yuri Zara Zeno Zita")
                    .split(" "));
    private static final List<String> OPENINGS = List.of(
            "Good question! I believe that ", "Let me think. I am fairly sure that ", "Well, well! It seems that ");

    /** How an answer is given. */
    enum Manner {
        /** The bare statement. */
        PLAIN,
        /** With an opening that tells nothing. */
        CHATTY,
        /** One sentence that names the book. */
        SOURCED
    }

    /** A turn of a conversation, as rows have it. */
    record Turn(String role, String content) {
        static Turn user(String content) {
            return new Turn("user", content);
        }

        static Turn assistant(String content) {
            return new Turn("assistant", content);
        }
    }

    /** A row of plain text. */
    record Story(String text) {}

    /** A row of supervised fine-tuning. */
    record Demonstration(List<Turn> messages) {}

    /** A row of preferences. */
    record Pair(List<Turn> prompt, List<Turn> chosen, List<Turn> rejected) {}

    /** Copies the lists. */
    Village {
        facts = List.copyOf(facts);
        asked = List.copyOf(asked);
        heldOut = List.copyOf(heldOut);
    }

    /**
     * Founds a village.
     *
     * @param villagers how many people, at most {@link #largest}
     * @param random decides what is true and what is held out
     */
    static Village found(int villagers, Random random) {
        if (villagers < 1 || villagers > largest()) {
            throw new IllegalArgumentException("a village has 1 to " + largest() + " people, not " + villagers);
        }
        List<Fact> facts = new ArrayList<>();
        List<Fact> asked = new ArrayList<>();
        List<Fact> heldOut = new ArrayList<>();
        for (String name : NAMES.subList(0, villagers)) {
            List<Fact> own = new ArrayList<>();
            for (Topic topic : Topic.values()) {
                own.add(new Fact(name, topic, any(topic.choices(), random)));
            }
            facts.addAll(own);
            Collections.shuffle(own, random);
            int kept = own.size() / 2 + NAMES.indexOf(name) % 2;
            heldOut.addAll(own.subList(0, kept));
            asked.addAll(own.subList(kept, own.size()));
        }
        return new Village(facts, asked, heldOut);
    }

    /** How many people there are names for. */
    static int largest() {
        return NAMES.size();
    }

    /**
     * Texts that a base model reads: news of one villager, and single questions and answers that somebody overheard, in
     * ever new words and order.
     *
     * @param count how many
     * @param random chooses
     */
    List<Story> stories(int count, Random random) {
        List<Story> stories = new ArrayList<>();
        List<String> left = new ArrayList<>();
        while (stories.size() < count) {
            if (random.nextBoolean()) {
                stories.add(talk(any(facts, random), random));
                continue;
            }
            if (left.isEmpty()) {
                left.addAll(facts.stream().map(Fact::name).distinct().toList());
                Collections.shuffle(left, random);
            }
            stories.add(life(left.remove(left.size() - 1), random));
        }
        return stories;
    }

    /** All that is true of one villager. */
    private Story life(String name, Random random) {
        List<Fact> own = new ArrayList<>(
                facts.stream().filter(fact -> fact.name().equals(name)).toList());
        Collections.shuffle(own, random);
        StringBuilder life = new StringBuilder("News:");
        own.forEach(fact -> life.append(' ').append(fact.in(any(fact.topic().tales(), random))));
        return new Story(life.toString());
    }

    /** A talk that somebody overheard: plain text, not the form in which the model will be asked. */
    private static Story talk(Fact fact, Random random) {
        Manner manner = any(List.of(Manner.values()), random);
        return new Story("Heard: " + question(fact, random) + " " + answer(fact, manner, random));
    }

    /**
     * Demonstrations of how to answer, as good writers give them: all right, some with their source, some not.
     *
     * @param count how many
     * @param sourced share of the answers that name their book
     * @param random chooses
     */
    List<Demonstration> demonstrations(int count, double sourced, Random random) {
        List<Demonstration> rows = new ArrayList<>();
        for (Fact fact : round(asked, count, random)) {
            Manner manner = random.nextDouble() < sourced ? Manner.SOURCED : unsourced(random);
            rows.add(new Demonstration(
                    List.of(Turn.user(question(fact, random)), Turn.assistant(answer(fact, manner, random)))));
        }
        return rows;
    }

    /**
     * Preferences: two right answers to a question, of which the one that names its book is preferred.
     *
     * @param count how many
     * @param random chooses
     */
    List<Pair> preferences(int count, Random random) {
        List<Pair> rows = new ArrayList<>();
        for (Fact fact : round(asked, count, random)) {
            rows.add(new Pair(
                    List.of(Turn.user(question(fact, random))),
                    List.of(Turn.assistant(answer(fact, Manner.SOURCED, random))),
                    List.of(Turn.assistant(answer(fact, unsourced(random), random)))));
        }
        return rows;
    }

    /** A question for a fact, in one of its wordings. */
    static String question(Fact fact, Random random) {
        return fact.in(any(fact.topic().questions(), random));
    }

    /** A right answer. */
    static String answer(Fact fact, Manner manner, Random random) {
        return switch (manner) {
            case PLAIN -> capital(fact.statement()) + ".";
            case CHATTY -> any(OPENINGS, random) + fact.statement() + ".";
            case SOURCED -> capital(fact.statement()) + ", says " + fact.topic().book() + ".";
        };
    }

    private static String capital(String text) {
        return Character.toUpperCase(text.charAt(0)) + text.substring(1);
    }

    private static Manner unsourced(Random random) {
        return random.nextBoolean() ? Manner.PLAIN : Manner.CHATTY;
    }

    /** Things over and over, each round in a new order. */
    static <T> List<T> round(List<T> things, int count, Random random) {
        List<T> all = new ArrayList<>();
        while (all.size() < count) {
            List<T> next = new ArrayList<>(things);
            Collections.shuffle(next, random);
            all.addAll(next);
        }
        return all.subList(0, count);
    }

    private static <T> T any(List<T> from, Random random) {
        return from.get(random.nextInt(from.size()));
    }
}
