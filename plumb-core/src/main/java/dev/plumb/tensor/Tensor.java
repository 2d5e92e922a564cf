package dev.plumb.tensor;

import java.nio.ByteBuffer;
import java.util.Arrays;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.GeneratorOptional;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarOptional;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.T_TensorTensor_T;
import org.bytedeco.pytorch.TensorArrayRefOptional;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * A tensor of libtorch with the operations that Plumb uses, under the names of the field. A trailing {@code InPlace} changes
 * the tensor itself. Its native memory is freed by the {@link Scope} that was open when it was made.
 */
public final class Tensor implements AutoCloseable {
    final org.bytedeco.pytorch.Tensor handle;

    Tensor(org.bytedeco.pytorch.Tensor handle) {
        this.handle = handle;
    }

    /** A handle of its own on what libtorch lent as a reference into another object, which may be freed first. */
    static org.bytedeco.pytorch.Tensor owned(org.bytedeco.pytorch.Tensor lent) {
        return new org.bytedeco.pytorch.Tensor(lent);
    }

    // ---- making

    static TensorOptions options(DType type, Device device) {
        return new TensorOptions(type.torch).device(new org.bytedeco.pytorch.DeviceOptional(device.handle()));
    }

    /**
     * Zeros.
     *
     * @param type element type
     * @param device where
     * @param shape sizes
     * @return a new tensor
     */
    public static Tensor zeros(DType type, Device device, long... shape) {
        return new Tensor(torch.zeros(shape, options(type, device)));
    }

    /**
     * Memory that is not set.
     *
     * @param type element type
     * @param device where
     * @param shape sizes
     * @return a new tensor
     */
    public static Tensor empty(DType type, Device device, long... shape) {
        return new Tensor(torch.empty(shape, options(type, device), new org.bytedeco.pytorch.MemoryFormatOptional()));
    }

    /**
     * One number everywhere.
     *
     * @param value the number
     * @param type element type
     * @param device where
     * @param shape sizes
     * @return a new tensor
     */
    public static Tensor full(double value, DType type, Device device, long... shape) {
        return new Tensor(torch.full(shape, new Scalar(value), options(type, device)));
    }

    /**
     * Copies 64-bit integers.
     *
     * @param values the numbers
     * @param device where
     * @return [values]
     */
    public static Tensor of(long[] values, Device device) {
        org.bytedeco.pytorch.Tensor made = torch.tensor(values, options(DType.INT64, Device.CPU));
        return new Tensor(made).to(device);
    }

    /**
     * Copies integers as 64-bit ones.
     *
     * @param values the numbers
     * @param device where
     * @return [values]
     */
    public static Tensor of(int[] values, Device device) {
        return of(Arrays.stream(values).asLongStream().toArray(), device);
    }

    /**
     * Copies 32-bit floats.
     *
     * @param values the numbers
     * @param device where
     * @return [values]
     */
    public static Tensor of(float[] values, Device device) {
        org.bytedeco.pytorch.Tensor made = torch.tensor(values, options(DType.FLOAT32, Device.CPU));
        return new Tensor(made).to(device);
    }

    /**
     * Copies 64-bit floats.
     *
     * @param values the numbers
     * @param device where
     * @return [values]
     */
    public static Tensor of(double[] values, Device device) {
        Tensor made = empty(DType.FLOAT64, Device.CPU, values.length);
        if (values.length > 0) {
            made.handle.data_ptr_double().put(values);
        }
        return made.to(device);
    }

    /**
     * Copies truth values.
     *
     * @param values the values
     * @param device where
     * @return booleans of shape [values]
     */
    public static Tensor of(boolean[] values, Device device) {
        long[] numbers = new long[values.length];
        for (int i = 0; i < values.length; i++) {
            numbers[i] = values[i] ? 1 : 0;
        }
        return of(numbers, device).to(DType.BOOL);
    }

    /**
     * 0, 1, …, n - 1.
     *
     * @param n how many
     * @param device where
     * @return 64-bit integers [n]
     */
    public static Tensor arange(long n, Device device) {
        return new Tensor(torch.arange(new Scalar(n), options(DType.INT64, device)));
    }

