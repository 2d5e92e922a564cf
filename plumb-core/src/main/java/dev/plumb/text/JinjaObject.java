package dev.plumb.text;

/** A value with attributes of its own. */
interface JinjaObject {
    /** The attribute, or a {@link JinjaUndefined}. */
    Object attribute(String name);
}
