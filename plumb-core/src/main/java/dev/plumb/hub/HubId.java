package dev.plumb.hub;

import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A repository of a hub at a revision, as a setting names it.
 *
 * @param kind what it holds
 * @param name {@code org/name}
 * @param revision a branch, a tag or a commit
 * @param inside the file, set of files or folder in it that is meant; empty for the usual choice
 */
record HubId(Kind kind, String name, String revision, String inside) {
    enum Kind {
        MODEL("model", "models", "", "folder"),
        DATASET("dataset", "datasets", "datasets/", "file");

        private final String word;
        private final String plural;
        private final String prefix;
        private final String local;

        Kind(String word, String plural, String prefix, String local) {
            this.word = word;
            this.plural = plural;
            this.prefix = prefix;
            this.local = local;
        }

        String word() {
            return word;
        }

        /** As addresses and the cache have it. */
        String plural() {
            return plural;
        }

        /** What stands before the name in the address of a file. */
        String prefix() {
            return prefix;
        }

        /** What the same setting names on this machine. */
        String local() {
            return local;
        }
    }

    private static final String PART = "[A-Za-z0-9][\\w.-]*";
    private static final String SEGMENT = "[\\w+-][\\w.+-]*"; // never . or .., as it becomes the name of a file
    private static final Pattern MODEL =
            Pattern.compile("(" + PART + "/" + PART + ")(?:@(" + SEGMENT + "(?:/" + SEGMENT + ")*))?");
    private static final Pattern DATASET = Pattern.compile(
            "(" + PART + "/" + PART + ")(?:@(refs/(?:pr|convert)/" + SEGMENT + "|" + SEGMENT + ")(?:/(.+))?)?");
    private static final Pattern COMMIT = Pattern.compile("[0-9a-f]{40}");

    /** Reads a setting; empty if it can only be a path. */
    static Optional<HubId> of(Kind kind, Path written) {
        String text = written.toString().replace('\\', '/');
        Matcher matcher = (kind == Kind.MODEL ? MODEL : DATASET).matcher(text);
        if (!matcher.matches()) {
            return Optional.empty();
        }
        String name = matcher.group(1);
        String revision = matcher.group(2);
        boolean file = kind == Kind.DATASET && revision == null && DatasetFiles.isData(name);
        if (file || name.contains("--") || name.contains("..") || name.matches(".*([.-]|\\.git)(/.*|$)")) {
            return Optional.empty(); // a hub takes no such names
        }
        String inside = kind == Kind.DATASET && matcher.group(3) != null ? matcher.group(3) : "";
        return Optional.of(new HubId(kind, name, revision == null ? "main" : revision, inside));
    }

    HubId at(String other) {
        return new HubId(kind, name, other, inside);
    }

    static boolean isCommit(String revision) {
        return COMMIT.matcher(revision).matches();
    }

    HubOrigin origin(String commit) {
        return new HubOrigin(kind.word(), name, revision, commit);
    }

    /** The first half of a fault: what was tried before the hub was asked. */
    String neither() {
        return this + ": there is no such " + kind.local() + " here, and ";
    }

    @Override
    public String toString() {
        return name + (revision.equals("main") ? "" : "@" + revision);
    }
}
