package dev.plumb.text;

/** A function, a bound method or a macro. */
interface JinjaCallable {
    Object call(JinjaArguments arguments);
}
