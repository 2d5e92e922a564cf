package dev.plumb.config;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;

/** What a user may have meant by a key that is not valid where it stands. */
public final class Suggestions {
    private static final int FEW_KEYS = 8;
    private static final int LONGEST_NAME = 64; // the distance to a longer text says nothing and takes long

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
     * @param path the keys that lead to where it was given, with dots
     * @param key as it was given
     * @param here the settings where it was given
     * @return a clause that begins with a comma, or nothing
     */
    String clause(String path, String key, RecordShape here) {
        Level level = new Level(path, here);
        String tidy = tidy(key);
        List<String> synonyms = KnownNames.synonyms(tidy);
        return at(level, List.of(tidy))
                .map(Suggestions::didYouMean)
                .or(() -> elsewhere(key))
                .or(() -> at(level, synonyms).map(Suggestions::isCalled))
                .or(() -> first(other -> at(other, synonyms)).map(Suggestions::isCalled))
                .or(() -> near(level, key).map(Suggestions::didYouMean))
                .or(() -> first(other -> near(other, key)).map(Suggestions::didYouMean))
                .orElseGet(() ->
                        here.keys().size() > FEW_KEYS ? "" : ", valid keys are " + String.join(", ", here.keys()));
    }

    private Optional<String> first(Function<Level, Optional<String>> search) {
        return levels.stream().flatMap(level -> search.apply(level).stream()).findFirst();
    }

    private static Optional<String> at(Level level, List<String> names) {
        return names.stream().filter(level.shape().keys()::contains).findFirst().map(level::full);
    }

    private static Optional<String> near(Level level, String key) {
        return nearest(key, level.shape().keys()).map(level::full);
    }

    /** Where a key is valid as it is, which may be given with the keys that lead to it. */
    private Optional<String> elsewhere(String key) {
        String name = key.substring(key.lastIndexOf('.') + 1);
        return levels.stream()
                .filter(level -> level.shape().keys().contains(name))
                .filter(level -> name.equals(key) || level.full(name).equals(key))
                .findFirst()
                .map(level -> level.path().isEmpty()
                        ? ", it belongs at the top level"
                        : ", " + (name.equals(key) ? "it" : "'" + name + "'") + " belongs under '" + level.path()
                                + "'");
    }

    private static String isCalled(String name) {
        return ", it is called '" + name + "' here";
    }

    private static String didYouMean(String name) {
        return ", did you mean '" + name + "'?";
    }

    /**
     * The valid name that differs least from a given one, if it differs little enough to be meant.
     *
     * @param given what is not valid
     * @param valid names in snake case
     * @return one of the valid names
     */
    public static Optional<String> nearest(String given, Collection<String> valid) {
        if (given.length() > LONGEST_NAME) {
            return Optional.empty();
        }
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
