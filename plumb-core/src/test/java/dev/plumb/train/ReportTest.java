package dev.plumb.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xml.sax.InputSource;

class ReportTest {
    @TempDir
    Path folder;

    private String page() throws IOException {
        return Files.readString(Report.write(folder));
    }

    private void logged(int steps, double spoilt) {
        try (MetricsLog log = MetricsLog.open(folder.resolve("metrics.jsonl"), OptionalLong.empty())) {
            for (int step = 1; step <= steps; step++) {
                Map<String, Double> values = new TreeMap<>();
                values.put("loss", step == steps / 2 ? spoilt : 0.7 - 0.3 * step / steps);
                values.put("rewards/chosen", 0.1 * step);
                values.put("rewards/rejected", -0.1 * step);
                values.put("rewards/ties", 0.0);
                values.put("odd_metric", Math.sin(step));
                values.put("num_tokens", 1000.0 * step);
                log.write(step, 0, MetricsLog.Split.TRAIN, values);
                if (step % 10 == 0) {
                    log.write(step, 0, MetricsLog.Split.EVAL, Map.of("loss", 0.71 - 0.2 * step / steps));
                }
            }
        }
    }

    @Test
    void anEmptyFolderGivesAPage() throws IOException {
        assertThat(page()).startsWith("<!doctype html>").contains("<h1>Run " + folder.getFileName() + "</h1>");
    }

    @Test
    void everyMetricIsShown() throws IOException {
        logged(40, 0.6);
        assertThat(page())
                .contains("<h3>Loss</h3>", "<h3>Rewards</h3>", "<h3>odd_metric</h3>")
                .contains("<code>rewards/ties</code> 0")
                .contains("aria-label=\"Rewards: chosen from 0.100 at step 1 to 4 at step 40; rejected from")
                .contains("step 40 \u00b7 training 0.400 \u00b7 held-out 0.510")
                .contains("<dt>Tokens</dt><dd>40\u202f000</dd>")
                .doesNotContain("Look at this first");
        // Without a summary, the first evaluation against the last.
        assertThat(page()).contains("loss, held-out", "step 10", "<b>0.660</b>", "<b>0.510</b>");
    }

    @Test
    void whatIsNotANumberIsToldAndLeavesAGap() throws IOException {
        logged(40, Double.NaN);
        String page = page();
        assertThat(page).contains("Look at this first", "loss was NaN at step 20 (train).");
        assertThat(page).contains("One value of training is not finite, at step 20 (marked \u00d7).");
        Matcher line = Pattern.compile("<path class=\"line train c0\" d=\"([^\"]*)\"/>\\s*<path class=\"bad\"")
                .matcher(page);
        assertThat(line.find()).isTrue();
        assertThat(line.group(1).chars().filter(c -> c == 'M')).hasSize(2);
        assertThat(page).doesNotContain("NaN\" ", "NaN NaN", "Infinity");
    }

    @Test
    void answersAreShownBeforeAfterAndInBetweenAndSomeThatWereLearntFrom() throws IOException {
        StringBuilder samples = new StringBuilder();
        StringBuilder completions = new StringBuilder();
        for (int step = 0; step <= 90; step += 10) {
            samples.append("{\"step\": %1$d, \"prompt\": \"p\", \"completion\": \"held %1$d\"}%n".formatted(step));
            completions.append(
                    "{\"step\": %1$d, \"prompt\": \"p\", \"completion\": \"a %1$d\", \"scores\": {\"reward\": 1}}%n"
                            .formatted(step + 1));
            completions.append(
                    "{\"step\": %1$d, \"prompt\": \"p\", \"completion\": \"b %1$d\", \"scores\": {\"reward\": 0}}%n"
                            .formatted(step + 1));
        }
        Files.writeString(folder.resolve("samples.jsonl"), samples);
        Files.writeString(folder.resolve("completions.jsonl"), completions);
        String page = page();
        assertThat(page).contains(">held 0<", ">held 90<", "<summary>Between</summary>", ">held 50<");
        assertThat(page.indexOf("held 90")).isLessThan(page.indexOf("held 50"));
        assertThat(page)
                .contains("<details><summary>Step 1, mean reward of these 0.500", ">a 1<", ">b 1<")
                .contains("<details open><summary>Step 91, mean reward of these 0.500");
        assertThat(Pattern.compile("mean reward of these").matcher(page).results())
                .hasSize(6);
    }

