package dev.plumb.config;

import java.util.Optional;

/** The numbers that a setting allows. */
record Range(double min, boolean aboveMin, double max, boolean belowMax) {
    static final Range ANY = new Range(Double.NEGATIVE_INFINITY, false, Double.POSITIVE_INFINITY, false);

    static Range of(Setting setting) {
        return new Range(setting.min(), setting.aboveMin(), setting.max(), setting.belowMax());
    }

    boolean allows(double number) {
        return (aboveMin ? number > min : number >= min) && (belowMax ? number < max : number <= max);
    }

    /** The range as a person says it; empty if every number is allowed. */
    Optional<String> words() {
        boolean low = min != Double.NEGATIVE_INFINITY;
        boolean high = max != Double.POSITIVE_INFINITY;
        String from = (aboveMin ? "above " : "at least ") + number(min);
        String to = (belowMax ? "below " : "at most ") + number(max);
        if (low && high) {
            return Optional.of(aboveMin || belowMax ? from + " and " + to : number(min) + " to " + number(max));
        }
        return low ? Optional.of(from) : high ? Optional.of(to) : Optional.empty();
    }

    private static String number(double number) {
        return number == Math.rint(number) && Math.abs(number) < 1e15
                ? Long.toString((long) number)
                : Double.toString(number);
    }
}
