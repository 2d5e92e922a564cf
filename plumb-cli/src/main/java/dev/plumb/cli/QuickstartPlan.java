package dev.plumb.cli;

/**
 * How large a quickstart is.
 *
 * @param villagers people of the village
 * @param stories texts of pre-training
 * @param demonstrations rows of supervised fine-tuning
 * @param sourced share of the demonstrations that answer as preferred
 * @param pairs rows of preferences
 * @param sums demonstrations of sums
 * @param carried share of these that do not forget the carried ten
 * @param batch rows of a step of pre-training; stages with demonstrations and pairs take half as many
 * @param answers of a step of reinforcement learning
 * @param rollouts steps of reinforcement learning
 * @param vocabulary tokens of the tokenizer at most
 * @param width of the model
 * @param layers of the model
 */
record QuickstartPlan(
        int villagers,
        int stories,
        int demonstrations,
        double sourced,
        int pairs,
        int sums,
        double carried,
        int batch,
        int answers,
        int rollouts,
        int vocabulary,
        int width,
        int layers) {
    /** What the command runs: a minute and a half to three on two cores. */
    static QuickstartPlan standard() {
        return new QuickstartPlan(60, 7000, 1200, 0.25, 640, 4800, 0.25, 32, 64, 60, 896, 128, 3);
    }

    /** Rows of a step of a stage. */
    int batch(QuickstartStage stage) {
        return switch (stage) {
            case BASE -> batch;
            case SFT, DPO, SUMS -> batch / 2;
            case GRPO -> answers;
        };
    }
}
