/** Several stages in a row, each a run of its own or a sampling of new rows, that build on one another. */
@org.jspecify.annotations.NullMarked
package dev.plumb.recipe;
