package dev.plumb.reward;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Whether two answers are the same, up to how they are written. Both sides pass the same steps, so the relation is symmetric.
 *
 * <p>In order: {@link CleanAnswer}; nothing equals the empty text; ± stands for two values; "x =" before a value is dropped; choice
 * letters; ratios by cross product; numbers in a base by their digits; {@link Units}; tuples and intervals entry by entry, sets
 * and lists without order; {@link ExactNumber}; {@link Expression}; text without articles, case and final punctuation.
 *
 * <p>Departures from the specification: the limit is a number of comparisons instead of 50 ms, so that a verdict does not depend
 * on the machine's load; text equal but for spaces is equal only if it has a letter, since 3 4 is not 34; a text
 * without signs that has a word of three letters is no formula, since dog is not god.
 */
final class AnswerEquality {
    private static final int LONGEST = 512; // characters
    private static final int MOST_COMPARISONS = 5000;
    private static final Pattern ASSIGNMENT =
            Pattern.compile("\\\\?[A-Za-z](?:_\\{[^{}=]*\\}|_[A-Za-z0-9])?\\s*=\\s*([^=]+)");
    private static final Pattern CHOICE = Pattern.compile("[(\\[]?([A-Ja-j])[)\\]]?[.:]?");
    private static final Pattern IN_BASE = Pattern.compile("([0-9A-F]+)_(?:\\{(\\d+)\\}|(\\d+))");
    private static final Pattern ARTICLE = Pattern.compile("^(?:the|an?) ");
    private static final Pattern PUNCTUATION = Pattern.compile("[.,;:!?]+$");

    private final Units units;

    AnswerEquality(Units units) {
        this.units = units;
    }

    /** What came of a comparison. */
    enum Verdict {
        EQUAL,
        UNEQUAL,
        /** One side is longer than 512 characters: unequal. */
        TOO_LONG,
        /** Lists of lists that would take too many comparisons: unequal. */
        TOO_MANY
    }

    Verdict compare(String one, String other) {
        if (one.length() > LONGEST || other.length() > LONGEST) {
            return Verdict.TOO_LONG;
        }
        Comparison comparison = new Comparison();
        boolean same = comparison.same(CleanAnswer.of(one), CleanAnswer.of(other));
        if (comparison.left < 0) {
            return Verdict.TOO_MANY;
        }
        return same ? Verdict.EQUAL : Verdict.UNEQUAL;
    }

    /** Whether an answer can only be compared as text. */
    boolean isText(String answer) {
        String text = CleanAnswer.of(answer);
        return answer.length() > LONGEST
                || !CHOICE.matcher(text).matches()
                        && ratio(text).isEmpty()
                        && !IN_BASE.matcher(text).matches()
                        && units.split(text).isEmpty()
                        && tuple(text).isEmpty()
                        && list(text).isEmpty()
                        && !text.contains("\\pm")
                        && ExactNumber.parse(text).isEmpty()
                        && Expression.parse(assigned(text)).isEmpty();
    }

    private final class Comparison {
        private int left = MOST_COMPARISONS;

        boolean same(String a, String b) {
            if (a.isEmpty() || b.isEmpty() || left-- <= 0) {
                left = left < 0 ? -1 : left;
                return false;
            }
            if (a.equals(b)) {
                return true;
            }
            if (a.contains("\\pm") || b.contains("\\pm")) {
                return sameSets(values(a), values(b));
            }
            String one = assigned(a);
            String other = assigned(b);
            Matcher choice = CHOICE.matcher(one);
            Matcher otherChoice = CHOICE.matcher(other);
            if (choice.matches() && otherChoice.matches()) {
                return choice.group(1).equalsIgnoreCase(otherChoice.group(1));
            }
            Optional<List<ExactNumber>> ratio = ratio(one);
            Optional<List<ExactNumber>> otherRatio = ratio(other);
            if (ratio.isPresent() || otherRatio.isPresent()) {
                return ratio.isPresent() && otherRatio.isPresent() && sameRatio(ratio.get(), otherRatio.get());
            }
            Matcher base = IN_BASE.matcher(one);
            Matcher otherBase = IN_BASE.matcher(other);
            if (base.matches() | otherBase.matches()) { // both are asked, for their groups
                return base.matches() && otherBase.matches() && sameBase(base, otherBase);
            }
            Optional<Units.Quantity> quantity = units.split(one);
            Optional<Units.Quantity> otherQuantity = units.split(other);
            if (quantity.isPresent() || otherQuantity.isPresent()) {
                boolean differ = quantity.isPresent()
                        && otherQuantity.isPresent()
                        && !quantity.get().unit().equals(otherQuantity.get().unit());
                if (!differ
                        && same(
                                quantity.map(Units.Quantity::number).orElse(one),
                                otherQuantity.map(Units.Quantity::number).orElse(other))) {
                    return true;
                }
                return !differ && sameText(one, other);
            }
            return sameValue(one, other);
        }

