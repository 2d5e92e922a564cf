package dev.plumb.text;

import java.util.List;

/**
 * A tuple.
 *
 * @param items the items
 * @param names names by which items can be read as attributes; empty for a plain tuple
 */
record JinjaTuple(List<Object> items, List<String> names) {
    JinjaTuple(List<Object> items) {
        this(items, List.of());
    }
}
