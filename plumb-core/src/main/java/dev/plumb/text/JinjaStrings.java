package dev.plumb.text;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.function.UnaryOperator;

/** The methods of Python strings. */
final class JinjaStrings {
    private static final Set<String> NOT_SUPPORTED =
            Set.of("encode", "expandtabs", "format_map", "isidentifier", "maketrans", "translate");

    private JinjaStrings() {}

    /** The method of that name, bound to a text. */
    static Optional<JinjaCallable> method(String text, String name) {
        if (NOT_SUPPORTED.contains(name)) {
            throw new JinjaFault("the string method '" + name + "' is not supported");
        }
        return plain(text, name)
                .or(() -> predicate(text, name))
                .or(() -> searching(text, name))
                .or(() -> splitting(text, name))
                .or(() -> padding(text, name));
    }

    private static Optional<JinjaCallable> plain(String text, String name) {
        return switch (name) {
            case "upper" -> change(name, text, t -> t.toUpperCase(Locale.ROOT));
            case "lower", "casefold" -> change(name, text, t -> t.toLowerCase(Locale.ROOT));
            case "capitalize" -> change(name, text, JinjaStrings::capitalize);
            case "title" -> change(name, text, JinjaStrings::title);
            case "swapcase" -> change(name, text, JinjaStrings::swapCase);
            case "strip" -> Optional.of(arguments -> strip(name, text, arguments, true, true));
            case "lstrip" -> Optional.of(arguments -> strip(name, text, arguments, true, false));
            case "rstrip" -> Optional.of(arguments -> strip(name, text, arguments, false, true));
            case "join" -> Optional.of(arguments -> join(text, arguments));
            case "format" -> Optional.of(arguments -> JinjaFormat.braces(text, arguments));
            case "replace" ->
                Optional.of(arguments -> {
                    JinjaArguments.Bound bound = arguments.bind("replace()", 2, "old", "new", "count");
                    return replace(text, bound.text(0), bound.text(1), bound.integer(2, -1));
                });
            default -> Optional.empty();
        };
    }

    private static Optional<JinjaCallable> change(String name, String text, UnaryOperator<String> change) {
        return Optional.of(arguments -> {
            arguments.bind(name + "()", 0);
            return change.apply(text);
        });
    }

    private static Optional<JinjaCallable> predicate(String text, String name) {
        return switch (name) {
            case "isupper" -> Optional.of(arguments -> JinjaTests.isCase(text, true));
            case "islower" -> Optional.of(arguments -> JinjaTests.isCase(text, false));
            case "istitle" ->
                Optional.of(arguments -> JinjaTests.isCase(text.toLowerCase(Locale.ROOT), false)
                        && title(text).equals(text));
            case "isalpha" -> each(text, Character::isLetter);
            case "isalnum" -> each(text, c -> Character.isLetter(c) || isNumeric(c));
            case "isdigit", "isdecimal" -> each(text, Character::isDigit);
            case "isnumeric" -> each(text, JinjaStrings::isNumeric);
            case "isspace" -> each(text, JinjaText::isSpace);
            case "isascii" -> Optional.of(arguments -> text.codePoints().allMatch(c -> c < 0x80));
            case "isprintable" -> Optional.of(arguments -> text.codePoints().allMatch(JinjaText::isPrintable));
            default -> Optional.empty();
        };
    }

    private static Optional<JinjaCallable> each(String text, IntPredicate test) {
        return Optional.of(arguments -> !text.isEmpty() && text.codePoints().allMatch(test));
    }

    private static boolean isNumeric(int c) {
        int type = Character.getType(c);
        return type == Character.DECIMAL_DIGIT_NUMBER
                || type == Character.LETTER_NUMBER
                || type == Character.OTHER_NUMBER;
    }