        private boolean sameValue(String a, String b) {
            Optional<Tuple> tuple = tuple(a);
            Optional<Tuple> otherTuple = tuple(b);
            if (tuple.isPresent() && otherTuple.isPresent()) {
                return sameTuple(tuple.get(), otherTuple.get());
            }
            if (list(a).isPresent() || list(b).isPresent()) {
                return sameSets(values(a), values(b));
            }
            Optional<ExactNumber> number = ExactNumber.parse(a);
            Optional<ExactNumber> otherNumber = ExactNumber.parse(b);
            if (number.isPresent() && otherNumber.isPresent()) {
                return number.get().equalTo(otherNumber.get());
            }
            Optional<Expression> formula = Expression.parse(a);
            Optional<Expression> otherFormula = Expression.parse(b);
            if (formula.isPresent() && otherFormula.isPresent() && formula.get().equalTo(otherFormula.get())) {
                return true;
            }
            return sameText(a, b);
        }

        private boolean sameTuple(Tuple a, Tuple b) {
            if (a.open() != b.open()
                    || a.close() != b.close()
                    || a.entries().size() != b.entries().size()) {
                return false;
            }
            for (int i = 0; i < a.entries().size(); i++) {
                if (!same(a.entries().get(i), b.entries().get(i))) {
                    return false;
                }
            }
            return true;
        }

        private boolean sameSets(List<String> a, List<String> b) {
            return within(a, b) && within(b, a);
        }

        private boolean within(List<String> few, List<String> many) {
            return few.stream().allMatch(one -> many.stream().anyMatch(other -> same(one, other)));
        }
    }

    /** The value behind "x =". */
    private static String assigned(String text) {
        Matcher matcher = ASSIGNMENT.matcher(text);
        return matcher.matches() ? matcher.group(1).strip() : text;
    }

    private static Optional<List<ExactNumber>> ratio(String text) {
        int colon = text.indexOf(':');
        if (colon <= 0 || colon != text.lastIndexOf(':')) {
            return Optional.empty();
        }
        Optional<ExactNumber> a = ExactNumber.parse(text.substring(0, colon));
        Optional<ExactNumber> b = ExactNumber.parse(text.substring(colon + 1));
        return a.isPresent() && b.isPresent() ? Optional.of(List.of(a.get(), b.get())) : Optional.empty();
    }

    private static boolean sameRatio(List<ExactNumber> a, List<ExactNumber> b) {
        return a.get(0)
                .value()
                .times(b.get(1).value())
                .equals(a.get(1).value().times(b.get(0).value()));
    }

    private static boolean sameBase(Matcher a, Matcher b) {
        String base = a.group(2) == null ? a.group(3) : a.group(2);
        return a.group(1).equals(b.group(1)) && base.equals(b.group(2) == null ? b.group(3) : b.group(2));
    }

    /** Entries between round or square brackets, at least two. */
    private record Tuple(char open, char close, List<String> entries) {}

    private static Optional<Tuple> tuple(String text) {
        int last = text.length() - 1;
        if (last < 2 || "([".indexOf(text.charAt(0)) < 0 || ")]".indexOf(text.charAt(last)) < 0) {
            return Optional.empty();
        }
        List<String> entries = entries(text.substring(1, last));
        return entries.size() < 2
                ? Optional.empty()
                : Optional.of(new Tuple(text.charAt(0), text.charAt(last), entries));
    }

    /** The elements of a set in braces or of a list with commas; empty if the text is neither. */
    private static Optional<List<String>> list(String text) {
        for (String[] braces : new String[][] {{"\\{", "\\}"}, {"{", "}"}}) {
            if (text.length() >= 2 * braces[0].length() && text.startsWith(braces[0]) && text.endsWith(braces[1])) {
                return Optional.of(entries(text.substring(braces[0].length(), text.length() - braces[1].length())));
            }
        }
        if (ExactNumber.isThousands(text) || tuple(text).isPresent()) {
            return Optional.empty();
        }
        List<String> entries = entries(text);
        return entries.size() > 1 ? Optional.of(entries) : Optional.empty();
    }

    /** All values that a text stands for. */
    private static List<String> values(String text) {
        List<String> values = new ArrayList<>();
        for (String value : list(text).orElse(List.of(text))) {
            if (value.contains("\\pm")) {
                values.add(CleanAnswer.of(value.replace("\\pm", "+")));
                values.add(CleanAnswer.of(value.replace("\\pm", "-")));
            } else {
                values.add(value);
            }
        }
        return values;
    }

    /** Splits at the commas that no bracket encloses. */
    private static List<String> entries(String text) {
        List<String> entries = new ArrayList<>();
        int depth = 0;
        int start = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            depth += "([{".indexOf(c) >= 0 ? 1 : ")]}".indexOf(c) >= 0 ? -1 : 0;
            if (c == ',' && depth == 0) {
                entries.add(text.substring(start, i).strip());
                start = i + 1;
            }
        }
        entries.add(text.substring(start).strip());
        return entries;
    }

    private static boolean sameText(String a, String b) {
        String one = plain(a);
        String other = plain(b);
        return !one.isEmpty()
                && (one.equals(other)
                        || one.chars().anyMatch(Character::isLetter)
                                && one.replace(" ", "").equals(other.replace(" ", "")));
    }

    private static String plain(String text) {
        String lower =
                PUNCTUATION.matcher(text.toLowerCase(Locale.ROOT).strip()).replaceAll("");
        return ARTICLE.matcher(lower).replaceAll("").replaceAll("\\s+", " ").strip();
    }
}
