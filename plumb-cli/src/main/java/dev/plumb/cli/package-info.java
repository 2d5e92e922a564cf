/** The commands. */
@org.jspecify.annotations.NullMarked
package dev.plumb.cli;
