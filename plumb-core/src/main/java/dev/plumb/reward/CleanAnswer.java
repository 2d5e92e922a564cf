package dev.plumb.reward;

import java.text.Normalizer;
import java.util.Set;

/**
 * Makes one spelling of the many that an answer has in LaTeX, Unicode and plain text: signs, fractions, spaces, macros, dollar
 * signs and boxes around it. What it means is left to {@link AnswerEquality}.
 */
final class CleanAnswer {
    private static final Set<String> DROPPED = Set.of("left", "right", "displaystyle", "big", "Big", "circ", "degree");
    private static final Set<String> TEXT =
            Set.of("text", "textbf", "textit", "textrm", "mathrm", "mathbf", "mathit", "mbox", "operatorname");
    private static final String SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";
    private static final String CURRENCIES = "$€£¥";

    private CleanAnswer() {}

    static String of(String answer) {
        String text = unify(answer).strip();
        String before;
        do {
            before = text;
            text = peel(text);
        } while (!text.equals(before));
        text = macros(text).replace("{,}", ",").replaceAll("\\s+", " ").strip();
        text = withoutStop(text);
        return withoutCurrency(text);
    }

    /** One character for each sign; compatible forms of letters and digits are the plain ones. */
    private static String unify(String text) {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            int power = SUPERSCRIPTS.indexOf(c);
            if (power >= 0) {
                out.append(i > 0 && SUPERSCRIPTS.indexOf(text.charAt(i - 1)) >= 0 ? "" : "^")
                        .append(power);
                continue;
            }
            switch (c) {
                case '−', '–', '‐', '‑', '﹣', '－' -> out.append('-');
                case '×', '·', '⋅', '∗' -> out.append('*');
                case '÷', '⁄', '∕' -> out.append('/');
                case 'π' -> out.append("\\pi ");
                case '√' -> out.append("\\sqrt ");
                case '∞' -> out.append("\\infty");
                case '±' -> out.append("\\pm ");
                case '°' -> out.append("");
                default -> {
                    String plain = Normalizer.normalize(String.valueOf(c), Normalizer.Form.NFKC);
                    boolean vulgar = plain.indexOf('⁄') >= 0; // ½: 2½ is 2 1/2, not 21/2
                    out.append(vulgar ? " " + plain.replace('⁄', '/') : Character.isSurrogate(c) ? c : plain);
                }
            }
        }
        return Normalizer.normalize(out, Normalizer.Form.NFKC).replace('⁄', '/');
    }

    /** Without one layer of what may stand around an answer. */
    private static String peel(String text) {
        String inner = text.strip();
        if (inner.endsWith("$.") || inner.endsWith("}.") || inner.endsWith("\\).") || inner.endsWith("\\].")) {
            inner = inner.substring(0, inner.length() - 1);
        }
        inner = between(inner, "$$", "$$");
        inner = between(inner, "$", "$");
        inner = between(inner, "\\(", "\\)");
        inner = between(inner, "\\[", "\\]");
        if (inner.startsWith("\\")) {
            int open = inner.indexOf('{');
            String macro = open < 0 ? "" : inner.substring(1, open).strip();
            if ((macro.equals("boxed") || TEXT.contains(macro)) && Braces.end(inner, open) == inner.length() - 1) {
                return inner.substring(open + 1, inner.length() - 1).strip();
            }
        }
        return inner;
    }

    private static String between(String text, String open, String close) {
        if (text.length() < open.length() + close.length() || !text.startsWith(open) || !text.endsWith(close)) {
            return text;
        }
        String inner = text.substring(open.length(), text.length() - close.length());
        return inner.contains(open) || inner.endsWith("\\") ? text : inner.strip();
    }

    /** Macros by their meaning, those for looks dropped. */
    private static String macros(String text) {
        StringBuilder out = new StringBuilder();
        int i = 0;
        while (i < text.length()) {
            char c = text.charAt(i);
            if (c == '~') {
                out.append(' ');
                i++;
            } else if (c == '^' && degree(text, i) > 0) {
                i = degree(text, i);
            } else if (c != '\\' || i + 1 == text.length()) {
                out.append(c);
                i++;
            } else if (!Character.isLetter(text.charAt(i + 1))) {
                out.append(escaped(text.charAt(i + 1)));
                i += 2;
            } else {
                int end = i + 1;
                while (end < text.length() && Character.isLetter(text.charAt(end))) {
                    end++;
                }
                i = macro(text, text.substring(i + 1, end), end, out);
            }
        }
        return out.toString();
    }

    private static String escaped(char c) {
        return switch (c) {
            case '!', ',', ';', ':' -> "";
            case ' ' -> " ";
            case '%', '$' -> String.valueOf(c);
            default -> "\\" + c;
        };
    }

    /** The index after a degree sign that is written as a power; 0 if there is none. */
    private static int degree(String text, int caret) {
        for (String sign : new String[] {"^\\circ", "^{\\circ}", "^\\degree", "^ \\circ", "^{ \\circ }"}) {
            if (text.startsWith(sign, caret)) {
                return caret + sign.length();
            }
        }
        return 0;
    }

    /** Writes one macro and gives the index behind it. */
    private static int macro(String text, String name, int end, StringBuilder out) {
        if (DROPPED.contains(name)) {
            return end;
        }
        if (TEXT.contains(name) && end < text.length() && text.charAt(end) == '{') {
            int close = Braces.end(text, end);
            if (close > 0) {
                out.append(' ').append(macros(text.substring(end + 1, close))).append(' ');
                return close + 1;
            }
        }
        switch (name) {
            case "frac", "dfrac", "tfrac", "cfrac" -> {
                out.append("\\frac");
                return argument(text, argument(text, end, out), out);
            }
            case "sqrt" -> {
                out.append("\\sqrt");
                int at = end;
                if (at < text.length() && text.charAt(at) == '[') {
                    int close = Braces.end(text, at, '[', ']');
                    if (close > 0) {
                        out.append(text, at, close + 1);
                        at = close + 1;
                    }
                }
                return argument(text, at, out);
            }
            case "cdot", "times" -> out.append('*');
            case "div" -> out.append('/');
            default -> out.append('\\').append(name);
        }
        return end;
    }

    /** Writes one argument in braces, also where it is a single character without. */
    private static int argument(String text, int start, StringBuilder out) {
        int at = start;
        while (at < text.length() && text.charAt(at) == ' ') {
            at++;
        }
        if (at == text.length()) {
            return at;
        }
        char c = text.charAt(at);
        if (c == '{') {
            int close = Braces.end(text, at);
            if (close > 0) {
                out.append('{')
                        .append(macros(text.substring(at + 1, close)).strip())
                        .append('}');
                return close + 1;
            }
        }
        if (Character.isLetterOrDigit(c)) {
            out.append('{').append(c).append('}');
            return at + 1;
        }
        if (c == '\\' && at + 1 < text.length() && Character.isLetter(text.charAt(at + 1))) { // \sqrt\pi
            int end = at + 1;
            while (end < text.length() && Character.isLetter(text.charAt(end))) {
                end++;
            }
            out.append('{').append(text, at, end).append('}');
            return end;
        }
        return at;
    }

    private static String withoutStop(String text) {
        return text.endsWith(".") ? text.substring(0, text.length() - 1).strip() : text;
    }

    private static String withoutCurrency(String text) {
        boolean signed = text.startsWith("-") || text.startsWith("+");
        String amount = signed ? text.substring(1).strip() : text;
        return amount.length() > 1 && CURRENCIES.indexOf(amount.charAt(0)) >= 0
                ? (signed ? text.substring(0, 1) : "") + amount.substring(1).strip()
                : text;
    }
}