    // ---- facts

    /**
     * The sizes.
     *
     * @return one number a dimension
     */
    public long[] shape() {
        long[] shape = new long[(int) handle.dim()];
        for (int i = 0; i < shape.length; i++) {
            shape[i] = handle.size(i);
        }
        return shape;
    }

    /**
     * One size.
     *
     * @param dim the dimension; negative counts from the end
     * @return its size
     */
    public long size(int dim) {
        return handle.size(dim);
    }

    /**
     * How many dimensions.
     *
     * @return the number
     */
    public int dim() {
        return (int) handle.dim();
    }

    /**
     * How many elements.
     *
     * @return the number
     */
    public long numel() {
        return handle.numel();
    }

    /**
     * Element type.
     *
     * @return the type
     */
    public DType dtype() {
        return DType.of(handle.scalar_type());
    }

    /**
     * Where it lives.
     *
     * @return the device
     */
    public Device device() {
        return handle.is_cuda() ? Device.CUDA : Device.CPU;
    }

    // ---- out to Java

    /**
     * The only element.
     *
     * @return its value
     */
    public double item() {
        return handle.item_double();
    }

    /**
     * The only element of an integer tensor.
     *
     * @return its value
     */
    public long itemLong() {
        return handle.item_long();
    }

    /**
     * All elements in order.
     *
     * @return a copy
     */
    public float[] toFloats() {
        try (Scope scope = Scope.open()) {
            float[] out = new float[Math.toIntExact(numel())];
            if (out.length > 0) {
                onHost(DType.FLOAT32).data_ptr_float().get(out);
            }
            return out;
        }
    }

    /**
     * Copies all elements, in order, to the beginning of an array.
     *
     * @param target at least as long as this tensor
     */
    public void copyTo(float[] target) {
        try (Scope scope = Scope.open()) {
            if (numel() > 0) {
                onHost(DType.FLOAT32).data_ptr_float().get(target, 0, Math.toIntExact(numel()));
            }
        }
    }

    /**
     * All elements in order.
     *
     * @return a copy
     */
    public double[] toDoubles() {
        try (Scope scope = Scope.open()) {
            double[] out = new double[Math.toIntExact(numel())];
            if (out.length > 0) {
                onHost(DType.FLOAT64).data_ptr_double().get(out);
            }
            return out;
        }
    }

    /**
     * All elements in order.
     *
     * @return a copy
     */
    public long[] toLongs() {
        try (Scope scope = Scope.open()) {
            long[] out = new long[Math.toIntExact(numel())];
            if (out.length > 0) {
                onHost(DType.INT64).data_ptr_long().get(out);
            }
            return out;
        }
    }

    private org.bytedeco.pytorch.Tensor onHost(DType type) {
        return detach().to(Device.CPU).to(type).contiguous().handle;
    }

    /**
     * The raw bytes of a contiguous tensor in main memory, in the machine's (little-endian) order. The view is valid as long
     * as the tensor is.
     *
     * @param offset first byte
     * @param length how many bytes, at most 2^31 - 1
     * @return a view, not a copy
     */
    public ByteBuffer bytes(long offset, int length) {
        if (device() != Device.CPU || !handle.is_contiguous()) {
            throw new IllegalStateException("bytes() needs a contiguous tensor in main memory");
        }
        if (offset < 0 || length < 0 || offset + length > byteSize()) {
            throw new IndexOutOfBoundsException("bytes " + offset + "+" + length + " of " + byteSize());
        }
        // A view by address: the pointer owns nothing, so that no scope frees the tensor's memory.
        return new Address(handle.data_ptr(), offset).view(length);
    }

    private static final class Address extends BytePointer {
        Address(Pointer at, long offset) {
            super((Pointer) null);
            address = at.address() + offset;
        }

        ByteBuffer view(int length) {
            limit(length);
            return asByteBuffer().order(java.nio.ByteOrder.nativeOrder());
        }
    }

    /**
     * How many bytes the elements take.
     *
     * @return bytes
     */
    public long byteSize() {
        return numel() * dtype().bytes();
    }

