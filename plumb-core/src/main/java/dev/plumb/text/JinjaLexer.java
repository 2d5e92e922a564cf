package dev.plumb.text;

import dev.plumb.text.JinjaToken.Kind;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Template source to tokens, with the whitespace rules of {@code trim_blocks} and {@code lstrip_blocks}: a newline right
 * after a block or comment goes, and so do blanks between the start of a line and a block or comment.
 */
final class JinjaLexer {
    private static final Pattern FLOAT = Pattern.compile(
            "(?<!\\.)(?:\\d+_)*\\d+(?:(?:\\.(?:\\d+_)*\\d+)?[eE][+-]?(?:\\d+_)*\\d+|\\.(?:\\d+_)*\\d+)");
    private static final Pattern INTEGER =
            Pattern.compile("0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0[xX](?:_?[0-9a-fA-F])+|[1-9](?:_?\\d)*|0(?:_?0)*");
    private static final Pattern NAME = Pattern.compile("[\\p{L}_][\\p{L}\\p{Nd}\\p{Mn}\\p{Mc}_]*");
    private static final Pattern RAW_BEGIN = Pattern.compile("\\{%[-+]?\\s*raw\\s*(?:-%}\\s*|%})");
    private static final Pattern RAW_END = Pattern.compile("\\{%([-+]?)\\s*endraw\\s*(?:\\+%}|-%}\\s*|%}\\n?)");
    private static final List<String> LONG_OPERATORS = List.of("//", "**", "==", "!=", ">=", "<=");
    private static final String SHORT_OPERATORS = "+-*/%~[](){}<>=.:|,;";

    private final String source;
    private final List<JinjaToken> tokens = new ArrayList<>();
    private int at;
    private boolean lineStarting = true;

    private JinjaLexer(String source) {
        this.source = source;
    }

    /** Line ends as {@code \n}, and the last one dropped. */
    static String normalize(String raw) {
        String source = raw.replace("\r\n", "\n").replace('\r', '\n');
        return source.endsWith("\n") ? source.substring(0, source.length() - 1) : source;
    }

    /** The tokens of a normalised source; the last is {@code END}. */
    static List<JinjaToken> tokens(String source) {
        JinjaLexer lexer = new JinjaLexer(source);
        while (lexer.at < source.length()) {
            lexer.textAndTag();
        }
        lexer.add(Kind.END, "", source.length());
        return List.copyOf(lexer.tokens);
    }

    private void textAndTag() {
        int tag = nextTag();
        if (tag < 0) {
            add(Kind.TEXT, source.substring(at), at);
            at = source.length();
            return;
        }
        char type = source.charAt(tag + 1);
        char sign = tag + 2 < source.length() ? source.charAt(tag + 2) : ' ';
        text(tag, sign, type != '{');
        int inside = tag + 2 + (sign == '-' || sign == '+' ? 1 : 0);
        Matcher raw = matcher(RAW_BEGIN, tag);
        if (type == '%' && raw.lookingAt()) {
            at = raw.end();
            lineStarting = source.charAt(at - 1) == '\n';
            raw(tag);
        } else if (type == '#') {
            comment(tag, inside);
        } else {
            add(type == '{' ? Kind.PRINT_BEGIN : Kind.BLOCK_BEGIN, source.substring(tag, inside), tag);
            at = inside;
            insideTag(tag, type == '{');
        }
        lineStarting = source.charAt(at - 1) == '\n';
    }

    private int nextTag() {
        for (int i = source.indexOf('{', at); i >= 0 && i + 1 < source.length(); i = source.indexOf('{', i + 1)) {
            if ("{%#".indexOf(source.charAt(i + 1)) >= 0) {
                return i;
            }
        }
        return -1;
    }

    /** Literal text from here to the tag, with what the tag strips from it taken off. */
    private void text(int end, char sign, boolean stripsLine) {
        int keep = end;
        if (sign == '-') {
            while (keep > at && JinjaText.isSpace(source.charAt(keep - 1))) {
                keep--;
            }
        } else if (sign != '+' && stripsLine) {
            int line = Math.max(source.lastIndexOf('\n', end - 1) + 1, at);
            boolean startsLine = line > at || lineStarting;
            if (startsLine && source.substring(line, end).chars().allMatch(c -> JinjaText.isSpace((char) c))) {
                keep = line;
            }
        }
        if (keep > at) {
            add(Kind.TEXT, source.substring(at, keep), at);
        }
    }

