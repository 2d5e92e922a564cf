package dev.plumb.reward;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A number as it is written in an answer, kept exact: integers, decimals, {@code 1.2e3}, {@code 1.2*10^{3}}, {@code a/b},
 * {@code \frac{a}{b}}, mixed numbers, thousands by commas or spaces, percentages.
 *
 * @param value what it is; a percentage is divided by 100
 * @param form how it is written
 */
record ExactNumber(Rational value, Form form) {
    private static final int LARGEST_EXPONENT = 1000; // beyond it a few characters would be megabytes of digits
    private static final Rational HUNDREDTH = new Rational(BigInteger.ONE, BigInteger.valueOf(100));
    private static final Rational HUNDRED = new Rational(BigInteger.valueOf(100), BigInteger.ONE);
    private static final Rational TOLERANCE = new Rational(BigInteger.ONE, BigInteger.valueOf(10_000));
    private static final Pattern THOUSANDS =
            Pattern.compile("([-+]?)(\\d{1,3}(?:,\\d{3})+|\\d{1,3}(?: \\d{3})+)(\\.\\d+)?");
    private static final Pattern DECIMAL = Pattern.compile("[-+]?(?:\\d+\\.?\\d*|\\.\\d+)");
    private static final Pattern SCIENTIFIC = Pattern.compile(
            "([-+]?(?:\\d+\\.?\\d*|\\.\\d+))(?:[eE]([-+]?\\d{1,4})| ?\\* ?10\\^(?:\\{([-+]?\\d{1,4})\\}|([-+]?\\d{1,4})))");
    private static final Pattern SLASHED = Pattern.compile("([-+]?\\d+) ?/ ?([-+]?\\d+)");
    private static final Pattern FRACTION =
            Pattern.compile("([-+]?) ?\\\\frac ?\\{ ?([-+]?\\d+) ?\\} ?\\{ ?([-+]?\\d+) ?\\}");
    private static final Pattern MIXED =
            Pattern.compile("([-+]?)(\\d+) ?(?: (\\d+) ?/ ?(\\d+)|\\\\frac ?\\{ ?(\\d+) ?\\} ?\\{ ?(\\d+) ?\\})");

    /** How a number is written. */
    enum Form {
        DECIMAL,
        FRACTION,
        PERCENTAGE
    }

    /** The number that a cleaned text is; empty if it is none, or one beyond 10^±1000. */
    static Optional<ExactNumber> parse(String text) {
        String trimmed = text.strip();
        if (trimmed.endsWith("%")) {
            return plain(trimmed.substring(0, trimmed.length() - 1).strip())
                    .map(number -> new ExactNumber(number.value().times(HUNDREDTH), Form.PERCENTAGE));
        }
        return plain(trimmed);
    }

    static boolean isThousands(String text) {
        return THOUSANDS.matcher(text).matches();
    }

    private static Optional<ExactNumber> plain(String text) {
        if (isThousands(text)) {
            return decimal(text.replace(",", "").replace(" ", ""));
        }
        if (DECIMAL.matcher(text).matches()) {
            return decimal(text);
        }
        Matcher scientific = SCIENTIFIC.matcher(text);
        if (scientific.matches()) {
            int exponent = Integer.parseInt(firstOf(scientific, 2, 3, 4));
            return Math.abs(exponent) > LARGEST_EXPONENT
                    ? Optional.empty()
                    : Optional.of(new ExactNumber(
                            Rational.of(new BigDecimal(scientific.group(1)).scaleByPowerOfTen(exponent)),
                            Form.DECIMAL));
        }
        Matcher slashed = SLASHED.matcher(text);
        if (slashed.matches()) {
            return fraction("", "0", slashed.group(1), slashed.group(2));
        }
        Matcher fraction = FRACTION.matcher(text);
        if (fraction.matches()) {
            return fraction(fraction.group(1), "0", fraction.group(2), fraction.group(3));
        }
        Matcher mixed = MIXED.matcher(text);
        if (mixed.matches()) {
            return fraction(mixed.group(1), mixed.group(2), firstOf(mixed, 3, 5), firstOf(mixed, 4, 6));
        }
        return Optional.empty();
    }

    private static Optional<ExactNumber> decimal(String text) {
        return Optional.of(new ExactNumber(Rational.of(new BigDecimal(text)), Form.DECIMAL));
    }

    private static Optional<ExactNumber> fraction(String sign, String whole, String over, String under) {
        if (new BigInteger(under).signum() == 0) {
            return Optional.empty();
        }
        Rational value = new Rational(new BigInteger(whole), BigInteger.ONE)
                .plus(new Rational(new BigInteger(over), new BigInteger(under)));
        return Optional.of(new ExactNumber(sign.equals("-") ? value.negate() : value, Form.FRACTION));
    }

    private static String firstOf(Matcher matcher, int... groups) {
        for (int group : groups) {
            String text = matcher.group(group);
            if (text != null) {
                return text;
            }
        }
        throw new IllegalStateException("no group of " + matcher.pattern() + " matched");
    }

    /**
     * Whether two numbers are the same answer: equal; or a percentage and a number of the same digits (50% and 50); or, if
     * neither is an integer and not both are fractions, within 1e-4 of the larger. Integers are never approximate.
     */
    boolean equalTo(ExactNumber other) {
        if (value.equals(other.value)) {
            return true;
        }
        boolean percentage = form == Form.PERCENTAGE;
        if (percentage != (other.form == Form.PERCENTAGE)) {
            Rational digits = (percentage ? value : other.value).times(HUNDRED);
            return digits.equals(percentage ? other.value : value);
        }
        if (value.isInteger() || other.value.isInteger() || form == Form.FRACTION && other.form == Form.FRACTION) {
            return false;
        }
        Rational a = value.abs();
        Rational b = other.value.abs();
        Rational larger = a.compareWith(b) >= 0 ? a : b;
        Rational difference = value.plus(other.value.negate()).abs();
        return difference.compareWith(larger.times(TOLERANCE)) <= 0;
    }
}