    // ---- gradients

    /**
     * Says whether the graph shall reach this leaf.
     *
     * @param wanted true to collect a gradient
     * @return this tensor
     */
    public Tensor requiresGrad(boolean wanted) {
        handle.set_requires_grad(wanted);
        return this;
    }

    /**
     * Whether the graph reaches this tensor.
     *
     * @return true if it does
     */
    public boolean requiresGrad() {
        return handle.requires_grad();
    }

    /**
     * Whether a gradient has been collected.
     *
     * @return true if {@link #grad()} may be called
     */
    public boolean hasGrad() {
        try (Scope scope = Scope.open()) {
            return handle.grad().defined();
        }
    }

    /**
     * The collected gradient of a leaf.
     *
     * @return the gradient itself, not a copy
     * @throws IllegalStateException if there is none
     */
    public Tensor grad() {
        org.bytedeco.pytorch.Tensor grad = handle.grad();
        if (!grad.defined()) {
            throw new IllegalStateException("no gradient has been collected");
        }
        return new Tensor(owned(grad));
    }

    /**
     * Gives a leaf the tensor into which its gradient is to be added.
     *
     * @param grad of the leaf's shape and type
     */
    public void grad(Tensor grad) {
        handle.mutable_grad().put(grad.handle);
    }

    /** Runs the graph backward from this single number. */
    public void backward() {
        handle.backward();
    }

    /**
     * Runs the graph backward from this tensor.
     *
     * @param gradient derivative of the loss with respect to this tensor, of its shape
     */
    public void backward(Tensor gradient) {
        handle.backward(gradient.handle, new BoolOptional(), false, new TensorArrayRefOptional());
    }

    // ---- type, place, shape

    /**
     * Converts elements.
     *
     * @param type the wanted type
     * @return this tensor's values in that type; itself if it has it
     */
    public Tensor to(DType type) {
        return dtype() == type ? this : new Tensor(handle.to(type.torch));
    }

    /**
     * Moves to a device.
     *
     * @param device where to
     * @return the values there; itself if it is there
     */
    public Tensor to(Device device) {
        return device() == device ? this : new Tensor(handle.to(device.handle(), handle.scalar_type()));
    }

    /**
     * A copy in memory of its own.
     *
     * @return the copy
     */
    public Tensor copy() {
        return new Tensor(handle.clone());
    }

    /**
     * The same elements in another shape.
     *
     * @param shape sizes, one of them may be -1
     * @return a view if possible, else a copy
     */
    public Tensor reshape(long... shape) {
        return new Tensor(handle.reshape(shape));
    }

    /**
     * Swaps two dimensions.
     *
     * @param a one
     * @param b the other
     * @return a view
     */
    public Tensor transpose(int a, int b) {
        return new Tensor(handle.transpose(a, b));
    }

    /**
     * Part of a dimension.
     *
     * @param dim the dimension
     * @param start first index
     * @param length how many
     * @return a view
     */
    public Tensor narrow(int dim, long start, long length) {
        return new Tensor(handle.narrow(dim, start, length));
    }

    /**
     * One index of a dimension, which goes away.
     *
     * @param dim the dimension
     * @param index which
     * @return a view
     */
    public Tensor select(int dim, long index) {
        return new Tensor(handle.select(dim, index));
    }

    /**
     * Adds a dimension of size 1.
     *
     * @param dim where
     * @return a view
     */
    public Tensor unsqueeze(int dim) {
        return new Tensor(handle.unsqueeze(dim));
    }

    /**
     * Repeats dimensions of size 1 without copying.
     *
     * @param shape the wanted sizes, -1 to leave one
     * @return a view
     */
    public Tensor expand(long... shape) {
        return new Tensor(handle.expand(shape));
    }

    /**
     * Repeats each index of a dimension.
     *
     * @param times how often
     * @param dim the dimension
     * @return a new tensor
     */
    public Tensor repeatInterleave(long times, int dim) {
        return times == 1
                ? this
                : new Tensor(handle.repeat_interleave(times, new LongOptional(dim), new LongOptional()));
    }

