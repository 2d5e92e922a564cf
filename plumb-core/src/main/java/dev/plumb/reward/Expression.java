package dev.plumb.reward;

import java.util.ArrayList;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * A formula of digits, letters, {@code + − * / ^ ( )}, {@code \frac}, {@code \sqrt}, pi and e. Juxtaposition is multiplication;
 * the minus sign binds weaker than {@code ^}.
 *
 * @param root what is computed
 * @param variables its letters, in alphabetical order
 * @param decimal whether it is nothing but a decimal number
 */
record Expression(Node root, SortedSet<String> variables, boolean decimal) {
    private static final double[] POINTS = {0.7312, 1.3179, -0.5843, 1.9021, -1.2764, 0.3307, 2.2119, -1.8083};
    private static final double EXACT = 1e-9;
    private static final double ROUNDED = 1e-4;
    private static final int LONGEST_WORD = 3;

    /** A part that has a value once the letters have. */
    interface Node {
        double at(double[] values);
    }

    /** Reads a formula; empty if the text is none. */
    static Optional<Expression> parse(String text) {
        return new Parser(text).parse();
    }

    /**
     * Whether two formulas of the same letters have the same value at eight fixed points, as far as they have one, to a
     * relative 1e-9; to 1e-4 if one of two constants is a bare decimal number.
     */
    boolean equalTo(Expression other) {
        if (!variables.equals(other.variables)) {
            return false;
        }
        double tolerance = variables.isEmpty() && (decimal || other.decimal) ? ROUNDED : EXACT;
        boolean compared = false;
        for (int point = 0; point < POINTS.length; point++) {
            double[] values = new double[variables.size()];
            for (int i = 0; i < values.length; i++) {
                values[i] = POINTS[(point + i) % POINTS.length];
            }
            double a = root.at(values);
            double b = other.root.at(values);
            if (Double.isFinite(a) && Double.isFinite(b)) {
                if (Math.abs(a - b) > tolerance * Math.max(Math.abs(a), Math.abs(b))) {
                    return false;
                }
                compared = true;
            }
        }
        return compared;
    }

    /** By recursive descent. Texts are short, so the stack is. */
    private static final class Parser {
        private static final Set<String> NOT_LETTERS = Set.of("pi", "e");
        private final String text;
        private final TreeSet<String> variables = new TreeSet<>();
        private int at;
        private boolean failed;

        Parser(String text) {
            this.text = text.strip();
        }

        Optional<Expression> parse() {
            if (text.isEmpty() || hasLongWord()) {
                return Optional.empty();
            }
            collect();
            Node root = sum();
            skip();
            boolean decimal = text.replaceAll("[0-9+-]", "").equals(".");
            return failed || at < text.length()
                    ? Optional.empty()
                    : Optional.of(new Expression(root, variables, decimal));
        }

        private boolean hasLongWord() {
            boolean bare = text.chars().allMatch(c -> Character.isLetter(c) || c == ' '); // dog is not god
            int longest = bare ? LONGEST_WORD - 1 : LONGEST_WORD;
            int run = 0;
            for (int i = 0; i < text.length(); i++) {
                char c = text.charAt(i);
                if (c == '\\') { // a macro is no word
                    while (i + 1 < text.length() && Character.isLetter(text.charAt(i + 1))) {
                        i++;
                    }
                    run = 0;
                } else {
                    run = Character.isLetter(c) ? run + 1 : 0;
                    if (run > longest) {
                        return true;
                    }
                }
            }
            return false;
        }

        /** The letters, known before parsing so that a letter's node knows its place in the order. */
        private void collect() {
            for (int i = 0; i < text.length(); i++) {
                if (text.charAt(i) == '\\') {
                    while (i + 1 < text.length() && Character.isLetter(text.charAt(i + 1))) {
                        i++;
                    }
                } else if (Character.isLetter(text.charAt(i))) {
                    String name = name(i);
                    if (!NOT_LETTERS.contains(name)) {
                        variables.add(name);
                    }
                    i += name.length() - 1;
                }
            }
        }

        private String name(int start) {
            return text.startsWith("pi", start) ? "pi" : text.substring(start, start + 1);
        }

