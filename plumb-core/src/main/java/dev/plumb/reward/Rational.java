package dev.plumb.reward;

import java.math.BigDecimal;
import java.math.BigInteger;

/**
 * An exact fraction in lowest terms.
 *
 * @param numerator with the sign
 * @param denominator above 0
 */
record Rational(BigInteger numerator, BigInteger denominator) {
    Rational {
        if (denominator.signum() == 0) {
            throw new ArithmeticException("division by 0");
        }
        BigInteger common = numerator.gcd(denominator);
        if (denominator.signum() < 0) {
            common = common.negate();
        }
        numerator = numerator.divide(common);
        denominator = denominator.divide(common);
    }

    static Rational of(BigDecimal decimal) {
        return decimal.scale() <= 0
                ? new Rational(decimal.toBigIntegerExact(), BigInteger.ONE)
                : new Rational(decimal.unscaledValue(), BigInteger.TEN.pow(decimal.scale()));
    }

    boolean isInteger() {
        return denominator.equals(BigInteger.ONE);
    }

    Rational plus(Rational other) {
        return new Rational(
                numerator.multiply(other.denominator).add(other.numerator.multiply(denominator)),
                denominator.multiply(other.denominator));
    }

    Rational times(Rational other) {
        return new Rational(numerator.multiply(other.numerator), denominator.multiply(other.denominator));
    }

    Rational negate() {
        return new Rational(numerator.negate(), denominator);
    }

    Rational abs() {
        return new Rational(numerator.abs(), denominator);
    }

    int compareWith(Rational other) {
        return numerator.multiply(other.denominator).compareTo(other.numerator.multiply(denominator));
    }
}
