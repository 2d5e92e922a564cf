/** What an answer is worth: rules and verifiers, sandboxed code, several of them at once, and the answer that is taken. */
@org.jspecify.annotations.NullMarked
package dev.plumb.reward;
