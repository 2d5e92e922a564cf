package dev.plumb.tensor;

import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;

/**
 * Frees the native memory of all tensors made while it is open, on the thread that opened it. A training step runs in one;
 * what must outlive it says so by {@link #keep}.
 */
public final class Scope implements AutoCloseable {
    private final PointerScope outer;
    private final PointerScope inner;

    private Scope() {
        this.outer = PointerScope.getInnerScope();
        this.inner = new PointerScope();
    }

    /**
     * Opens a scope inside the one that is open now, if any.
     *
     * @return the scope, to be closed by the same thread
     */
    public static Scope open() {
        return new Scope();
    }

    /**
     * Moves a tensor into the scope around this one. With none around it lives until {@link Tensor#close}.
     *
     * @param tensor made inside this scope
     * @return the same tensor
     */
    public Tensor keep(Tensor tensor) {
        // Pointers are counted: attach adds a reference, detach takes one away and frees at none.
        if (outer == null) {
            tensor.handle.retainReference();
        } else {
            outer.attach(tensor.handle);
        }
        inner.detach(tensor.handle);
        return tensor;
    }

    /**
     * Takes a tensor out of all scopes: it lives until {@link Tensor#close}.
     *
     * @param tensor made inside the scope that is open now
     * @return the same tensor
     */
    public static Tensor release(Tensor tensor) {
        outlive(tensor.handle);
        return tensor;
    }

    /** Takes a native object out of all scopes: it lives until it is closed. */
    static <P extends Pointer> P outlive(P made) {
        PointerScope now = PointerScope.getInnerScope();
        if (now != null) {
            made.retainReference();
            now.detach(made);
        }
        return made;
    }

    @Override
    public void close() {
        inner.close();
    }
}
