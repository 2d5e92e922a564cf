package dev.plumb.cli;

/**
 * How large a quickstart is.
 *
 * @param villagers people of the village
 * @param stories texts of pre-training
 * @param demonstrations rows of supervised fine-tuning
 * @param pairs rows of preferences
 * @param vocabulary tokens of the tokenizer
 * @param width of the model
 * @param layers of the model
 */
record QuickstartPlan(
        int villagers, int stories, int demonstrations, int pairs, int vocabulary, int width, int layers) {
    /** Share of the demonstrations that do what the preference asks for. */
    static final double SOURCED = 0.25;

    /** What the command runs: about two minutes on two cores. */
    static QuickstartPlan standard() {
        return new QuickstartPlan(60, Integer.getInteger("st", 8000), Integer.getInteger("de", 1200), 640, 704, Integer.getInteger("w",128), Integer.getInteger("l",3));
    }
}