    private void raw(int tag) {
        Matcher end = matcher(RAW_END, at);
        if (!end.find()) {
            throw new JinjaFault("the raw block is not closed: {% endraw %} is missing", tag);
        }
        String sign = end.group(1);
        text(end.start(), sign.isEmpty() ? ' ' : sign.charAt(0), true);
        at = end.end();
    }

    private void comment(int tag, int inside) {
        int end = source.indexOf("#}", inside);
        if (end < 0) {
            throw new JinjaFault("the comment is not closed: '#}' is missing", tag);
        }
        char sign = end > inside ? source.charAt(end - 1) : ' ';
        at = end + 2;
        afterTag(sign, true);
    }

    private void afterTag(char sign, boolean trimsNewline) {
        if (sign == '-') {
            skipSpace();
        } else if (sign != '+' && trimsNewline && at < source.length() && source.charAt(at) == '\n') {
            at++;
        }
    }

    private void insideTag(int tag, boolean print) {
        String close = print ? "}}" : "%}";
        Deque<Character> open = new ArrayDeque<>();
        while (true) {
            skipSpace();
            if (at >= source.length()) {
                throw new JinjaFault("the tag is not closed: '" + close + "' is missing", tag);
            }
            char sign = source.charAt(at);
            boolean signed = sign == '-' || (sign == '+' && !print);
            if (open.isEmpty() && source.startsWith(close, signed ? at + 1 : at)) {
                add(print ? Kind.PRINT_END : Kind.BLOCK_END, close, at);
                at += signed ? 3 : 2;
                afterTag(signed ? sign : ' ', !print);
                return;
            }
            token(open);
        }
    }

    private void token(Deque<Character> open) {
        char c = source.charAt(at);
        if (c == '\'' || c == '"') {
            string(c);
        } else if (!match(FLOAT, Kind.FLOAT) && !match(INTEGER, Kind.INTEGER) && !match(NAME, Kind.NAME)) {
            operator(open);
        }
    }

    private boolean match(Pattern pattern, Kind kind) {
        Matcher matcher = matcher(pattern, at);
        if (!matcher.lookingAt()) {
            return false;
        }
        add(kind, matcher.group(), at);
        at = matcher.end();
        return true;
    }

    private void string(char quote) {
        int end = at + 1;
        while (end < source.length() && source.charAt(end) != quote) {
            end += source.charAt(end) == '\\' ? 2 : 1;
        }
        if (end >= source.length()) {
            throw new JinjaFault("the string is not closed: " + quote + " is missing", at);
        }
        add(Kind.STRING, JinjaText.unescape(source.substring(at + 1, end), at + 1), at);
        at = end + 1;
    }

    private void operator(Deque<Character> open) {
        for (String operator : LONG_OPERATORS) {
            if (source.startsWith(operator, at)) {
                add(Kind.OPERATOR, operator, at);
                at += 2;
                return;
            }
        }
        char c = source.charAt(at);
        if (SHORT_OPERATORS.indexOf(c) < 0) {
            throw new JinjaFault("unexpected character '" + Character.toString(source.codePointAt(at)) + "'", at);
        }
        int bracket = "([{".indexOf(c);
        if (bracket >= 0) {
            open.push(")]}".charAt(bracket));
        } else if (")]}".indexOf(c) >= 0) {
            if (open.isEmpty() || open.pop() != c) {
                throw new JinjaFault("unexpected '" + c + "'", at);
            }
        }
        add(Kind.OPERATOR, String.valueOf(c), at);
        at++;
    }

    private void skipSpace() {
        while (at < source.length() && JinjaText.isSpace(source.charAt(at))) {
            at++;
        }
    }

    private Matcher matcher(Pattern pattern, int from) {
        return pattern.matcher(source).region(from, source.length()).useTransparentBounds(true);
    }

    private void add(Kind kind, String text, int position) {
        tokens.add(new JinjaToken(kind, text, position));
    }
}
