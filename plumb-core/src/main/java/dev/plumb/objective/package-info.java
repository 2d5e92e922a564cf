/** One file an algorithm: formula, settings, loss, metrics. */
@org.jspecify.annotations.NullMarked
package dev.plumb.objective;