    private static Optional<JinjaCallable> searching(String text, String name) {
        return switch (name) {
            case "startswith" -> Optional.of(arguments -> affix(text, arguments, true));
            case "endswith" -> Optional.of(arguments -> affix(text, arguments, false));
            case "find", "index" -> Optional.of(arguments -> find(text, name, arguments, false));
            case "rfind", "rindex" -> Optional.of(arguments -> find(text, name, arguments, true));
            case "count" ->
                Optional.of(arguments -> {
                    JinjaArguments.Bound bound = arguments.bind("count()", 1, "sub", "start", "end");
                    String part = range(text, bound);
                    String wanted = bound.text(0);
                    return wanted.isEmpty()
                            ? JinjaValues.length(part) + 1L
                            : (long) (part.length() - part.replace(wanted, "").length()) / wanted.length();
                });
            case "removeprefix" ->
                Optional.of(arguments -> {
                    String prefix =
                            arguments.bind("removeprefix()", 1, "prefix").text(0);
                    return text.startsWith(prefix) ? text.substring(prefix.length()) : text;
                });
            case "removesuffix" ->
                Optional.of(arguments -> {
                    String suffix =
                            arguments.bind("removesuffix()", 1, "suffix").text(0);
                    return text.endsWith(suffix) ? text.substring(0, text.length() - suffix.length()) : text;
                });
            default -> Optional.empty();
        };
    }

    private static boolean affix(String text, JinjaArguments arguments, boolean atStart) {
        String method = atStart ? "startswith()" : "endswith()";
        JinjaArguments.Bound bound = arguments.bind(method, 1, "affix", "start", "end");
        String part = range(text, bound);
        if (!(bound.get(0) instanceof JinjaTuple tuple)) {
            String affix = bound.text(0);
            return atStart ? part.startsWith(affix) : part.endsWith(affix);
        }
        return tuple.items().stream().map(JinjaText::str).anyMatch(atStart ? part::startsWith : part::endsWith);
    }

    /** The part of the text between the second and third arguments. */
    private static String range(String text, JinjaArguments.Bound bound) {
        return JinjaText.str(
                JinjaAccess.slice(text, bound.or(1, JinjaNone.NONE), bound.or(2, JinjaNone.NONE), JinjaNone.NONE));
    }

    private static long find(String text, String name, JinjaArguments arguments, boolean last) {
        JinjaArguments.Bound bound = arguments.bind(name + "()", 1, "sub", "start", "end");
        String part = range(text, bound);
        int found = last ? part.lastIndexOf(bound.text(0)) : part.indexOf(bound.text(0));
        if (found < 0 && name.endsWith("index")) {
            throw new JinjaFault(name + "(): the substring was not found");
        } else if (found < 0) {
            return -1;
        }
        int start = bound.integer(1, 0);
        int size = JinjaValues.length(text);
        int before = start < 0 ? Math.max(start + size, 0) : start;
        return before + part.codePointCount(0, found);
    }

    private static Optional<JinjaCallable> splitting(String text, String name) {
        return switch (name) {
            case "split", "rsplit" ->
                Optional.of(arguments -> {
                    JinjaArguments.Bound bound = arguments.bind(name + "()", 0, "sep", "maxsplit");
                    int most = bound.integer(1, -1);
                    List<Object> parts = bound.has(0)
                            ? JinjaSplit.by(text, bound.text(0), most, name.equals("rsplit"))
                            : JinjaSplit.bySpace(text, most, name.equals("rsplit"));
                    return parts;
                });
            case "splitlines" ->
                Optional.of(arguments -> {
                    JinjaArguments.Bound bound = arguments.bind("splitlines()", 0, "keepends");
                    return JinjaSplit.lines(text, bound.flag(0, false));
                });
            case "partition", "rpartition" ->
                Optional.of(arguments -> {
                    String separator = arguments.bind(name + "()", 1, "sep").text(0);
                    return JinjaSplit.partition(text, separator, name.equals("rpartition"));
                });
            default -> Optional.empty();
        };
    }

    private static Optional<JinjaCallable> padding(String text, String name) {
        return switch (name) {
            case "center", "ljust", "rjust" ->
                Optional.of(arguments -> {
                    JinjaArguments.Bound bound = arguments.bind(name + "()", 1, "width", "fillchar");
                    char side = name.equals("center") ? '^' : name.equals("ljust") ? '<' : '>';
                    return pad(text, bound.integer(0, 0), bound.text(1, " "), side);
                });
            case "zfill" ->
                Optional.of(arguments -> {
                    int width = arguments.bind("zfill()", 1, "width").integer(0, 0);
                    boolean signed = text.startsWith("-") || text.startsWith("+");
                    String digits = signed ? text.substring(1) : text;
                    String sign = signed ? text.substring(0, 1) : "";
                    return sign + pad(digits, width - sign.length(), "0", '>');
                });
            default -> Optional.empty();
        };
    }

