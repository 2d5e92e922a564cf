package dev.plumb.train;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeType;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.StreamSupport;

/**
 * JSON of any shape as HTML for people: objects and lists of objects as tables, counts by number as a histogram, tokens
 * with a mask as text in which the trained ones are marked. What it does not know, it shows all the same.
 */
final class JsonHtml {
    private static final int LONG_LIST = 24;
    private static final Set<String> BOUNDS = Set.of("up_to", "upTo", "to", "max", "bound", "length", "bucket", "le");

    /** What the preflight draws round the tokens that are trained on. */
    private static final Pattern TARGETS = Pattern.compile("\\[\\[.*?]]", Pattern.DOTALL);

    private JsonHtml() {}

    static String render(JsonNode node) {
        if (node.isObject()) {
            return histogram(node).orElseGet(() -> object(node));
        }
        return node.isArray() ? array(node) : scalar(node);
    }

    private static String object(JsonNode node) {
        if (node.isEmpty()) {
            return "<span class=\"dim\">none</span>";
        }
        List<Map.Entry<String, JsonNode>> fields = new ArrayList<>(node.properties());
        fields.sort(Comparator.comparing(field -> Size.of(field.getValue())));
        StringBuilder html = new StringBuilder("<dl class=\"facts\">");
        for (Map.Entry<String, JsonNode> field : fields) {
            html.append("<div class=\"")
                    .append(Size.of(field.getValue()).name().toLowerCase(Locale.ROOT))
                    .append("\"><dt>")
                    .append(Html.escape(Html.words(field.getKey())))
                    .append("</dt><dd>")
                    .append(render(field.getValue()))
                    .append("</dd></div>");
        }
        return html.append("</dl>").toString();
    }

    /** How much room a value takes; small things come first. */
    private enum Size {
        FACT,
        LINE,
        GROUP,
        CARD,
        WIDE;

        static Size of(JsonNode node) {
            if (node.isEmpty()) {
                int length = node.asText().length();
                return length > 60 || node.asText().contains("\n") ? WIDE : length > 20 ? LINE : FACT;
            }
            if (!node.isObject()) {
                return WIDE;
            }
            Size largest = node.properties().stream()
                    .map(field -> of(field.getValue()))
                    .max(Comparator.naturalOrder())
                    .orElse(FACT);
            if (histogram(node).isPresent()) {
                return CARD;
            }
            return largest.compareTo(LINE) <= 0 ? GROUP : largest == CARD && !cards(node) ? CARD : WIDE;
        }

        private static boolean cards(JsonNode node) {
            return node.properties().stream()
                            .filter(field -> of(field.getValue()) == CARD)
                            .count()
                    > 1;
        }
    }

    private static String array(JsonNode array) {
        List<JsonNode> items = StreamSupport.stream(array.spliterator(), false).toList();
        if (items.isEmpty()) {
            return "<span class=\"dim\">none</span>";
        }
        Optional<String> special = mask(items).or(() -> histogram(items));
        if (special.isPresent()) {
            return special.get();
        }
        if (items.stream().allMatch(JsonNode::isObject)) {
            return table(items);
        }
        if (items.stream().noneMatch(JsonNode::isContainerNode) && items.size() <= LONG_LIST) {
            return String.join(", ", items.stream().map(JsonHtml::scalar).toList());
        }
        StringBuilder html = new StringBuilder("<ul class=\"list\">");
        items.forEach(item -> html.append("<li>").append(render(item)).append("</li>"));
        return html.append("</ul>").toString();
    }

    private static String scalar(JsonNode node) {
        if (node.isNull() || node.isMissingNode()) {
            return "<span class=\"dim\">none</span>";
        }
        if (node.isBoolean()) {
            return node.booleanValue() ? "yes" : "no";
        }
        if (node.isIntegralNumber()) {
            return node.canConvertToLong() ? Html.grouped(node.longValue()) : Html.escape(node.asText());
        }
        if (node.isNumber()) {
            return Html.number(node.doubleValue());
        }
        String text = Html.escape(node.asText());
        Matcher targets = TARGETS.matcher(text);
        if (node.asText().contains("\n") || targets.find()) {
            return "<pre class=\"text\">" + targets.replaceAll("<mark>$0</mark>") + "</pre>";
        }
        return node.asText().matches("[0-9a-f]{40,}") ? "<code class=\"hash\">" + text + "</code>" : text;
    }

    private static String table(List<JsonNode> rows) {
        Set<String> columns = new LinkedHashSet<>();
        rows.forEach(row -> row.fieldNames().forEachRemaining(columns::add));
        StringBuilder html = new StringBuilder("<div class=\"scroll\"><table><thead><tr>");
        columns.forEach(column -> html.append("<th scope=\"col\">")
                .append(Html.escape(Html.words(column)))
                .append("</th>"));
        html.append("</tr></thead><tbody>");
        for (JsonNode row : rows) {
            html.append("<tr>");
            for (String column : columns) {
                JsonNode cell = row.path(column);
                html.append(cell.isNumber() ? "<td class=\"number\" data-label=\"" : "<td data-label=\"")
                        .append(Html.escape(Html.words(column)))
                        .append("\">")
                        .append(cell.isMissingNode() ? "" : render(cell))
                        .append("</td>");
            }
            html.append("</tr>");
        }
        return html.append("</tbody></table></div>").toString();
    }

