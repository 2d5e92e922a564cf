package dev.plumb.text;

/** The value {@code none} of templates, so that no Java null wanders through the interpreter. */
enum JinjaNone {
    NONE
}