    /**
     * Joins tensors along a dimension.
     *
     * @param dim the dimension
     * @param parts at least one
     * @return a new tensor
     */
    public static Tensor cat(int dim, Tensor... parts) {
        return parts.length == 1 ? parts[0] : new Tensor(torch.cat(vector(parts), dim));
    }

    /**
     * Joins tensors along a dimension.
     *
     * @param dim the dimension
     * @param parts at least one
     * @return a new tensor
     */
    public static Tensor cat(int dim, java.util.List<Tensor> parts) {
        return cat(dim, parts.toArray(Tensor[]::new));
    }

    static TensorVector vector(Tensor... parts) {
        org.bytedeco.pytorch.Tensor[] handles = new org.bytedeco.pytorch.Tensor[parts.length];
        for (int i = 0; i < parts.length; i++) {
            handles[i] = parts[i].handle;
        }
        return new TensorVector(handles);
    }

    // ---- choosing and placing

    /**
     * Rows by index.
     *
     * @param dim the dimension
     * @param index 64-bit integers [n]
     * @return a new tensor with n indices in that dimension
     */
    public Tensor indexSelect(int dim, Tensor index) {
        return new Tensor(handle.index_select(dim, index.handle));
    }

    /**
     * Elements by index along a dimension.
     *
     * @param dim the dimension
     * @param index 64-bit integers of the result's shape
     * @return a new tensor
     */
    public Tensor gather(int dim, Tensor index) {
        return new Tensor(handle.gather(dim, index.handle));
    }

    /**
     * The elements moved along a dimension, those at the end to its beginning.
     *
     * @param by how far
     * @param dim the dimension
     * @return a copy
     */
    public Tensor roll(long by, int dim) {
        return new Tensor(handle.roll(new long[] {by}, dim));
    }

    /**
     * This tensor plus the product of two others.
     *
     * @param one broadcast to this shape
     * @param other the same
     * @return this shape
     */
    public Tensor addProduct(Tensor one, Tensor other) {
        return new Tensor(handle.addcmul(one.handle, other.handle));
    }

    /**
     * A view of the memory that this tensor lies in, from its first element on.
     *
     * @param sizes of the view
     * @param strides elements between neighbours in each dimension
     * @return the view, without a check that its elements are this tensor's
     */
    public Tensor strided(long[] sizes, long[] strides) {
        return new Tensor(handle.as_strided(sizes, strides));
    }

    /**
     * This tensor with rows added at the given indices.
     *
     * @param dim the dimension
     * @param index 64-bit integers [n], repeats allowed
     * @param source what is added
     * @return a new tensor
     */
    public Tensor indexAdd(int dim, Tensor index, Tensor source) {
        return new Tensor(handle.index_add(dim, index.handle, source.handle));
    }

    /**
     * Elements from one tensor or another.
     *
     * @param condition booleans
     * @param yes where true
     * @param no where false
     * @return a new tensor
     */
    public static Tensor where(Tensor condition, Tensor yes, Tensor no) {
        return new Tensor(torch.where(condition.handle, yes.handle, no.handle));
    }

    /**
     * One number where a mask is true; the gradient there is 0.
     *
     * @param mask booleans
     * @param value the number
     * @return a new tensor
     */
    public Tensor maskedFill(Tensor mask, double value) {
        return new Tensor(handle.masked_fill(mask.handle, new Scalar(value)));
    }

    /**
     * Sorts along the last dimension.
     *
     * @param descending largest first
     * @return values and their old indices
     */
    public Sorted sort(boolean descending) {
        T_TensorTensor_T both = handle.sort(-1, descending);
        return new Sorted(new Tensor(owned(both.get0())), new Tensor(owned(both.get1())));
    }

    /**
     * Sorted values with the places they came from.
     *
     * @param values sorted
     * @param indices where each value stood
     */
    public record Sorted(Tensor values, Tensor indices) {}

    // ---- reductions

    /**
     * Sum of all elements.
     *
     * @return a single number
     */
    public Tensor sum() {
        return new Tensor(handle.sum());
    }

