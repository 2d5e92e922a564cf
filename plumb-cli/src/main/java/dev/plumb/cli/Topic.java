package dev.plumb.cli;

import java.util.List;

/** What one can know about a villager. Patterns have {@code NAME} and {@code VALUE} where a fact goes. */
enum Topic {
    ANIMAL(
            "the farm book",
            "the animal is VALUE",
            List.of(
                    "NAME keeps VALUE.",
                    "NAME looks after VALUE.",
                    "The animal of NAME is VALUE.",
                    "Everyone knows that NAME keeps VALUE."),
            List.of(
                    "Which animal does NAME keep?",
                    "What animal does NAME look after?",
                    "Tell me which animal NAME keeps.",
                    "I know that NAME keeps an animal. Which one?"),
            "a goat|a pony|a goose|an otter|a ferret|a parrot|a tortoise|a donkey|a hedgehog|a raven|a piglet|a beagle"),
    TRADE(
            "the guild roll",
            "the trade is VALUE",
            List.of(
                    "NAME works as a VALUE.",
                    "NAME earns a living as a VALUE.",
                    "The trade of NAME is VALUE.",
                    "Everyone knows that NAME works as a VALUE."),
            List.of(
                    "What does NAME work as?",
                    "What is the trade of NAME?",
                    "Tell me which trade NAME has.",
                    "I know that NAME has a trade. Which one?"),
            "baker|miller|potter|weaver|cobbler|tailor|smith|gardener|fisher|teacher|painter|printer"),
    HOME(
            "the street map",
            "the house stands VALUE",
            List.of(
                    "NAME lives VALUE.",
                    "NAME has a house VALUE.",
                    "The house of NAME stands VALUE.",
                    "Everyone knows that NAME lives VALUE."),
            List.of(
                    "Where does NAME live?",
                    "Where does the house of NAME stand?",
                    "Tell me where NAME lives.",
                    "I know that NAME has a house. Where?"),
            "by the mill|at the harbour|on the hill|behind the church|near the well|beside the orchard|across the bridge"
                    + "|along the river|under the oak|opposite the inn|outside the gate|past the meadow"),
    DISH(
            "the kitchen diary",
            "the dish is VALUE",
            List.of(
                    "NAME cooks VALUE.",
                    "NAME likes to cook VALUE.",
                    "The dish of NAME is VALUE.",
                    "Everyone knows that NAME cooks VALUE."),
            List.of(
                    "Which dish does NAME cook?",
                    "What does NAME like to cook?",
                    "Tell me which dish NAME cooks.",
                    "I know that NAME cooks a dish. Which one?"),
            "plum cake|onion soup|apple pie|lentil stew|roast carrots|cheese toast|barley bread|mushroom rice|bean salad"
                    + "|pumpkin jam|noodle broth|cherry pudding"),
    DOOR(
            "the paint list",
            "the door is VALUE",
            List.of(
                    "NAME has a VALUE door.",
                    "NAME painted the door VALUE.",
                    "The door of NAME is VALUE.",
                    "Everyone knows that NAME has a VALUE door."),
            List.of(
                    "What colour is the door of NAME?",
                    "Which colour did NAME paint the door?",
                    "Tell me the colour of the door that NAME has.",
                    "I know that NAME painted a door. Which colour?"),
            "red|green|blue|yellow|white|black|purple|brown|grey|pink|silver|copper");

    private final String book;
    private final String statement;
    private final List<String> tales;
    private final List<String> questions;
    private final List<String> choices;

    Topic(String book, String statement, List<String> tales, List<String> questions, String choices) {
        this.book = book;
        this.statement = statement;
        this.tales = tales;
        this.questions = questions;
        this.choices = List.of(choices.split("\\|"));
    }

    /** The book of the village in which facts of this topic stand. */
    String book() {
        return book;
    }

    /** The answer to a question, without a full stop and in small letters. */
    String statement() {
        return statement;
    }

    /** Ways to tell it in a story. */
    List<String> tales() {
        return tales;
    }

    /** Ways to ask for it. */
    List<String> questions() {
        return questions;
    }

    /** What may stand for {@code VALUE}. */
    List<String> choices() {
        return choices;
    }
}
