/** What several processes say to each other. */
@org.jspecify.annotations.NullMarked
package dev.plumb.comm;
