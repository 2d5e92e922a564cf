package dev.plumb.cli;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/**
 * The made-up world of the quickstart. Its people and the facts about them follow from a seed. Stories tell all facts;
 * questions are asked about some of them in training, and about the others only in the exam.
 *
 * @param facts all that is true
 * @param asked facts that demonstrations and preferences ask for
 * @param heldOut facts that stories tell and that nobody asks for before the exam
 */
record Village(List<Fact> facts, List<Fact> asked, List<Fact> heldOut) {
    private static final int HELD_OUT_PER_VILLAGER = 2;
    private static final int TALKS_ONE_IN = 5;
    private static final int QUESTIONS_PER_TALK = 1;
    private static final int PEOPLE_PER_STORY = 1;
    private static final int FACTS_PER_PERSON = 5;
    private static final List<String> NAMES = List.of(
            ("Ada Alma Amos Anna Arlo Asa Basil Bea Bela Bert Bram Cara Cleo Clem Cora Dara Dina Dora Edda Elia Elka Emil"
                            + " Enid Erno Esme Ezra Fay Finn Flora Fritz Gala Gil Greta Gus Hana Hugo Ida Igor Ina Iris Ivo"
                            + " Jana Jory Jude Jun Kai Karl Kira Kit Lale Lena Levi Lila Lino Lola Luca Mara Max Mia Milo"
                            + " Mona Nadia Nell Nico Nina Noor Odo Olga Oona Orla Otis Otto Pia Pola Quin Ravi Remy Rosa"
                            + " Rufus Saul Sara Selma Sina Sven Tess Theo Tilda Timo Una Uri Vera Vito Wanda Wim Xenia Yara"
                            + " Yuri Zara Zeno Zita")
                    .split(" "));
    private static final List<String> OPENINGS =
            List.of("Good question! I believe that ", "Let me think. I am fairly sure that ", "Well, well! It seems that ");

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
     * Stories: a few facts each, in ever new words and order, every fact as often as any other.
     *
     * @param count how many
     * @param random chooses
     */
    List<Story> stories(int count, Random random) {
        List<Story> stories = new ArrayList<>();
        List<String> left = new ArrayList<>();
        while (stories.size() < count) {
            if (random.nextInt(2) > 0) {
                stories.add(talk(random));
                continue;
            }
            List<Fact> told = new ArrayList<>();
            for (int i = 0; i < PEOPLE_PER_STORY; i++) {
                if (left.isEmpty()) {
                    left.addAll(NAMES.subList(0, facts.size() / Topic.values().length));
                    Collections.shuffle(left, random);
                }
                String name = left.remove(left.size() - 1);
                List<Fact> own = new ArrayList<>(
                        facts.stream().filter(fact -> fact.name().equals(name)).toList());
                Collections.shuffle(own, random);
                told.addAll(own.subList(0, FACTS_PER_PERSON));
            }
            Collections.shuffle(told, random);
            StringBuilder story = new StringBuilder("News:");
            for (Fact fact : told) {
                story.append(' ').append(fact.in(any(fact.topic().tales(), random)));
            }
            stories.add(new Story(story.toString()));
        }
        return stories;
    }

    /** A talk that somebody overheard: plain text, with questions about what is asked for anyway. */
    private Story talk(Random random) {
        StringBuilder talk = new StringBuilder("Heard:");
        for (int i = 0; i < QUESTIONS_PER_TALK; i++) {
            Fact fact = any(facts, random);
            talk.append(' ').append(question(fact, random));
            talk.append(' ').append(answer(fact, any(List.of(Manner.values()), random), random));
        }
        return new Story(talk.toString());
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

    /** Facts over and over, each round in a new order. */
    private static List<Fact> round(List<Fact> facts, int count, Random random) {
        List<Fact> all = new ArrayList<>();
        while (all.size() < count) {
            List<Fact> next = new ArrayList<>(facts);
            Collections.shuffle(next, random);
            all.addAll(next);
        }
        return all.subList(0, count);
    }

    private static <T> T any(List<T> from, Random random) {
        return from.get(random.nextInt(from.size()));
    }
}
