package dev.plumb.text;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** A tokenizer made from a few sentences, for tests. */
final class SmallTokenizer {
    static final List<String> TEXTS = List.of(
            "The lamp in the harbour burns all night, and the keeper of the lamp reads by it.",
            "Where does the keeper sleep? The keeper doesn't sleep at night; he sleeps at noon.",
            "Eleven boats came in before the storm of 1911 and 12 after it.",
            "\"Don't wait for us,\" they said, \"we'll follow the lamp.\"",
            "El faro está lejos, dijo la niña, y el mar también.");
    static final List<String> SPECIAL = List.of("<|endoftext|>", "<|im_start|>", "<|im_end|>");

    private SmallTokenizer() {}

    static Tokenizer make(Path folder) {
        BytePairTrainer.train(TEXTS, plan(300), folder);
        return Tokenizer.load(folder);
    }

    static BytePairTrainer.Plan plan(int vocabularySize) {
        return new BytePairTrainer.Plan(
                vocabularySize, SPECIAL, "<|endoftext|>", "<|im_end|>", Optional.of("{{ messages }}"));
    }
}
