package dev.plumb;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/** The folder of reference numbers and real data that lies beside the repository; tests that need it are skipped without it. */
public final class Shared {
    private Shared() {}

    /**
     * A folder or file below {@code shared}.
     *
     * @param relative its path there
     * @return the path; the calling test is skipped, with a message, if it does not exist
     */
    public static Path folder(String relative) {
        for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
            Path candidate = at.resolve("shared").resolve(relative);
            if (Files.exists(candidate)) {
                return candidate;
            }
        }
        Assumptions.abort("skipped: shared/" + relative + " does not lie beside the repository");
        throw new AssertionError("unreachable");
    }
}
