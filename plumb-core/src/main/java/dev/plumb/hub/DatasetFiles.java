package dev.plumb.hub;

import dev.plumb.config.PlumbException;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/**
 * Which files of a data repository are meant. Files that differ only in a number, as parts of one table do, are one set;
 * where more than one set could be meant, the user is asked instead of being given a mixture.
 */
final class DatasetFiles {
    private static final Pattern DATA =
            Pattern.compile(".*\\.(jsonl|ndjson|json|csv|tsv)(\\.gz)?|.*\\.parquet", Pattern.CASE_INSENSITIVE);
    private static final Pattern ABOUT =
            Pattern.compile("(.*/)?(\\..*|dataset_infos?\\.json|dataset_dict\\.json|state\\.json|config\\.json)");
    private static final Pattern NUMBER = Pattern.compile("[._-]?\\d+-of-\\d+(?=[._-])|(?<=^|/|part-)\\d+(?=\\.)");
    private static final String TRAIN = "train|training";
    private static final String VALIDATION = "validation|valid|val|dev";
    private static final String TEST = "test|testing|eval|evaluation";
    private static final int SHOWN = 12;

    private DatasetFiles() {}

    static boolean isData(String file) {
        return DATA.matcher(file).matches();
    }

    /**
     * Chooses.
     *
     * @param id what is asked for
     * @param files of the repository
     * @param heldOut whether rows to measure on are wanted rather than rows to learn from
     * @return files of one set, in the order of their names
     */
    static List<String> choose(HubId id, Collection<String> files, boolean heldOut) {
        if (files.contains(id.inside())) {
            return List.of(id.inside());
        }
        List<String> data = files.stream()
                .filter(file -> isData(file) && !ABOUT.matcher(file).matches())
                .sorted()
                .toList();
        if (data.isEmpty()) {
            throw new PlumbException(id + " holds no file of rows (.jsonl, .json, .csv, .tsv or .parquet).");
        }
        List<String> meant;
        if (!id.inside().isEmpty()) {
            meant = matching(data, file -> set(file).equals(id.inside()) || file.startsWith(id.inside() + "/"));
        } else if (heldOut) {
            List<String> validation = matching(data, file -> isPart(file, VALIDATION));
            meant = validation.isEmpty() ? matching(data, file -> isPart(file, TEST)) : validation;
        } else {
            List<String> train = matching(data, file -> isPart(file, TRAIN));
            meant = train.isEmpty() ? matching(data, file -> !isPart(file, VALIDATION + "|" + TEST)) : train;
        }
        Map<String, List<String>> sets = sets(meant.isEmpty() ? data : meant);
        if (!meant.isEmpty() && sets.size() == 1) {
            return meant;
        }
        String what = !meant.isEmpty()
                ? "more than one set of rows that could be meant"
                : !id.inside().isEmpty()
                        ? "no '" + id.inside() + "'"
                        : heldOut ? "no set named validation or test" : "no set to learn from";
        List<String> names = List.copyOf(sets.keySet());
        throw new PlumbException(id + " holds " + what + ": choose one of "
                + String.join(", ", names.subList(0, Math.min(SHOWN, names.size())))
                + (names.size() > SHOWN ? " and " + (names.size() - SHOWN) + " more" : "") + ", as in " + id.name()
                + "@"
                + id.revision() + "/" + names.get(0) + ".");
    }

    private static List<String> matching(List<String> files, Predicate<String> what) {
        return files.stream().filter(what).toList();
    }

    private static boolean isPart(String file, String names) {
        return file.toLowerCase(java.util.Locale.ROOT).matches("(.*[^a-z])?(" + names + ")[^a-z].*");
    }

    private static Map<String, List<String>> sets(List<String> files) {
        Map<String, List<String>> sets = new TreeMap<>();
        files.forEach(file -> sets.computeIfAbsent(set(file), name -> new java.util.ArrayList<>())
                .add(file));
        return sets;
    }

    /** The file's name without what numbers it among its like. */
    private static String set(String file) {
        return NUMBER.matcher(file).replaceAll("");
    }
}
