package dev.plumb.reward;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A known unit behind a number. Plurals, spaces and abbreviations make no difference; nothing is converted. Departure from the
 * specification: an abbreviation and the word (5 ft and 5 feet) are the same unit, not two.
 */
final class Units {
    private static final Map<String, String> SAME = Map.ofEntries(
            Map.entry("lb", "pound"),
            Map.entry("inch", "in"),
            Map.entry("foot", "ft"),
            Map.entry("feet", "ft"),
            Map.entry("hr", "hour"),
            Map.entry("minute", "min"),
            Map.entry("sec", "second"),
            Map.entry("sq.unit", "squareunit"),
            Map.entry("squnit", "squareunit"),
            Map.entry("people", "person"));
    private static final List<String> NAMES = List.of(
            "cm",
            "mm",
            "km",
            "m",
            "kg",
            "g",
            "lb",
            "pound",
            "inch",
            "in",
            "foot",
            "feet",
            "ft",
            "mile",
            "mph",
            "hour",
            "hr",
            "min",
            "minute",
            "second",
            "sec",
            "day",
            "week",
            "year",
            "dollar",
            "cent",
            "degree",
            "unit",
            "squareunit",
            "sq.unit",
            "squnit",
            "student",
            "people",
            "person",
            "apple",
            "point",
            "way");

    private final Map<String, String> known; // spelling to the unit it means

    /**
     * Units.
     *
     * @param more further ones, in the singular
     */
    Units(List<String> more) {
        known = Stream.concat(NAMES.stream(), more.stream().map(Units::squeezed))
                .distinct()
                .flatMap(name -> Stream.of(name, name + "s", name + "es")
                        .map(spelling -> Map.entry(spelling, SAME.getOrDefault(name, name))))
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue, (first, second) -> first));
    }

    /**
     * A number and its unit.
     *
     * @param number what stands before the unit
     * @param unit the unit with its power
     */
    record Quantity(String number, String unit) {}

    /** Splits a unit off a number; empty if the text does not end in a known unit behind a digit. */
    Optional<Quantity> split(String text) {
        String rest = text;
        String power = "";
        for (String spelling : List.of("^2", "^{2}", "^3", "^{3}")) {
            if (rest.endsWith(spelling)) {
                power = spelling.contains("2") ? "^2" : "^3";
                rest = rest.substring(0, rest.length() - spelling.length()).stripTrailing();
                break;
            }
        }
        int start = rest.length();
        while (start > 0 && (Character.isLetter(rest.charAt(start - 1)) || " .".indexOf(rest.charAt(start - 1)) >= 0)) {
            start--;
        }
        if (start == 0 || start == rest.length() || "0123456789)}%".indexOf(rest.charAt(start - 1)) < 0) {
            return Optional.empty();
        }
        String number = rest.substring(0, start);
        String found = power;
        return Optional.ofNullable(known.get(squeezed(rest.substring(start))))
                .map(unit -> new Quantity(number, unit + found));
    }

    private static String squeezed(String name) {
        return name.replace(" ", "").toLowerCase(Locale.ROOT);
    }
}
