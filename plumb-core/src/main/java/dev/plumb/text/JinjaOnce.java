package dev.plumb.text;

import java.util.Iterator;

/**
 * What filters such as {@code map} and {@code select} give: true even if empty, without a length, and used up by the
 * first iteration, as a Python generator is.
 *
 * @param items what is left
 */
record JinjaOnce(Iterator<Object> items) {
    JinjaOnce(Iterable<Object> items) {
        this(items.iterator());
    }
}