    /**
     * Sum along a dimension, which goes away.
     *
     * @param dim the dimension
     * @return one dimension less
     */
    public Tensor sum(int dim) {
        return sum(dim, false);
    }

    /**
     * Sum along a dimension.
     *
     * @param dim the dimension
     * @param keep whether it stays with size 1
     * @return the sums
     */
    public Tensor sum(int dim, boolean keep) {
        return new Tensor(handle.sum(new long[] {dim}, keep, new ScalarTypeOptional()));
    }

    /**
     * Mean of all elements.
     *
     * @return a single number
     */
    public Tensor mean() {
        return new Tensor(handle.mean());
    }

    /**
     * Mean along a dimension, which stays with size 1.
     *
     * @param dim the dimension
     * @return the means
     */
    public Tensor meanKeep(int dim) {
        return new Tensor(handle.mean(new long[] {dim}, true, new ScalarTypeOptional()));
    }

    /**
     * Largest element along a dimension, which stays with size 1.
     *
     * @param dim the dimension
     * @return the largest values
     */
    public Tensor amaxKeep(int dim) {
        return new Tensor(handle.amax(new long[] {dim}, true));
    }

    /**
     * Index of the largest element along a dimension, which goes away.
     *
     * @param dim the dimension
     * @return 64-bit integers
     */
    public Tensor argmax(int dim) {
        return new Tensor(handle.argmax(new LongOptional(dim), false));
    }

    /**
     * Log of the sum of exponentials along a dimension, which goes away.
     *
     * @param dim the dimension
     * @return the results
     */
    public Tensor logSumExp(int dim) {
        return new Tensor(handle.logsumexp(new long[] {dim}, false));
    }

    /**
     * Sum of squares of all elements, in 64 bits.
     *
     * @return a single number
     */
    public double squaredNorm() {
        try (Scope scope = Scope.open()) {
            double norm = handle.norm(new ScalarOptional(new Scalar(2)), DType.FLOAT32.torch)
                    .item_double();
            return norm * norm;
        }
    }

    /**
     * Bounds from below.
     *
     * @param min the bound
     * @return a new tensor
     */
    public Tensor clampMin(double min) {
        return new Tensor(handle.clamp_min(new Scalar(min)));
    }

    /**
     * Bounds from above.
     *
     * @param max the bound
     * @return a new tensor
     */
    public Tensor clampMax(double max) {
        return new Tensor(handle.clamp_max(new Scalar(max)));
    }

    /**
     * Power.
     *
     * @param exponent the exponent
     * @return a new tensor
     */
    public Tensor pow(double exponent) {
        return new Tensor(handle.pow(new Scalar(exponent)));
    }

    /**
     * True where both are.
     *
     * @param other booleans
     * @return booleans
     */
    public Tensor and(Tensor other) {
        return new Tensor(handle.logical_and(other.handle));
    }

    // ---- in place

    /**
     * Copies values in.
     *
     * @param source of the same shape; type and device may differ
     * @return this tensor
     */
    public Tensor copyInPlace(Tensor source) {
        handle.copy_(source.handle);
        return this;
    }

    /**
     * Sets all elements to 0.
     *
     * @return this tensor
     */
    public Tensor zeroInPlace() {
        handle.zero_();
        return this;
    }

    /**
     * Adds factor times another tensor.
     *
     * @param other what is added
     * @param factor its factor
     * @return this tensor
     */
    public Tensor addInPlace(Tensor other, double factor) {
        handle.add_(other.handle, new Scalar(factor));
        return this;
    }

    /**
     * Adds a number.
     *
     * @param number what is added
     * @return this tensor
     */
    public Tensor addInPlace(double number) {
        handle.add_(new Scalar(number));
        return this;
    }

    /**
     * Multiplies by a number.
     *
     * @param number the factor
     * @return this tensor
     */
    public Tensor mulInPlace(double number) {
        handle.mul_(new Scalar(number));
        return this;
    }

    /**
     * Multiplies by a tensor.
     *
     * @param other the factor
     * @return this tensor
     */
    public Tensor mulInPlace(Tensor other) {
        handle.mul_(other.handle);
        return this;
    }

