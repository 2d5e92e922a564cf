/** Typed operations over libtorch; scopes that free native memory. */
@org.jspecify.annotations.NullMarked
package dev.plumb.tensor;
