package dev.plumb.text;

import java.util.List;

/**
 * What {@code range()}, {@code dict.keys()}, {@code dict.values()} and {@code dict.items()} give: can be iterated more
 * than once, but is not a list.
 *
 * @param type the name of the Python type
 * @param shown how it prints
 * @param items the items
 */
record JinjaView(String type, String shown, List<Object> items) {
    static JinjaView of(String type, List<Object> items) {
        return new JinjaView(type, type + "(" + JinjaText.repr(items) + ")", items);
    }

    boolean isRange() {
        return type.equals("range");
    }
}
