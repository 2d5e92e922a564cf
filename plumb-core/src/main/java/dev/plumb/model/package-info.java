/** One readable decoder, its adapters and generation. */
@org.jspecify.annotations.NullMarked
package dev.plumb.model;