        private Node sum() {
            Node left = product();
            while (true) {
                if (take('+')) {
                    Node a = left;
                    Node b = product();
                    left = values -> a.at(values) + b.at(values);
                } else if (take('-')) {
                    Node a = left;
                    Node b = product();
                    left = values -> a.at(values) - b.at(values);
                } else {
                    return left;
                }
            }
        }

        private Node product() {
            Node left = signed();
            while (true) {
                Node a = left;
                if (take('*')) {
                    Node b = signed();
                    left = values -> a.at(values) * b.at(values);
                } else if (take('/')) {
                    Node b = signed();
                    left = values -> a.at(values) / b.at(values);
                } else if (startsFactor()) {
                    Node b = power();
                    left = values -> a.at(values) * b.at(values);
                } else {
                    return left;
                }
            }
        }

        private Node signed() {
            if (take('-')) {
                Node of = signed();
                return values -> -of.at(values);
            }
            return take('+') ? signed() : power();
        }

        private Node power() {
            Node base = factor();
            if (take('^')) {
                Node exponent = signed(); // to the right: 2^3^2 is 2^9
                return values -> Math.pow(base.at(values), exponent.at(values));
            }
            return base;
        }

        /** Whether a factor follows without a sign: a number may not, since 3 4 is not 12. */
        private boolean startsFactor() {
            skip();
            if (at == text.length()) {
                return false;
            }
            char c = text.charAt(at);
            return c == '(' || c == '{' || c == '\\' || Character.isLetter(c);
        }

        private Node factor() {
            skip();
            if (at == text.length()) {
                return fail();
            }
            char c = text.charAt(at);
            if (c == '(' || c == '{') {
                return group(c, c == '(' ? ')' : '}');
            }
            if (c == '\\') {
                return macro();
            }
            if (Character.isDigit(c) || c == '.') {
                return number();
            }
            if (!Character.isLetter(c)) {
                return fail();
            }
            String name = name(at);
            at += name.length();
            if (NOT_LETTERS.contains(name)) {
                double constant = name.equals("e") ? Math.E : Math.PI;
                return values -> constant;
            }
            int index = new ArrayList<>(variables).indexOf(name);
            return values -> values[index];
        }

        private Node number() {
            int start = at;
            while (at < text.length() && (Character.isDigit(text.charAt(at)) || text.charAt(at) == '.')) {
                at++;
            }
            String digits = text.substring(start, at);
            if (digits.indexOf('.') != digits.lastIndexOf('.') || digits.equals(".")) {
                return fail();
            }
            double value = Double.parseDouble(digits);
            return values -> value;
        }

        private Node macro() {
            int start = ++at;
            while (at < text.length() && Character.isLetter(text.charAt(at))) {
                at++;
            }
            switch (text.substring(start, at)) {
                case "pi" -> {
                    return values -> Math.PI;
                }
                case "frac" -> {
                    Node over = group('{', '}');
                    Node under = group('{', '}');
                    return values -> over.at(values) / under.at(values);
                }
                case "sqrt" -> {
                    Node degree = peek('[') ? group('[', ']') : values -> 2;
                    Node of = peek('{') ? group('{', '}') : factor();
                    return values -> root(of.at(values), degree.at(values));
                }
                default -> {
                    return fail();
                }
            }
        }

        private static double root(double of, double degree) {
            if (degree == 2) {
                return Math.sqrt(of);
            }
            return degree % 2 != 0 && of < 0 ? -Math.pow(-of, 1 / degree) : Math.pow(of, 1 / degree);
        }

        private Node group(char open, char close) {
            if (!take(open)) {
                return fail();
            }
            Node inside = sum();
            return take(close) ? inside : fail();
        }

        private boolean peek(char c) {
            skip();
            return at < text.length() && text.charAt(at) == c;
        }

        private boolean take(char c) {
            boolean there = !failed && peek(c);
            at += there ? 1 : 0;
            return there;
        }

        private void skip() {
            while (at < text.length() && text.charAt(at) == ' ') {
                at++;
            }
        }

        private Node fail() {
            failed = true;
            at = text.length();
            return values -> Double.NaN;
        }
    }
}
