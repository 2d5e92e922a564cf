package dev.plumb.tensor;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AutoGradMode;

/** While open, operations of this thread record no graph. */
public final class NoGrad implements AutoCloseable {
    private final AutoGradMode mode;

    private NoGrad(boolean record) {
        this.mode = new AutoGradMode(record);
        PointerScope scope = PointerScope.getInnerScope();
        if (scope != null) {
            mode.retainReference();
            scope.detach(mode); // a scope that closes first must not restore the mode a second time
        }
    }

    /**
     * Stops recording.
     *
     * @return the guard, to be closed by the same thread
     */
    public static NoGrad open() {
        return new NoGrad(false);
    }

    @Override
    public void close() {
        mode.close();
    }
}
