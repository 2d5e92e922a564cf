package dev.plumb.data;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.plumb.text.Message;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The columns of one row under our names.
 *
 * @param values the columns under the file's names
 * @param mapping our name to the file's name where they differ
 */
record Cells(Map<String, @Nullable Object> values, Map<String, String> mapping) {
    /** Our names of the columns that are there; a column that is mapped to one name is not there under another. */
    Set<String> names() {
        Set<String> names = new LinkedHashSet<>();
        for (String name : Form.COLUMNS) {
            if (values.containsKey(column(name)) && (mapping.containsKey(name) || !mapping.containsValue(name))) {
                names.add(name);
            }
        }
        return names;
    }

    /** The file's name of a column. */
    String column(String name) {
        return mapping.getOrDefault(name, name);
    }

    /** What a column holds; null if it is absent or null. */
    @Nullable
    Object find(String name) {
        return mapping.containsKey(name) || !mapping.containsValue(name) ? values.get(column(name)) : null;
    }

    /** What a column holds that every row has to have. */
    Object get(String name) throws BadRow {
        Object value = find(name);
        if (value == null) {
            String fault = values.containsKey(column(name))
                    ? " is null"
                    : " is missing; the row has " + listed(values.keySet());
            throw new BadRow(BadRowReason.MISSING_FIELD, title(name) + fault);
        }
        return value;
    }

    /** A column of text. */
    String text(String name) throws BadRow {
        return text(get(name), title(name));
    }

    static String text(Object value, String title) throws BadRow {
        if (value instanceof String text) {
            return text;
        }
        throw new BadRow(BadRowReason.WRONG_TYPE, title + " holds " + JsonText.kind(value) + " where text is due");
    }

    /** A column of text that may be left out; empty then. */
    String textOrEmpty(String name) throws BadRow {
        return find(name) == null ? "" : text(name);
    }

    /** A column of a number from 0 that may be left out; 0 then. */
    double numberOrZero(String name) throws BadRow {
        double number = number(name, 0);
        if (!(number >= 0) || Double.isInfinite(number)) {
            throw notANumber(name, "a number from 0");
        }
        return number;
    }

    /** A column of a number from 0 to 1 that may be left out; 1 then. */
    double shareOrOne(String name) throws BadRow {
        double number = number(name, 1);
        if (!(number >= 0 && number <= 1)) {
            throw notANumber(name, "a number from 0 to 1");
        }
        return number;
    }

    private BadRow notANumber(String name, String due) {
        return new BadRow(BadRowReason.WRONG_TYPE, title(name) + " holds " + find(name) + " where " + due + " is due");
    }

    private double number(String name, double otherwise) {
        Object value = find(name);
        if (value == null || value.equals("")) {
            return otherwise;
        }
        if (value instanceof Number given) {
            return given.doubleValue();
        }
        try { // of a CSV file
            return value instanceof String text ? Double.parseDouble(text) : Double.NaN;
        } catch (NumberFormatException e) {
            return Double.NaN;
        }
    }

    /** A column of true or false, also as 1 or 0, or as their text, which is how a CSV file holds them. */
    boolean bool(String name) throws BadRow {
        Object value = get(name);
        if (value instanceof Boolean bool) {
            return bool;
        }
        if (value instanceof Number number && (number.doubleValue() == 0 || number.doubleValue() == 1)) {
            return number.doubleValue() == 1;
        }
        String text = value instanceof String string ? string.strip().toLowerCase(Locale.ROOT) : "";
        return switch (text) {
            case "true", "1" -> true;
            case "false", "0" -> false;
            default ->
                throw new BadRow(
                        BadRowReason.WRONG_TYPE,
                        title(name) + " holds " + shown(value) + " where true or false, or 1 or 0, is due");
        };
    }

    private static String shown(Object value) {
        boolean brief = value instanceof Number || value instanceof String text && text.length() <= 20;
        return brief ? "'" + value + "'" : JsonText.kind(value);
    }

    /** A column of a list of texts. */
    List<String> texts(String name) throws BadRow {
        List<String> out = new ArrayList<>();
        for (Object item : list(name)) {
            if (!(item instanceof String text)) {
                throw new BadRow(
                        BadRowReason.WRONG_TYPE,
                        title(name) + " holds " + (item == null ? "null" : JsonText.kind(item))
                                + " in its list, where text is due");
            }
            out.add(text);
        }
        return out;
    }

    /** A column of a list of numbers from 0 to 1, true and false among them; NaN where it has null. */
    double[] sharesOrNaN(String name) throws BadRow {
        List<?> items = list(name);
        double[] out = new double[items.size()];
        for (int i = 0; i < out.length; i++) {
            Object item = items.get(i);
            if (item == null) {
                out[i] = Double.NaN;
            } else if (item instanceof Boolean good) {
                out[i] = good ? 1 : 0;
            } else if (item instanceof Number number && number.doubleValue() >= 0 && number.doubleValue() <= 1) {
                out[i] = number.doubleValue();
            } else {
                throw new BadRow(
                        BadRowReason.WRONG_TYPE,
                        title(name) + " holds " + shown(item)
                                + " where true or false, or a number from 0 to 1, is due");
            }
        }
        return out;
    }

    /** A column of a list, or of the JSON text of one, which is how a CSV file holds it. */
    List<?> list(String name) throws BadRow {
        Object value = get(name);
        if (value instanceof List<?> list) {
            return list;
        }
        if (value instanceof String text) {
            try {
                if (JsonText.parse(text) instanceof List<?> list) {
                    return list;
                }
            } catch (JsonProcessingException e) { // said below
            }
        }
        throw new BadRow(
                BadRowReason.WRONG_TYPE, title(name) + " holds " + JsonText.kind(value) + " where a list is due");
    }

    /** A column of turns. */
    List<Message> turns(String name) throws BadRow {
        return Turns.read(get(name), title(name));
    }

    /** How messages name a column. */
    String title(String name) {
        return "column " + column(name) + (column(name).equals(name) ? "" : " (our " + name + ")");
    }

    static String listed(Set<String> columns) {
        return columns.isEmpty() ? "no columns" : String.join(", ", columns);
    }
}
