package dev.plumb.cli;

/**
 * How large a quickstart is.
 *
 * @param villagers people of the village
 * @param stories texts of pre-training
 * @param demonstrations rows of supervised fine-tuning
 * @param sourced share of the demonstrations that answer as preferred
 * @param pairs rows of preferences
 * @param batch rows of a step of pre-training; the other stages take half as many
 * @param vocabulary tokens of the tokenizer
 * @param width of the model
 * @param layers of the model
 */
record QuickstartPlan(
        int villagers,
        int stories,
        int demonstrations,
        double sourced,
        int pairs,
        int batch,
        int vocabulary,
        int width,
        int layers) {
    /** What the command runs: about two minutes on two cores. */
    static QuickstartPlan standard() {
        return new QuickstartPlan(60, 9000, 1200, 0.25, 640, 32, 896, 128, 3);
    }
}