    /**
     * Exponentials.
     *
     * @return this tensor
     */
    public Tensor expInPlace() {
        handle.exp_();
        return this;
    }

    /**
     * Hyperbolic tangents.
     *
     * @return this tensor
     */
    public Tensor tanhInPlace() {
        handle.tanh_();
        return this;
    }

    /**
     * Moves towards another tensor: this + weight (target - this).
     *
     * @param target where to
     * @param weight how far, 0 to 1
     * @return this tensor
     */
    public Tensor lerpInPlace(Tensor target, double weight) {
        handle.lerp_(target.handle, new Scalar(weight));
        return this;
    }

    /**
     * Adds factor times the product of two tensors.
     *
     * @param a one
     * @param b the other
     * @param factor the factor
     * @return this tensor
     */
    public Tensor addcmulInPlace(Tensor a, Tensor b, double factor) {
        handle.addcmul_(a.handle, b.handle, new Scalar(factor));
        return this;
    }

    /**
     * Adds factor times the quotient of two tensors.
     *
     * @param a what is divided
     * @param b by what
     * @param factor the factor
     * @return this tensor
     */
    public Tensor addcdivInPlace(Tensor a, Tensor b, double factor) {
        handle.addcdiv_(a.handle, b.handle, new Scalar(factor));
        return this;
    }

    /**
     * Adds a matrix product: this + a b.
     *
     * @param a [rows, inner]
     * @param b [inner, columns]
     * @return this tensor, [rows, columns]
     */
    public Tensor addmmInPlace(Tensor a, Tensor b) {
        handle.addmm_(a.handle, b.handle);
        return this;
    }

    /**
     * Sets this tensor to a matrix product.
     *
     * @param a [rows, inner]
     * @param b [inner, columns]
     * @return this tensor, [rows, columns]
     */
    public Tensor setToMm(Tensor a, Tensor b) {
        torch.mm_out(handle, a.handle, b.handle);
        return this;
    }

    /**
     * Sets this tensor to another one less a number for each row, which must not require a gradient.
     *
     * @param a [rows, columns]
     * @param b broadcast against it
     * @return this tensor
     */
    public Tensor setToSub(Tensor a, Tensor b) {
        torch.sub_out(handle, a.handle, b.handle);
        return this;
    }

    /**
     * Sets this tensor to the exponentials of another one.
     *
     * @param a of the same shape
     * @return this tensor
     */
    public Tensor setToExp(Tensor a) {
        torch.exp_out(handle, a.handle);
        return this;
    }

    /**
     * Sets this tensor to an elementwise product.
     *
     * @param a one
     * @param b the other
     * @return this tensor
     */
    public Tensor setToMul(Tensor a, Tensor b) {
        torch.mul_out(handle, a.handle, b.handle);
        return this;
    }

    /**
     * Adds rows at indices.
     *
     * @param dim the dimension
     * @param index 64-bit integers [n], repeats allowed
     * @param source what is added
     * @return this tensor
     */
    public Tensor indexAddInPlace(int dim, Tensor index, Tensor source) {
        handle.index_add_(dim, index.handle, source.handle);
        return this;
    }

    /**
     * Puts rows at indices.
     *
     * @param dim the dimension
     * @param index 64-bit integers [n], no repeats
     * @param source what is put there
     * @return this tensor
     */
    public Tensor indexCopyInPlace(int dim, Tensor index, Tensor source) {
        handle.index_copy_(dim, index.handle, source.handle);
        return this;
    }

    /**
     * Adds single elements at indices along a dimension.
     *
     * @param dim the dimension
     * @param index 64-bit integers of the source's shape
     * @param source what is added
     * @return this tensor
     */
    public Tensor scatterAddInPlace(int dim, Tensor index, Tensor source) {
        handle.scatter_add_(dim, index.handle, source.handle);
        return this;
    }

    /**
     * Draws from a normal distribution with libtorch's default generator, see {@link Torch#seed}.
     *
     * @param mean mean
     * @param std standard deviation
     * @return this tensor
     */
    public Tensor normalInPlace(double mean, double std) {
        handle.normal_(mean, std, new GeneratorOptional());
        return this;
    }

