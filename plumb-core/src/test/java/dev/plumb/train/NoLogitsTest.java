package dev.plumb.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.plumb.config.Binder;
import dev.plumb.config.YamlSource;
import dev.plumb.data.Stores;
import dev.plumb.data.TokenSequence;
import dev.plumb.data.TokenStore;
import dev.plumb.model.Decoder;
import dev.plumb.model.Models;
import dev.plumb.model.Weights;
import dev.plumb.objective.Sft;
import dev.plumb.tensor.Device;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A step makes nothing of the size [batch, time, vocabulary]: the process never holds as much as one such tensor. */
class NoLogitsTest {
    private static final int VOCABULARY = 200_000;
    private static final int TOKENS = 1500;

    @TempDir
    private Path folder;

    @Test
    void aStepHoldsFarLessThanItsLogits() throws IOException {
        Path peak = Path.of("/proc/self/clear_refs");
        Assumptions.assumeTrue(
                Files.isWritable(peak), "skipped: no peak of memory that can be set back on this system");
        var shape = Models.llama(VOCABULARY, 8, 1, 2, 1);
        Decoder decoder = new Decoder(shape, Weights.random(shape, 0.1, 1, Device.CPU));
        try (Weights weights = decoder.weights();
                AdamW optimizer = new AdamW(weights.all(), Plain.optimisation().adam());
                TokenStore store = Stores.of(folder, rows())) {
            Optimisation together = Plain.optimisation("micro_batch_tokens=1000000");
            for (String loss :
                    List.of("nll", "dft")) { // known gradients, and such that need the log-probabilities first
                Sft sft = new Sft(
                        Binder.bind(Sft.Config.class, YamlSource.commandLine().with(List.of("loss_type=" + loss))));
                SequenceLoop loop = new SequenceLoop(decoder, together, sft);
                loop.learn(optimizer, store, List.of(0L)); // libraries take what they need
                long before = kilobytes("VmRSS");
                Files.writeString(peak, "5");
                loop.learn(optimizer, store, store.rows());
                long grown = (kilobytes("VmHWM") - before) / 1024;
                long logits = 4L * TOKENS * VOCABULARY >> 20;
                System.out.println(
                        "a step grew the process by " + grown + " MB at most; its logits would be " + logits + " MB");
                assertThat(grown).isLessThan(logits / 4);
            }
        }
    }

    private static List<TokenSequence> rows() {
        List<TokenSequence> rows = new ArrayList<>();
        for (int row = 0; row < 10; row++) {
            boolean[] trained = new boolean[TOKENS / 10 + 1];
            Arrays.fill(trained, 1, trained.length, true);
            rows.add(new TokenSequence(
                    new Random(row).ints(trained.length, 0, VOCABULARY).toArray(), trained));
        }
        return rows;
    }

    private static long kilobytes(String name) throws IOException {
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith(name + ":"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                .findFirst()
                .orElseThrow();
    }
}
