/** What every loop calls, and the loops. */
@org.jspecify.annotations.NullMarked
package dev.plumb.train;
