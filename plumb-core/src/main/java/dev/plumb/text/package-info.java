/** Tokenizers and chat templates. */
@org.jspecify.annotations.NullMarked
package dev.plumb.text;