    /** Objects with one text and one truth value each: tokens, and whether they are trained on. */
    private static Optional<String> mask(List<JsonNode> items) {
        StringBuilder html = new StringBuilder("<p class=\"tokens\">");
        for (JsonNode item : items) {
            Optional<JsonNode> text = only(item, JsonNodeType.STRING);
            Optional<JsonNode> trained = only(item, JsonNodeType.BOOLEAN);
            if (text.isEmpty() || trained.isEmpty()) {
                return Optional.empty();
            }
            String shown = Html.escape(text.get().asText()).replace("\n", "\u21b5\n");
            html.append(trained.get().booleanValue() ? "<mark>" + shown + "</mark>" : "<span>" + shown + "</span>");
        }
        return Optional.of(html.append("</p><p class=\"note\">Underlined and shaded: trained on.</p>")
                .toString());
    }

    private static Optional<JsonNode> only(JsonNode object, JsonNodeType type) {
        List<JsonNode> found = object.properties().stream()
                .map(Map.Entry::getValue)
                .filter(value -> value.getNodeType() == type)
                .toList();
        return found.size() == 1 ? Optional.of(found.get(0)) : Optional.empty();
    }

    private record Bar(String label, double count) {}

    /** An object whose keys are numbers or ranges and whose values are counts. */
    private static Optional<String> histogram(JsonNode object) {
        List<Bar> bars = new ArrayList<>();
        for (Map.Entry<String, JsonNode> field : object.properties()) {
            if (!field.getKey().matches("[<>=\u2264\u2265 ]*\\d+([-\u2013.]+\\d+)?\\+?")
                    || !field.getValue().isNumber()) {
                return Optional.empty();
            }
            bars.add(new Bar(field.getKey(), field.getValue().doubleValue()));
        }
        return bars.size() < 2 ? Optional.empty() : Optional.of(bars(bars));
    }

    /** A list of objects that have a count and an upper bound. */
    private static Optional<String> histogram(List<JsonNode> items) {
        List<Bar> bars = new ArrayList<>();
        for (JsonNode item : items) {
            Optional<String> bound = BOUNDS.stream().filter(item::has).findFirst();
            if (!item.path("count").isNumber() || bound.isEmpty()) {
                return Optional.empty();
            }
            bars.add(new Bar(item.path(bound.get()).asText(), item.path("count").doubleValue()));
        }
        return bars.size() < 2 ? Optional.empty() : Optional.of(bars(bars));
    }

    private static String bars(List<Bar> bars) {
        double most = Math.max(1, bars.stream().mapToDouble(Bar::count).max().orElse(1));
        double width = Math.min(44, 392.0 / bars.size());
        int every = (int) Math.ceil(30 / width);
        StringBuilder svg = new StringBuilder(String.format(
                Locale.ROOT,
                "<svg class=\"chart bars\" viewBox=\"0 0 400 132\" role=\"img\" aria-label=\"%s\">",
                spoken(bars)));
        for (int i = 0; i < bars.size(); i++) {
            Bar bar = bars.get(i);
            double height = bar.count() == 0 ? 0 : Math.max(1, bar.count() / most * 90);
            double x = 4 + i * width;
            svg.append(String.format(
                    Locale.ROOT,
                    "<g><title>%s: %s</title><rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>",
                    Html.escape(bar.label()),
                    Html.number(bar.count()),
                    x + width * 0.08,
                    108 - height,
                    width * 0.84,
                    height));
            if (width >= 24 && bar.count() > 0) {
                text(svg, x + width / 2, 104 - height, Html.number(bar.count()));
            }
            if (i % every == 0) {
                text(svg, x + width / 2, 122, bar.label());
            }
            svg.append("</g>");
        }
        svg.append(
                String.format(Locale.ROOT, "<path class=\"axis\" d=\"M4 108H%.1f\"/></svg>", 4 + width * bars.size()));
        return svg.toString();
    }

    private static String spoken(List<Bar> bars) {
        return "Histogram: "
                + String.join(
                        ", ",
                        bars.stream()
                                .filter(bar -> bar.count() > 0)
                                .map(bar -> Html.escape(bar.label()) + ": " + Html.number(bar.count()))
                                .toList());
    }

    private static void text(StringBuilder svg, double x, double y, String text) {
        svg.append(String.format(
                Locale.ROOT,
                "<text class=\"tick\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%s</text>",
                x,
                y,
                Html.escape(text)));
    }
}
