package dev.plumb.config;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;

/** Gathers faults, so that a user sees all of them at once, in the order of the file. */
final class Faults {
    private record Fault(Place place, String message) {}

    private final List<Fault> faults = new ArrayList<>();

    void add(Place place, String message) {
        faults.add(new Fault(place, message.replaceAll("\\s*\\R\\s*", " ")));
    }

    /** Takes over what was found in one setting. */
    void addAll(String key, Faults found) {
        found.faults.forEach(fault -> add(fault.place, key + ": " + fault.message));
    }

    void addAll(Faults found) {
        faults.addAll(found.faults);
    }

    boolean isEmpty() {
        return faults.isEmpty();
    }

    /**
     * Ends the binding if anything was wrong.
     *
     * @throws PlumbException with one line for each fault
     */
    void throwIfAny() {
        if (!faults.isEmpty()) {
            throw new PlumbException(faults.stream()
                    .sorted(Comparator.comparing(Fault::place))
                    .map(fault -> fault.place + ": " + fault.message)
                    .distinct()
                    .collect(Collectors.joining("\n")));
        }
    }
}
