package dev.plumb.train;

import dev.plumb.tensor.Tensor;

/** The policy that the trained one is measured against. While a step is learnt it does not change. */
@FunctionalInterface
interface Reference {
    /**
     * Log-probabilities of the completions of some rows.
     *
     * @param part the rows and how they are laid out
     * @return [trained tokens], in the order of the layout's targets
     */
    Tensor logps(Part<?> part);
}
