package dev.plumb.text;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Python's arithmetic: unbounded integers, floor division, and the operators of strings and lists. */
final class JinjaMath {
    private static final int MOST_BITS = 1 << 16;

    private JinjaMath() {}

    static boolean isNumber(Object value) {
        return value instanceof Number || value instanceof Boolean;
    }

    static boolean isInteger(Object value) {
        return value instanceof Long || value instanceof BigInteger || value instanceof Boolean;
    }

    /** An integer in the one form it has here. */
    static Object integer(BigInteger value) {
        return value.bitLength() < Long.SIZE ? (Object) value.longValue() : value;
    }

    static BigInteger big(Object value) {
        if (value instanceof Boolean flag) {
            return flag ? BigInteger.ONE : BigInteger.ZERO;
        }
        return value instanceof BigInteger big ? big : BigInteger.valueOf((Long) value);
    }

    static double real(Object value) {
        return value instanceof Double number ? number : big(value).doubleValue();
    }

    static boolean equal(Object a, Object b) {
        return !isNan(a) && !isNan(b) && compare(a, b) == 0;
    }

    static int compare(Object a, Object b) {
        if (isInteger(a) && isInteger(b)) {
            return big(a).compareTo(big(b));
        }
        double left = real(a);
        double right = real(b);
        if (!Double.isFinite(left) || !Double.isFinite(right)) {
            return left < right ? -1 : left > right ? 1 : 0;
        }
        return exact(a).compareTo(exact(b));
    }

    private static BigDecimal exact(Object value) {
        return value instanceof Double number ? new BigDecimal(number) : new BigDecimal(big(value));
    }

    static boolean isNan(Object value) {
        return value instanceof Double number && number.isNaN();
    }

    static Object negate(Object value) {
        return value instanceof Double number
                ? (Object) (-number)
                : integer(big(number("-", value)).negate());
    }

    static Object plus(Object value) {
        return value instanceof Double ? value : integer(big(number("+", value)));
    }

    static Object absolute(Object value) {
        return value instanceof Double number
                ? (Object) Math.abs(number)
                : integer(big(number("abs", value)).abs());
    }

    private static Object number(String operator, Object value) {
        if (value instanceof JinjaUndefined undefined) {
            throw undefined.fault();
        } else if (!isNumber(value)) {
            throw new JinjaFault("'" + operator + "' does not work on '" + JinjaValues.typeName(value) + "'");
        }
        return value;
    }

    /** A finite number without its fraction. */
    static BigInteger truncate(double value) {
        if (!Double.isFinite(value)) {
            throw new JinjaFault(JinjaText.real(value) + " cannot become an integer");
        }
        return new BigDecimal(value).toBigInteger();
    }

    /** Applies a binary operator. */
    static Object apply(String operator, Object a, Object b) {
        if (a instanceof JinjaUndefined undefined) {
            throw undefined.fault();
        } else if (b instanceof JinjaUndefined undefined && !(operator.equals("%") && a instanceof String)) {
            throw undefined.fault();
        } else if (isNumber(a) && isNumber(b)) {
            return isInteger(a) && isInteger(b)
                    ? integers(operator, big(a), big(b))
                    : (Object) reals(operator, real(a), real(b));
        } else if (operator.equals("+")) {
            return add(a, b);
        } else if (operator.equals("*") && isInteger(b)) {
            return repeat(a, b);
        } else if (operator.equals("*") && isInteger(a)) {
            return repeat(b, a);
        } else if (operator.equals("%") && a instanceof String format) {
            return JinjaFormat.percent(format, b);
        }
        throw unsupported(operator, a, b);
    }

    private static JinjaFault unsupported(String operator, Object a, Object b) {
        return new JinjaFault("'" + operator + "' does not work between '" + JinjaValues.typeName(a) + "' and '"
                + JinjaValues.typeName(b) + "'");
    }

    private static Object integers(String operator, BigInteger a, BigInteger b) {
        return switch (operator) {
            case "+" -> integer(a.add(b));
            case "-" -> integer(a.subtract(b));
            case "*" -> integer(bounded(a.multiply(b)));
            case "/" ->
                new BigDecimal(a)
                        .divide(new BigDecimal(nonZero(b)), MathContext.DECIMAL128)
                        .doubleValue();
            case "//" -> integer(floorDivide(a, nonZero(b)));
            case "%" -> integer(a.subtract(floorDivide(a, nonZero(b)).multiply(b)));
            default -> power(a, b);
        };
    }

    private static BigInteger nonZero(BigInteger divisor) {
        if (divisor.signum() == 0) {
            throw new JinjaFault("division by zero");
        }
        return divisor;
    }

    private static BigInteger floorDivide(BigInteger a, BigInteger b) {
        BigInteger[] parts = a.divideAndRemainder(b);
        boolean down = parts[1].signum() != 0 && parts[1].signum() != b.signum();
        return down ? parts[0].subtract(BigInteger.ONE) : parts[0];
    }

    private static Object power(BigInteger a, BigInteger b) {
        if (b.signum() < 0) {
            return Math.pow(nonZero(a).doubleValue(), b.doubleValue());
        }
        if (b.bitLength() > 16 || (long) a.bitLength() * b.intValue() > MOST_BITS) {
            throw new JinjaFault("the result of '**' is too big");
        }
        return integer(a.pow(b.intValue()));
    }

    private static BigInteger bounded(BigInteger value) {
        if (value.bitLength() > MOST_BITS) {
            throw new JinjaFault("the number is too big");
        }
        return value;
    }

    private static double reals(String operator, double a, double b) {
        if (b == 0 && List.of("/", "//", "%").contains(operator)) {
            throw new JinjaFault("division by zero");
        }
        return switch (operator) {
            case "+" -> a + b;
            case "-" -> a - b;
            case "*" -> a * b;
            case "/" -> a / b;
            case "//" -> Math.floor(a / b);
            case "%" -> {
                double rest = a % b;
                yield rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest == 0 ? Math.copySign(0.0, b) : rest;
            }
            default -> Math.pow(a, b);
        };
    }

    private static Object add(Object a, Object b) {
        if (a instanceof String left) {
            if (!(b instanceof String right)) {
                throw new JinjaFault("can only concatenate str (not \"" + JinjaValues.typeName(b) + "\") to str");
            }
            return left + right;
        }
        boolean lists = a instanceof List && b instanceof List;
        if (lists || a instanceof JinjaTuple && b instanceof JinjaTuple) {
            List<Object> all = new ArrayList<>(JinjaValues.list(a));
            all.addAll(JinjaValues.list(b));
            return lists ? all : new JinjaTuple(all);
        }
        throw unsupported("+", a, b);
    }

    private static Object repeat(Object value, Object times) {
        int count = big(times)
                .max(BigInteger.ZERO)
                .min(BigInteger.valueOf(Integer.MAX_VALUE))
                .intValue();
        if (value instanceof String text) {
            JinjaRun.checkSize((long) text.length() * count);
            return text.repeat(count);
        }
        Optional<List<Object>> items =
                value instanceof List || value instanceof JinjaTuple ? JinjaValues.sequence(value) : Optional.empty();
        if (items.isEmpty()) {
            throw unsupported("*", value, times);
        }
        JinjaRun.checkSize((long) items.get().size() * count);
        List<Object> all = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            all.addAll(items.get());
        }
        return value instanceof List ? all : new JinjaTuple(all);
    }
}