    @Test
    void nothingThatComesFromDataIsMarkup() throws IOException {
        String attack = "<script>alert('x\" & y')</script>";
        String json = "\"<script>alert('x\\\" & y')</script>\"";
        Files.writeString(folder.resolve("config.yaml"), "method: " + attack + "\nmodel: " + attack + " # " + attack);
        Files.writeString(
                folder.resolve("preflight.json"),
                "{%1$s: %1$s, \"a\": [{%1$s: %1$s}], \"b\": {%1$s: {\"12\": 1, \"13\": 2}}, \"c\": [%1$s]}"
                        .formatted(json));
        Files.writeString(
                folder.resolve("samples.jsonl"),
                "{\"step\": 0, \"prompt\": %1$s, \"completion\": %1$s, \"scores\": {%1$s: 1}}\n".formatted(json));
        Files.writeString(
                folder.resolve("completions.jsonl"),
                "{\"step\": 1, \"prompt\": %1$s, \"completion\": %1$s, \"scores\": {%1$s: 1}}\n".formatted(json));
        Files.writeString(
                folder.resolve("summary.json"),
                ("{\"title\": %1$s, \"notes\": [%1$s], \"next_commands\": %1$s,"
                                + " \"rows\": [{\"name\": %1$s, \"note\": %1$s, \"before\": 1, \"after\": 2},"
                                + "{\"name\": %1$s, \"values\": [{\"label\": %1$s, \"value\": 3}]}]}")
                        .formatted(json));
        Files.writeString(folder.resolve("provenance.json"), "{\"outcome\": %1$s}".formatted(json));
        try (MetricsLog log = MetricsLog.open(folder.resolve("metrics.jsonl"), OptionalLong.empty())) {
            log.write(1, 0, MetricsLog.Split.TRAIN, Map.of(attack, 1.0));
            log.write(2, 0, MetricsLog.Split.TRAIN, Map.of(attack, Double.NaN));
        }
        String page = page();
        assertThat(page).doesNotContain("<script", "alert('x", "x\" &");
        assertThat(page).contains("&lt;script&gt;alert(&#39;x&quot; &amp; y&#39;)&lt;/script&gt;");
        assertThat(page.toLowerCase(Locale.ROOT)).doesNotContain("http://", "https://", "@import", "url(", "src=");
    }

    @Test
    void isWellFormed() throws Exception {
        logged(200, Double.POSITIVE_INFINITY);
        Files.writeString(
                folder.resolve("config.yaml"), "method: dpo\nmodel:\n  path: models/tiny/\nbeta: 0.1 # why\n");
        Files.writeString(folder.resolve("preflight.json"), """
                {"rows_train": 9152, "rows_eval": 481, "rows_left_out": [{"reason": "empty", "rows": 3}],
                 "lengths": {"prompt": {"mean": 3.5, "histogram": {"8": 1, "16": 2}}},
                 "masks": [{"text": "a", "trained": false}, {"text": "b\\n", "trained": true}],
                 "example": {"text": "user\\n[[yes]]"}, "nothing": null, "empty": [], "deep": [[1, [2]], []]}
                """);
        Files.writeString(folder.resolve("samples.jsonl"), """
                {"step": 0, "prompt": [{"role": "user", "content": "hi"}], "completion": ""}
                {"step": 9, "prompt": [{"role": "user", "content": "hi"}], "completion": "hello"}
                """);
        String page = page();
        assertThat(page)
                .contains("<h1>DPO on tiny</h1>")
                .contains("<dt>Rows</dt><dd>9\u202f152</dd>", "<dt>Left out</dt><dd>3</dd>")
                .contains("<mark>b\u21b5\n</mark>", "<mark>[[yes]]</mark>", "<title>16: 2</title>")
                .contains("user: hi", "Before training", "Step 9", "(empty)");
        // Read as XML: every tag is closed and every attribute quoted.
        String xml = page.replaceFirst("<!doctype html>", "").replaceAll("<meta ([^>]*)>", "<meta $1/>");
        DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new InputSource(new java.io.StringReader(xml)));
    }

    @Test
    void aDamagedFileIsToldAndTheRestIsShown() throws IOException {
        Files.writeString(folder.resolve("config.yaml"), "method: sft\n");
        Files.writeString(folder.resolve("preflight.json"), "{");
        Files.writeString(folder.resolve("metrics.jsonl"), "nonsense\n");
        assertThat(page())
                .contains("preflight.json is not JSON", "metrics.jsonl:1 is not a JSON object")
                .contains("Configuration");
    }

    @Test
    void aResultSaysWhetherItsIntervalsAreApart() throws IOException {
        Files.writeString(folder.resolve("summary.json"), """
                {"rows": [
                  {"name": "up", "before": {"value": 0.5, "low": 0.4, "high": 0.6}, "after": {"value": 0.7, "low": 0.65, "high": 0.8}},
                  {"name": "unsure", "before": {"value": 0.5, "low": 0.4, "high": 0.6}, "after": {"value": 0.55, "low": 0.5, "high": 0.6}},
                  {"name": "same", "before": 2, "after": 2},
                  {"name": "broken", "before": 2, "after": "NaN"}]}
                """);
        String page = page();
        assertThat(row(page, "up")).contains("\u25b2 +0.200", "intervals apart", "0.400 \u2013 0.600");
        assertThat(row(page, "unsure")).contains("+0.050", "intervals overlap").doesNotContain("\u25b2");
        assertThat(row(page, "same")).contains("unchanged");
        assertThat(row(page, "broken")).contains("not a number");
    }

    private static String row(String page, String name) {
        int from = page.indexOf("<th scope=\"row\">" + name);
        return page.substring(from, page.indexOf("</tr>", from));
    }

    @Test
    void aLongRunGivesAPageThatABrowserLikes() throws IOException {
        logged(20_000, 0.5);
        assertThat(page().length()).isLessThan(1_000_000);
    }
}