    /** Pads to a width: {@code <} keeps the text at the left, {@code >} at the right, {@code ^} in the middle. */
    static String pad(String text, int width, String fill, char side) {
        JinjaRun.checkSize(width);
        int missing = Math.max(width - JinjaValues.length(text), 0);
        int left = side == '<' ? 0 : side == '>' ? missing : missing / 2 + (missing & width & 1);
        return fill.repeat(left) + text + fill.repeat(missing - left);
    }

    static String capitalize(String text) {
        if (text.isEmpty()) {
            return text;
        }
        int first = text.offsetByCodePoints(0, 1);
        return titleCase(text.substring(0, first)) + text.substring(first).toLowerCase(Locale.ROOT);
    }

    private static String titleCase(String character) {
        int title = Character.toTitleCase(character.codePointAt(0));
        return title == character.codePointAt(0) ? character.toUpperCase(Locale.ROOT) : Character.toString(title);
    }

    private static String title(String text) {
        StringBuilder out = new StringBuilder();
        boolean[] inWord = {false};
        text.codePoints().forEach(c -> {
            String character = Character.toString(c);
            out.append(inWord[0] ? character.toLowerCase(Locale.ROOT) : titleCase(character));
            inWord[0] = Character.isUpperCase(c) || Character.isLowerCase(c) || Character.isTitleCase(c);
        });
        return out.toString();
    }

    private static String swapCase(String text) {
        StringBuilder out = new StringBuilder();
        text.codePoints().forEach(c -> {
            String character = Character.toString(c);
            out.append(
                    Character.isUpperCase(c) ? character.toLowerCase(Locale.ROOT) : character.toUpperCase(Locale.ROOT));
        });
        return out.toString();
    }

    private static String strip(String name, String text, JinjaArguments arguments, boolean left, boolean right) {
        JinjaArguments.Bound bound = arguments.bind(name + "()", 0, "chars");
        return strip(text, bound.has(0) ? Optional.of(bound.text(0)) : Optional.empty(), left, right);
    }

    /** Takes characters off the ends: those given, otherwise white space. */
    static String strip(String text, Optional<String> characters, boolean left, boolean right) {
        IntPredicate goes =
                characters.map(set -> (IntPredicate) c -> set.indexOf(c) >= 0).orElse(JinjaText::isSpace);
        int start = 0;
        int end = text.length();
        while (left && start < end && goes.test(text.codePointAt(start))) {
            start += Character.charCount(text.codePointAt(start));
        }
        while (right && end > start && goes.test(text.codePointBefore(end))) {
            end -= Character.charCount(text.codePointBefore(end));
        }
        return text.substring(start, end);
    }

    private static String join(String separator, JinjaArguments arguments) {
        List<String> parts = new ArrayList<>();
        for (Object item :
                JinjaValues.list(arguments.bind("join()", 1, "iterable").get(0))) {
            parts.add(JinjaText.string(item)
                    .orElseThrow(() -> new JinjaFault("join() needs strings, found '" + JinjaValues.typeName(item)
                            + "'; the filter '|join' takes other values too")));
        }
        return String.join(separator, parts);
    }

    static String replace(String text, String old, String with, int count) {
        if (count < 0 && !old.isEmpty()) {
            return text.replace(old, with);
        }
        StringBuilder out = new StringBuilder();
        int from = 0;
        int left = count < 0 ? Integer.MAX_VALUE : count;
        while (left > 0) {
            int found = text.indexOf(old, from);
            if (found < 0) {
                break;
            }
            int copied = old.isEmpty() && found < text.length() ? text.offsetByCodePoints(found, 1) : found;
            if (old.isEmpty()) {
                out.append(with).append(text, from, copied);
            } else {
                out.append(text, from, found).append(with);
            }
            left--;
            if (old.isEmpty() && found == text.length()) {
                return out.toString();
            }
            from = old.isEmpty() ? copied : found + old.length();
        }
        return out.append(text.substring(from)).toString();
    }
}
