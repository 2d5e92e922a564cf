/** Rows of data files, and their way to tokens. */
@org.jspecify.annotations.NullMarked
package dev.plumb.data;
