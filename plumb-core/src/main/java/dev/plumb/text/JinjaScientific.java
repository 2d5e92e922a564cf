package dev.plumb.text;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;

/** The notations {@code %e} and {@code %g} of a number that is not negative. */
final class JinjaScientific {
    private JinjaScientific() {}

    static String write(BigDecimal value, int precision) {
        BigDecimal rounded = value.round(new MathContext(precision + 1, RoundingMode.HALF_EVEN));
        int exponent = exponent(rounded);
        String mantissa = rounded.movePointLeft(exponent)
                .setScale(precision, RoundingMode.HALF_EVEN)
                .toPlainString();
        return mantissa + suffix(exponent);
    }

    static String general(BigDecimal value, int precision) {
        BigDecimal rounded = value.round(new MathContext(precision, RoundingMode.HALF_EVEN));
        int exponent = exponent(rounded);
        if (exponent >= -4 && exponent < precision) {
            return plain(rounded);
        }
        return plain(rounded.movePointLeft(exponent)) + suffix(exponent);
    }

    private static String plain(BigDecimal value) {
        return value.signum() == 0 ? "0" : value.stripTrailingZeros().toPlainString();
    }

    private static int exponent(BigDecimal value) {
        return value.signum() == 0 ? 0 : value.precision() - value.scale() - 1;
    }

    private static String suffix(int exponent) {
        return String.format("e%s%02d", exponent < 0 ? "-" : "+", Math.abs(exponent));
    }
}