    /**
     * Draws from a uniform distribution with libtorch's default generator, see {@link Torch#seed}.
     *
     * @param from smallest value
     * @param to bound above
     * @return this tensor
     */
    public Tensor uniformInPlace(double from, double to) {
        handle.uniform_(from, to, new GeneratorOptional());
        return this;
    }

    // ---- elementwise

    /**
     * The negative.
     *
     * @return a new tensor of the same shape
     */
    public Tensor neg() {
        return new Tensor(handle.neg());
    }

    /**
     * E to the power of each element.
     *
     * @return a new tensor of the same shape
     */
    public Tensor exp() {
        return new Tensor(handle.exp());
    }

    /**
     * Natural logarithm.
     *
     * @return a new tensor of the same shape
     */
    public Tensor log() {
        return new Tensor(handle.log());
    }

    /**
     * Log(1 + x), exact near 0.
     *
     * @return a new tensor of the same shape
     */
    public Tensor log1p() {
        return new Tensor(handle.log1p());
    }

    /**
     * Exp(x) - 1, exact near 0.
     *
     * @return a new tensor of the same shape
     */
    public Tensor expm1() {
        return new Tensor(handle.expm1());
    }

    /**
     * Square root.
     *
     * @return a new tensor of the same shape
     */
    public Tensor sqrt() {
        return new Tensor(handle.sqrt());
    }

    /**
     * 1 / square root.
     *
     * @return a new tensor of the same shape
     */
    public Tensor rsqrt() {
        return new Tensor(handle.rsqrt());
    }

    /**
     * Absolute value.
     *
     * @return a new tensor of the same shape
     */
    public Tensor abs() {
        return new Tensor(handle.abs());
    }

    /**
     * X squared.
     *
     * @return a new tensor of the same shape
     */
    public Tensor square() {
        return new Tensor(handle.square());
    }

    /**
     * Logistic function.
     *
     * @return a new tensor of the same shape
     */
    public Tensor sigmoid() {
        return new Tensor(handle.sigmoid());
    }

    /**
     * Hyperbolic tangent.
     *
     * @return a new tensor of the same shape
     */
    public Tensor tanh() {
        return new Tensor(handle.tanh());
    }

    /**
     * Max(x, 0).
     *
     * @return a new tensor of the same shape
     */
    public Tensor relu() {
        return new Tensor(handle.relu());
    }

    /**
     * Cosine.
     *
     * @return a new tensor of the same shape
     */
    public Tensor cos() {
        return new Tensor(handle.cos());
    }

    /**
     * Sine.
     *
     * @return a new tensor of the same shape
     */
    public Tensor sin() {
        return new Tensor(handle.sin());
    }

    /**
     * The same values, outside the graph.
     *
     * @return a new tensor of the same shape
     */
    public Tensor detach() {
        return new Tensor(handle.detach());
    }

    /**
     * The same values, laid out row by row.
     *
     * @return a new tensor of the same shape
     */
    public Tensor contiguous() {
        return new Tensor(handle.contiguous());
    }

    /**
     * True where false.
     *
     * @return a new tensor of the same shape
     */
    public Tensor logicalNot() {
        return new Tensor(handle.logical_not());
    }

    /**
     * True where neither infinite nor NaN.
     *
     * @return a new tensor of the same shape
     */
    public Tensor isFinite() {
        return new Tensor(handle.isfinite());
    }

    /**
     * Sum, shapes broadcast.
     *
     * @param other the second operand
     * @return the result
     */
    public Tensor add(Tensor other) {
        return new Tensor(handle.add(other.handle));
    }

    /**
     * Difference, shapes broadcast.
     *
     * @param other the second operand
     * @return the result
     */
    public Tensor sub(Tensor other) {
        return new Tensor(handle.sub(other.handle));
    }

    /**
     * Product, shapes broadcast.
     *
     * @param other the second operand
     * @return the result
     */
    public Tensor mul(Tensor other) {
        return new Tensor(handle.mul(other.handle));
    }

