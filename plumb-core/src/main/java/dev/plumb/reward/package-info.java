/** From what models and rules say of answers, one or several of them at once, to one score each, and to the answer that is taken. */
@org.jspecify.annotations.NullMarked
package dev.plumb.reward;
