package dev.plumb.config;

import java.math.BigDecimal;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Pattern;

/** Reads single values; the setting decides their type, so {@code no} is text where text is taken. */
final class Scalars {
    private static final Pattern NUMBER = Pattern.compile("[-+]?(\\.[0-9]+|[0-9]+(\\.[0-9]*)?)([eE][-+]?[0-9]+)?");

    private Scalars() {}

    /**
     * Reads one value.
     *
     * @throws IllegalArgumentException if the text is no value of this kind, with a message such as
     *     {@code 'fast' is not a number}
     */
    static Object parse(Kind.Scalar kind, String text) {
        return switch (kind) {
            case INT -> Math.toIntExact(whole(text, Integer.MIN_VALUE, Integer.MAX_VALUE));
            case LONG -> whole(text, Long.MIN_VALUE, Long.MAX_VALUE);
            case DOUBLE -> number(text);
            case BOOLEAN -> truth(text);
            case TEXT -> text;
            case PATH -> path(text);
        };
    }

    /** Reads a value that no setting gives a type, by its looks: YAML 1.2, section 10.3.2. */
    static Object guess(Value.Scalar scalar) {
        String text = scalar.text();
        if (!scalar.plain() || !NUMBER.matcher(text).matches()) {
            boolean truth = scalar.plain() && (text.equals("true") || text.equals("false"));
            return truth ? (Object) text.equals("true") : text;
        }
        boolean whole = text.chars().noneMatch(c -> c == '.' || c == 'e' || c == 'E');
        return whole ? (Object) whole(text, Long.MIN_VALUE, Long.MAX_VALUE) : (Object) number(text);
    }

    private static boolean truth(String text) {
        return switch (text) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new IllegalArgumentException(Value.quote(text) + " is not true or false");
        };
    }

    private static double number(String text) {
        if (!NUMBER.matcher(text).matches()) {
            throw new IllegalArgumentException(Value.quote(text) + " is not a number");
        }
        double number = Double.parseDouble(text);
        if (Double.isInfinite(number)) {
            throw new IllegalArgumentException(Value.quote(text) + " is too large");
        }
        return number;
    }

    /** A number without a fraction, also where it is written as 1e3 or 8.0. */
    private static long whole(String text, long min, long max) {
        BigDecimal exact = exact(text)
                .orElseThrow(() -> new IllegalArgumentException(Value.quote(text) + " is not a whole number"));
        if (exact.compareTo(BigDecimal.valueOf(min)) < 0 || exact.compareTo(BigDecimal.valueOf(max)) > 0) {
            throw new IllegalArgumentException(
                    Value.quote(text) + " is out of range, allowed is " + min + " to " + max);
        }
        if (exact.signum() != 0 && exact.stripTrailingZeros().scale() > 0) {
            throw new IllegalArgumentException(Value.quote(text) + " is not a whole number");
        }
        return exact.longValueExact();
    }

    private static Optional<BigDecimal> exact(String text) {
        try {
            return NUMBER.matcher(text).matches() ? Optional.of(new BigDecimal(text)) : Optional.empty();
        } catch (NumberFormatException e) { // an exponent of more than nine digits
            return Optional.empty();
        }
    }

    private static Path path(String text) {
        try {
            return Path.of(text);
        } catch (InvalidPathException e) {
            throw new IllegalArgumentException(Value.quote(text) + " is not a path: " + e.getReason(), e);
        }
    }
}
