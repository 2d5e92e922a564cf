package dev.plumb.config;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** What a user may have meant by a key that is not valid where it stands. */
final class Suggestions {
    private static final int FEW_KEYS = 12;

    /** A place in the tree of settings. */
    private record Level(String path, RecordShape shape) {
        String full(String key) {
            return path.isEmpty() ? key : path + "." + key;
        }
    }

    private final List<Level> levels = new ArrayList<>();

    Suggestions(RecordShape root) {
        collect("", root);
    }

    private void collect(String path, RecordShape shape) {
        Level level = new Level(path, shape);
        levels.add(level);
        for (RecordShape.Field field : shape.settings()) {
            collect(level.full(field.key()), field.kind());
        }
    }

    private void collect(String path, Kind kind) {
        if (kind instanceof Kind.Maybe maybe) {
            collect(path, maybe.of());
        } else if (kind instanceof Kind.Many many) {
            collect(path + "[]", many.of());
        } else if (kind instanceof Kind.Named named) {
            collect(path + ".<name>", named.of());
        } else if (kind instanceof Kind.Nested nested) {
            collect(path, nested.shape());
        }
    }

    /**
     * The part of the sentence that follows "unknown key 'betta'".
     *
     * @param key as it was given
     * @param here the settings where it was given
     * @return a clause that begins with a comma, or nothing
     */
    String clause(String key, RecordShape here) {
        List<String> meant = new ArrayList<>(List.of(tidy(key)));
        meant.addAll(KnownNames.synonyms(tidy(key)));
        for (String name : meant) {
            if (here.keys().contains(name)) {
                return name.equals(tidy(key)) ? didYouMean(name) : ", it is called '" + name + "' here";
            }
            for (Level level : levels) {
                if (level.shape().keys().contains(name)) {
                    return name.equals(key) ? belongs(level) : ", it is called '" + level.full(name) + "' here";
                }
            }
        }
        Optional<String> near = nearest(key, here.keys());
        if (near.isPresent()) {
            return didYouMean(near.get());
        }
        for (Level level : levels) {
            Optional<String> elsewhere = nearest(key, level.shape().keys());
            if (elsewhere.isPresent()) {
                return didYouMean(level.full(elsewhere.get()));
            }
        }
        return here.keys().size() > FEW_KEYS ? "" : ", valid keys are " + String.join(", ", here.keys());
    }

    private static String belongs(Level level) {
        return level.path().isEmpty() ? ", it belongs at the top level" : ", it belongs under '" + level.path() + "'";
    }

    private static String didYouMean(String name) {
        return ", did you mean '" + name + "'?";
    }

    /** The valid name that differs least from a given one, if it differs little enough to be meant. */
    static Optional<String> nearest(String given, Collection<String> valid) {
        String tidy = tidy(given);
        Comparator<String> order = Comparator.comparingInt(name -> distance(tidy, name));
        return valid.stream()
                .filter(name -> close(tidy, name))
                .min(order)
                .or(() -> valid.stream()
                        .filter(name -> contained(tidy, name) || contained(name, tidy))
                        .min(order));
    }

    private static boolean close(String given, String name) {
        int shorter = Math.min(given.length(), name.length());
        return shorter > 1 && distance(given, name) <= Math.max(1, shorter / 3);
    }

    private static boolean contained(String part, String whole) {
        return part.length() >= 4 && whole.contains(part);
    }

    /** Names as in Plumb: learningRate and learning-rate become learning_rate. */
    private static String tidy(String key) {
        return key.replace('-', '_').replaceAll("([a-z0-9])([A-Z])", "$1_$2").toLowerCase(Locale.ROOT);
    }

    /** Edit distance with insertions, deletions, substitutions and swaps of neighbours (optimal string alignment). */
    private static int distance(String a, String b) {
        int[][] d = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            for (int j = 0; j <= b.length(); j++) {
                if (i == 0 || j == 0) {
                    d[i][j] = i + j;
                    continue;
                }
                int substitution = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
                d[i][j] = Math.min(Math.min(d[i - 1][j], d[i][j - 1]) + 1, d[i - 1][j - 1] + substitution);
                if (i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1)) {
                    d[i][j] = Math.min(d[i][j], d[i - 2][j - 2] + 1);
                }
            }
        }
        return d[a.length()][b.length()];
    }
}
