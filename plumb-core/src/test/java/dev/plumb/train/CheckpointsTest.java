package dev.plumb.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.plumb.config.PlumbException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointsTest {
    @TempDir
    Path root;

    private Checkpoints checkpoints() {
        return new Checkpoints(new RunLayout(root));
    }

    private void save(long step, double score) {
        checkpoints()
                .save(step, OptionalDouble.of(score), folder -> Files.writeString(folder.resolve("w"), "step " + step));
    }

    private List<Long> steps() {
        return checkpoints().complete().stream()
                .map(Checkpoints.Checkpoint::step)
                .toList();
    }

    @Test
    void listsByNumberAndReadsScoresBack() {
        save(100, 0.5);
        save(20, 0.75);
        checkpoints().save(3, OptionalDouble.empty(), folder -> {});
        assertThat(steps()).containsExactly(3L, 20L, 100L);
        assertThat(checkpoints().newest().orElseThrow().step()).isEqualTo(100);
        assertThat(checkpoints().best().orElseThrow().step()).isEqualTo(20);
        assertThat(checkpoints().complete().get(0).score()).isEmpty();
        assertThat(checkpoints().complete().get(1).score()).hasValue(0.75);
    }

    @Test
    void aFolderWithoutItsMarkerIsNoCheckpoint() throws IOException {
        save(1, 0);
        Files.createDirectories(root.resolve("checkpoints/step-2"));
        Path torn = Files.createDirectories(root.resolve("checkpoints/step-3"));
        Files.writeString(torn.resolve("complete.json"), "{\"step\":");
        Path copied = Files.createDirectories(root.resolve("checkpoints/step-4"));
        Files.writeString(copied.resolve("complete.json"), "{\"step\":1}");
        Files.createDirectories(root.resolve("checkpoints/step-5.part"));
        assertThat(steps()).containsExactly(1L);
    }

    @Test
    void aScoreThatIsNoNumberIsNeverBest() {
        save(1, Double.NaN);
        assertThat(checkpoints().best()).isEmpty();
        save(2, -3);
        save(3, Double.NaN);
        save(4, -3);
        assertThat(checkpoints().best().orElseThrow().step()).isEqualTo(2);
        assertThat(checkpoints().complete().get(0).score().orElseThrow()).isNaN();
    }

    @Test
    void keepsTheNewestAndTheBest() {
        save(1, 0.1);
        save(2, 0.9);
        save(3, 0.2);
        save(4, 0.3);
        assertThat(checkpoints().prune(2, true)).containsExactly(1L);
        assertThat(steps()).containsExactly(2L, 3L, 4L);
        assertThat(checkpoints().prune(1, false)).containsExactly(2L, 3L);
        assertThat(steps()).containsExactly(4L);
        assertThatThrownBy(() -> checkpoints().prune(0, true)).isInstanceOf(IllegalArgumentException.class);
        assertThat(root.resolve("checkpoints")).isDirectoryNotContaining("glob:**.part");
    }

    @Test
    void discardsWhatAResumedRunRepeats() {
        save(5, 0);
        save(10, 0);
        save(15, 0);
        assertThat(checkpoints().discardAfter(5)).containsExactly(10L, 15L);
        assertThat(steps()).containsExactly(5L);
    }

    @Test
    void aCheckpointThatCannotBeWrittenLeavesNothingAndNamesTheLastGoodOne() {
        save(5, 0);
        assertThatThrownBy(() -> checkpoints().save(10, OptionalDouble.empty(), folder -> {
                    Files.writeString(folder.resolve("half"), "half");
                    throw new IOException("No space left on device");
                }))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining("The checkpoint of step 10 could not be written")
                .hasMessageContaining("No space left on device")
                .hasMessageContaining("step-5")
                .hasMessageContaining("--resume");
        assertThat(steps()).containsExactly(5L);
        assertThat(root.resolve("checkpoints")).isDirectoryNotContaining("glob:**step-10*");
    }

    @Test
    void aStepIsWrittenOnce() {
        save(5, 0);
        checkpoints().save(5, OptionalDouble.of(1), folder -> {
            throw new IOException("written again");
        });
        assertThat(root.resolve("checkpoints/step-5/w")).hasContent("step 5");
    }

    @Test
    void theFinalModelIsReplacedWhole() throws IOException {
        checkpoints().saveFinal(folder -> Files.writeString(folder.resolve("old"), "old"));
        checkpoints().saveFinal(folder -> Files.writeString(folder.resolve("new"), "new"));
        assertThat(root.resolve("final")).isDirectoryContaining("glob:**new").isDirectoryNotContaining("glob:**old");
        // Killed between the two renames:
        Files.move(root.resolve("final"), root.resolve("final.replaced.part"));
        Files.createDirectories(root.resolve("final.part"));
        checkpoints().removeLeftovers();
        assertThat(root.resolve("final/new")).hasContent("new");
        assertThat(root).isDirectoryNotContaining("glob:**.part");
    }
}
