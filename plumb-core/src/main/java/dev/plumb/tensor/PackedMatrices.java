package dev.plumb.tensor;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Argument;
import org.bytedeco.pytorch.Dispatcher;
import org.bytedeco.pytorch.GenericList;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.OperatorHandle;
import org.bytedeco.pytorch.global.torch;

/**
 * Matrices of linear layers as oneDNN orders them for its products. With few rows most of a product's time goes into bringing
 * the matrix into such an order; here this is done once, at a matrix's first use, at the price of a copy of it. A change of the
 * matrix afterwards is not seen.
 */
public final class PackedMatrices implements AutoCloseable {
    private final OperatorHandle pack;
    private final OperatorHandle product;
    private final IValue nothing;
    private final IValue plain;
    private final IValue noNumbers;
    private final IValue anyAlgorithm;
    private final Map<String, IValue> packed = new HashMap<>();

    private PackedMatrices() {
        try (Scope scope = Scope.open()) {
            Dispatcher operators = Dispatcher.singleton();
            this.pack = Scope.outlive(operators.findSchemaOrThrow("mkldnn::_reorder_linear_weight", ""));
            this.product = Scope.outlive(operators.findSchemaOrThrow("mkldnn::_linear_pointwise", ""));
            this.nothing = Scope.outlive(new IValue());
            this.plain = Scope.outlive(new IValue("none"));
            Argument numbers = new Argument(product.schema().arguments().position(4));
            this.noNumbers = Scope.outlive(
                    new IValue(new GenericList(numbers.type().get().containedType(0))));
            this.anyAlgorithm = Scope.outlive(new IValue(""));
        }
    }

    /**
     * Room for packed matrices.
     *
     * @param type of the matrices
     * @param device where they are
     * @return none yet; empty where libtorch cannot pack such matrices
     */
    public static Optional<PackedMatrices> open(DType type, Device device) {
        return type == DType.FLOAT32 && device == Device.CPU && torch.hasMKLDNN()
                ? Optional.of(new PackedMatrices())
                : Optional.empty();
    }

    /**
     * x Wᵀ + b, without a gradient.
     *
     * @param name of the matrix
     * @param x [rows, in]
     * @param matrix W, [out, in], asked for at the first use of the name
     * @param bias b, [out], if there is one
     * @return [rows, out]
     */
    public Tensor linear(String name, Tensor x, Supplier<Tensor> matrix, Optional<Tensor> bias) {
        IValue weight = packed.computeIfAbsent(name, fresh -> pack(matrix.get()));
        IValueVector stack = new IValueVector(
                new IValue(x.handle),
                weight,
                bias.map(b -> new IValue(b.handle)).orElse(nothing),
                plain,
                noNumbers,
                anyAlgorithm);
        product.callBoxed(stack);
        return new Tensor(Tensor.owned(stack.get(0).toTensor()));
    }

    private IValue pack(Tensor matrix) {
        try (Scope scope = Scope.open();
                NoGrad guard = NoGrad.open()) {
            // Ordered for one row, which no other number of rows was measured to mind.
            IValueVector stack = new IValueVector(new IValue(matrix.detach().contiguous().handle), new IValue(1L));
            pack.callBoxed(stack);
            return Scope.outlive(new IValue(stack.get(0)));
        }
    }

    @Override
    public void close() {
        packed.values().forEach(Pointer::close);
        for (Pointer held : new Pointer[] {pack, product, nothing, plain, noNumbers, anyAlgorithm}) {
            held.close();
        }
    }
}
