/** What an answer is worth: rules and verifiers, sandboxed code, and several of them at once. */
@org.jspecify.annotations.NullMarked
package dev.plumb.reward;
