package dev.plumb.data;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** The preflight report as JSON. */
final class PreflightJson {
    private static final ObjectMapper MAPPER = JsonMapper.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .build();

    private PreflightJson() {}

    static String of(Preflight report) {
        ObjectNode json = MAPPER.createObjectNode();
        json.put("rows_read", report.read());
        json.put("rows_train", report.train());
        json.put("rows_eval", report.eval());
        json.set("rows_left_out", MAPPER.valueToTree(report.left()));
        json.set("refusals", MAPPER.valueToTree(report.refusals()));
        json.set("notes", MAPPER.valueToTree(report.notes()));
        json.set("files", MAPPER.valueToTree(report.shapes()));
        json.put("max_length", report.maxLength());
        ObjectNode lengths = json.putObject("lengths");
        lengths.set("prompt", MAPPER.valueToTree(report.prompt()));
        lengths.set("answer", MAPPER.valueToTree(report.answer()));
        lengths.set("total", MAPPER.valueToTree(report.total()));
        json.set("cut", MAPPER.valueToTree(report.cut()));
        json.set("ends", MAPPER.valueToTree(report.ends()));
        json.set("rows_by_opening_bos", MAPPER.valueToTree(report.bos()));
        json.set("rows_by_eos", MAPPER.valueToTree(report.eos()));
        json.set("repeats", MAPPER.valueToTree(report.repeats()));
        report.answers().ifPresent(answers -> json.set("answers", MAPPER.valueToTree(answers)));
        report.rankings().ifPresent(rankings -> json.set("rankings", MAPPER.valueToTree(rankings)));
        report.labels().ifPresent(labels -> {
            ObjectNode counts = json.putObject("labels");
            counts.put("desirable", labels.desirable());
            counts.put("undesirable", labels.undesirable());
        });
        report.steps().ifPresent(steps -> json.set("steps", MAPPER.valueToTree(steps)));
        report.drawn().ifPresent(drawn -> {
            ObjectNode example = json.putObject("example");
            example.put("row", drawn.id().toString());
            example.put("text", drawn.text());
            example.put("last_target", drawn.lastTarget());
        });
        try {
            DefaultPrettyPrinter printer = new DefaultPrettyPrinter();
            printer.indentArraysWith(new DefaultIndenter("  ", "\n"));
            printer.indentObjectsWith(new DefaultIndenter("  ", "\n"));
            return MAPPER.writer(printer).writeValueAsString(json) + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree of plain values can be written", e);
        }
    }
}
