package dev.plumb.text;

import dev.plumb.config.PlumbException;
import java.time.LocalDateTime;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.Supplier;

/** A parsed template and its source, so that every fault is told with its line and column. */
final class JinjaTemplate {
    private final String name;
    private final String source;
    private final JinjaParser.Template parsed;

    private JinjaTemplate(String name, String source, JinjaParser.Template parsed) {
        this.name = name;
        this.source = source;
        this.parsed = parsed;
    }

    /**
     * What a render gives.
     *
     * @param text the text
     * @param generated where in it the generation blocks are
     * @param lostGeneration the line and column of a generation block whose place in the text is not known; empty if
     *     none
     */
    record Result(String text, List<ChatTemplate.Span> generated, String lostGeneration) {}

    static JinjaTemplate parse(String name, String raw) {
        String source = JinjaLexer.normalize(raw);
        try {
            return new JinjaTemplate(name, source, JinjaParser.parse(source));
        } catch (JinjaFault fault) {
            throw fault(name, place(source, fault.offset()), fault.text());
        } catch (StackOverflowError e) {
            throw fault(name, "1:1", "the template is nested too deeply");
        }
    }

    boolean hasGeneration() {
        return parsed.generation();
    }

    String name() {
        return name;
    }

    Result render(Map<String, ?> variables, Supplier<LocalDateTime> clock) {
        JinjaRun run = new JinjaRun(clock);
        JinjaOutput out = JinjaOutput.outermost();
        try {
            Map<String, Object> values = new LinkedHashMap<>();
            variables.forEach((key, value) -> values.put(key, JinjaValues.fromNullable(value)));
            JinjaStatement.all(parsed.body(), JinjaFrame.root(run, values), out);
        } catch (JinjaFault fault) {
            throw fault(name, place(source, fault.offset()), fault.text());
        } catch (StackOverflowError e) {
            throw fault(name, "1:1", "the template is nested too deeply");
        }
        OptionalInt lost = run.lostGeneration();
        String lostAt = lost.isPresent() ? place(source, lost.getAsInt()) : "";
        return new Result(out.text(), out.generated().orElseThrow(), lostAt);
    }

    private static PlumbException fault(String name, String place, String message) {
        return new PlumbException(name + ":" + place + ": " + message);
    }

    /** Line and column, both from 1. */
    private static String place(String source, int offset) {
        String before = source.substring(0, Math.min(offset, source.length()));
        long line = 1 + before.chars().filter(c -> c == '\n').count();
        String lastLine = before.substring(before.lastIndexOf('\n') + 1);
        return line + ":" + (lastLine.codePointCount(0, lastLine.length()) + 1);
    }
}
