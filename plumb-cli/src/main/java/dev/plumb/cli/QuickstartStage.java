package dev.plumb.cli;

import java.util.Locale;
import java.util.Optional;

/** A stage of the quickstart. Two roads go out from one base model: SFT and DPO, and SFT on sums and GRPO. */
enum QuickstartStage {
    BASE("base", "pre-training: the model reads about the village and learns to go on with a text"),
    SFT("SFT", "supervised fine-tuning: from demonstrations the model learns to answer a question and then stop"),
    DPO("DPO", "direct preference optimisation: from pairs of right answers it learns which manner is preferred"),
    SUMS("SFT on sums", "the base model learns from demonstrations to work out sums, and their usual mistake with it"),
    GRPO("GRPO", "reinforcement learning: it works out sums in its own words, and a right result is rewarded");

    private final String title;
    private final String purpose;

    QuickstartStage(String title, String purpose) {
        this.title = title;
        this.purpose = purpose;
    }

    /** The name for people of the stage and its model. */
    String title() {
        return title;
    }

    /** What is learnt. */
    String purpose() {
        return purpose;
    }

    /** The name of its run folder and its YAML file. */
    String folder() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The stage whose model it starts from. */
    Optional<QuickstartStage> before() {
        return switch (this) {
            case BASE -> Optional.empty();
            case SFT, SUMS -> Optional.of(BASE);
            case DPO -> Optional.of(SFT);
            case GRPO -> Optional.of(SUMS);
        };
    }

    /** Whether its model sits the exam about the village. */
    boolean knowsTheVillage() {
        return this == BASE || this == SFT || this == DPO;
    }

    /** Whether its model sits the exam of sums. */
    boolean adds() {
        return this == BASE || this == SUMS || this == GRPO;
    }
}