    /**
     * Quotient, shapes broadcast.
     *
     * @param other the second operand
     * @return the result
     */
    public Tensor div(Tensor other) {
        return new Tensor(handle.div(other.handle));
    }

    /**
     * Matrix product over the last two dimensions.
     *
     * @param other the second operand
     * @return the result
     */
    public Tensor matmul(Tensor other) {
        return new Tensor(handle.matmul(other.handle));
    }

    /**
     * Sum with a number.
     *
     * @param number the second operand
     * @return the result
     */
    public Tensor add(double number) {
        return new Tensor(handle.add(new Scalar(number)));
    }

    /**
     * Difference with a number.
     *
     * @param number the second operand
     * @return the result
     */
    public Tensor sub(double number) {
        return new Tensor(handle.sub(new Scalar(number)));
    }

    /**
     * Product with a number.
     *
     * @param number the second operand
     * @return the result
     */
    public Tensor mul(double number) {
        return new Tensor(handle.mul(new Scalar(number)));
    }

    /**
     * Quotient with a number.
     *
     * @param number the second operand
     * @return the result
     */
    public Tensor div(double number) {
        return new Tensor(handle.div(new Scalar(number)));
    }

    /**
     * Elementwise smaller value.
     *
     * @param other the second operand
     * @return the result
     */
    public Tensor minimum(Tensor other) {
        return new Tensor(handle.minimum(other.handle));
    }

    /**
     * Elementwise larger value.
     *
     * @param other the second operand
     * @return the result
     */
    public Tensor maximum(Tensor other) {
        return new Tensor(handle.maximum(other.handle));
    }

    /**
     * True where equal.
     *
     * @param other the second operand
     * @return booleans
     */
    public Tensor eq(Tensor other) {
        return new Tensor(handle.eq(other.handle));
    }

    /**
     * True where equal.
     *
     * @param number the second operand
     * @return booleans
     */
    public Tensor eq(double number) {
        return new Tensor(handle.eq(new Scalar(number)));
    }

    /**
     * True where not equal.
     *
     * @param other the second operand
     * @return booleans
     */
    public Tensor ne(Tensor other) {
        return new Tensor(handle.ne(other.handle));
    }

    /**
     * True where not equal.
     *
     * @param number the second operand
     * @return booleans
     */
    public Tensor ne(double number) {
        return new Tensor(handle.ne(new Scalar(number)));
    }

    /**
     * True where less.
     *
     * @param other the second operand
     * @return booleans
     */
    public Tensor lt(Tensor other) {
        return new Tensor(handle.lt(other.handle));
    }

    /**
     * True where less.
     *
     * @param number the second operand
     * @return booleans
     */
    public Tensor lt(double number) {
        return new Tensor(handle.lt(new Scalar(number)));
    }

    /**
     * True where less or equal.
     *
     * @param other the second operand
     * @return booleans
     */
    public Tensor le(Tensor other) {
        return new Tensor(handle.le(other.handle));
    }

    /**
     * True where less or equal.
     *
     * @param number the second operand
     * @return booleans
     */
    public Tensor le(double number) {
        return new Tensor(handle.le(new Scalar(number)));
    }

    /**
     * True where greater.
     *
     * @param other the second operand
     * @return booleans
     */
    public Tensor gt(Tensor other) {
        return new Tensor(handle.gt(other.handle));
    }

    /**
     * True where greater.
     *
     * @param number the second operand
     * @return booleans
     */
    public Tensor gt(double number) {
        return new Tensor(handle.gt(new Scalar(number)));
    }

    /**
     * True where greater or equal.
     *
     * @param other the second operand
     * @return booleans
     */
    public Tensor ge(Tensor other) {
        return new Tensor(handle.ge(other.handle));
    }

    /**
     * True where greater or equal.
     *
     * @param number the second operand
     * @return booleans
     */
    public Tensor ge(double number) {
        return new Tensor(handle.ge(new Scalar(number)));
    }

    /** Frees the native memory now. */
    @Override
    public void close() {
        handle.close();
    }

    @Override
    public String toString() {
        return dtype() + Arrays.toString(shape());
    }
}
