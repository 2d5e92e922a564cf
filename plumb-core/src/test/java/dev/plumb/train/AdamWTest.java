package dev.plumb.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.plumb.tensor.DType;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.NoGrad;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The optimiser where not all parameters are updated at each step. */
class AdamWTest {
    private static final AdamW.Settings SETTINGS = new AdamW.Settings(0.9, 0.999, 1e-8, 0.1);

    private static void fill(Tensor tensor, double... values) {
        try (NoGrad guard = NoGrad.open()) {
            tensor.copyInPlace(Tensor.of(values, Device.CPU).to(DType.FLOAT32).reshape(tensor.shape()));
        }
    }

    @Test
    void aParameterThatStoodStillBeginsAsOneThatIsNew() {
        try (Scope scope = Scope.open()) {
            Tensor late = Tensor.zeros(DType.FLOAT32, Device.CPU, 1, 2);
            Tensor other = Tensor.zeros(DType.FLOAT32, Device.CPU, 1, 2);
            Tensor fresh = Tensor.zeros(DType.FLOAT32, Device.CPU, 1, 2);
            fill(late, 1, -2);
            fill(fresh, 1, -2);
            try (AdamW both = new AdamW(Map.of("late", late, "other", other), SETTINGS);
                    AdamW one = new AdamW(Map.of("fresh", fresh), SETTINGS)) {
                for (int step = 0; step < 500; step++) {
                    fill(both.gradient("other"), 1, 1);
                    both.step(1e-2, 1, name -> name.equals("other"));
                }
                assertThat(late.toDoubles()).containsExactly(1, -2); // nor decayed
                assertThat(other.toDoubles()[0]).isNegative();
                for (int step = 0; step < 3; step++) {
                    fill(both.gradient("late"), 0.3, -5);
                    both.step(1e-2, 1);
                    fill(one.gradient("fresh"), 0.3, -5);
                    one.step(1e-2, 1);
                }
                assertThat(late.toDoubles()).containsExactly(fresh.toDoubles());
            }
        }
    }
}
