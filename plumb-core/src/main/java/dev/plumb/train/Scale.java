package dev.plumb.train;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.List;

/**
 * Maps values to positions and chooses the ticks of an axis.
 *
 * @param low the value at {@code from}
 * @param high the value at {@code to}, above {@code low}
 * @param from a position
 * @param to another position
 */
record Scale(double low, double high, double from, double to) {
    double at(double value) {
        return from + (value - low) / (high - low) * (to - from);
    }

    /** Round values inside the range, at steps of 1, 2 or 5 times a power of ten. */
    List<Double> ticks(int about) {
        double rough = (high - low) / about;
        double power = Math.pow(10, Math.floor(Math.log10(rough)));
        double step = rough / power < 1.5
                ? power
                : rough / power < 3.5 ? 2 * power : rough / power < 7.5 ? 5 * power : 10 * power;
        List<Double> ticks = new ArrayList<>();
        double first = Math.ceil(low / step - 1e-9);
        for (int i = 0; (first + i) * step <= high + step * 1e-9; i++) { // a large double plus 1 may be itself
            ticks.add(new BigDecimal((first + i) * step)
                    .round(new MathContext(12))
                    .doubleValue());
        }
        return ticks;
    }

    /** A tick's label: short, and exact. */
    static String label(double tick) {
        double size = Math.abs(tick);
        String sign = tick < 0 ? "\u2212" : "";
        if (size >= 1e6 && size < 1e12) {
            return sign + plain(size / 1e6) + "M";
        }
        if (size >= 1e4 && size < 1e6) {
            return sign + plain(size / 1e3) + "k";
        }
        if (size != 0 && (size < 1e-3 || size >= 1e12)) {
            int exponent = (int) Math.floor(Math.log10(size) + 1e-9);
            return sign + plain(size / Math.pow(10, exponent)) + "e" + (exponent < 0 ? "\u2212" : "")
                    + Math.abs(exponent);
        }
        return sign + plain(size);
    }

    private static String plain(double value) {
        return new BigDecimal(value)
                .round(new MathContext(6))
                .stripTrailingZeros()
                .toPlainString();
    }
}
