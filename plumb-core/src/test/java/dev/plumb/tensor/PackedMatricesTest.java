package dev.plumb.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.assertj.core.data.Offset.offset;

import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PackedMatricesTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 3, 4, 16, 33})
    void productsEqualThoseOfThePlainMatrices(int rows) {
        try (PackedMatrices packed = open();
                Scope scope = Scope.open();
                NoGrad guard = NoGrad.open()) {
            Torch.seed(rows);
            for (int[] size : new int[][] {{1, 1}, {5, 7}, {24, 40}, {130, 33}}) {
                String name = size[0] + "x" + size[1];
                Tensor matrix = normal(size[0], size[1]);
                Tensor turned = normal(size[1], size[0]).transpose(0, 1); // as in GPT-2's files
                Tensor bias = normal(size[0]);
                Tensor x = normal(rows, size[1]);
                for (int use = 0; use < 2; use++) {
                    equal(packed.linear(name, x, () -> matrix, Optional.empty()), Functional.linear(x, matrix));
                    equal(
                            packed.linear(name + "turned", x, () -> turned, Optional.of(bias)),
                            Functional.linear(x, turned, bias));
                }
            }
        }
    }

    @Test
    void aMatrixIsAskedForOnceAndItsCopyOutlivesTheScope() {
        try (PackedMatrices packed = open();
                NoGrad guard = NoGrad.open()) {
            try (Scope scope = Scope.open()) {
                Tensor ones = Tensor.full(1, DType.FLOAT32, Device.CPU, 4, 8);
                packed.linear("w", ones.narrow(0, 0, 2), () -> ones, Optional.empty());
            }
            try (Scope scope = Scope.open()) {
                Tensor x = Tensor.full(2, DType.FLOAT32, Device.CPU, 3, 8);
                Tensor out = packed.linear("w", x, () -> fail("asked again"), Optional.empty());
                assertThat(out.shape()).containsExactly(3, 4);
                assertThat(out.toFloats()).containsOnly(16f);
            }
        }
    }

    @Test
    void othersThanPlainMatricesOfAProcessorAreNotPacked() {
        assertThat(PackedMatrices.open(DType.FLOAT64, Device.CPU)).isEmpty();
    }

    private static PackedMatrices open() {
        Optional<PackedMatrices> packed = PackedMatrices.open(DType.FLOAT32, Device.CPU);
        assumeThat(packed).as("libtorch has oneDNN here").isPresent();
        return packed.orElseThrow();
    }

    private static Tensor normal(long... size) {
        return Tensor.zeros(DType.FLOAT32, Device.CPU, size).normalInPlace(0, 1);
    }

    private static void equal(Tensor made, Tensor expected) {
        assertThat(made.shape()).containsExactly(expected.shape());
        assertThat(made.toDoubles()).containsExactly(expected.toDoubles(), offset(1e-4));
    }
}
