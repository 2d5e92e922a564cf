/** What measurements say: shares with their intervals, and two models compared on the same prompts. */
@org.jspecify.annotations.NullMarked
package dev.plumb.evaluate;
