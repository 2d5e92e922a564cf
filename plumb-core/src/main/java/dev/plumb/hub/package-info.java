/** Checkpoints in the layout that other tools share. */
@org.jspecify.annotations.NullMarked
package dev.plumb.hub;
