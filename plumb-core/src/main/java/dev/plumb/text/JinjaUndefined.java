package dev.plumb.text;

/**
 * What a name, attribute or element that does not exist evaluates to. It prints as nothing, is false and empty; any
 * other use is an error.
 *
 * @param message what does not exist
 */
record JinjaUndefined(String message) {
    JinjaFault fault() {
        return new JinjaFault(message);
    }
}
