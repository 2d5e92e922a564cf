package dev.plumb.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.snakeyaml.engine.v2.api.DumpSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Present;
import org.snakeyaml.engine.v2.api.lowlevel.Serialize;
import org.snakeyaml.engine.v2.comments.CommentLine;
import org.snakeyaml.engine.v2.comments.CommentType;
import org.snakeyaml.engine.v2.common.FlowStyle;
import org.snakeyaml.engine.v2.common.ScalarStyle;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.nodes.Tag;
import org.snakeyaml.engine.v2.schema.CoreSchema;

/** Writes a configuration record as YAML that binds to an equal record again. */
public final class Dump {
    private final boolean commented;

    private Dump(boolean commented) {
        this.commented = commented;
    }

    /**
     * All settings with their values, those at their defaults too.
     *
     * @param record a configuration record
     * @return YAML text
     * @throws IllegalArgumentException if a number is not finite, or the record type is not fit to be a configuration
     */
    public static String yaml(Record record) {
        return new Dump(false).write(record);
    }

    /**
     * The same, with what each setting does above it.
     *
     * @param record a configuration record
     * @return YAML text
     * @throws IllegalArgumentException if a number is not finite, or the record type is not fit to be a configuration
     */
    public static String commentedYaml(Record record) {
        return new Dump(true).write(record);
    }

    private String write(Record record) {
        DumpSettings settings = DumpSettings.builder()
                .setSchema(new CoreSchema()) // so that texts which other readers take for null or true are quoted
                .setDumpComments(commented)
                .setWidth(Integer.MAX_VALUE)
                .setIndicatorIndent(2)
                .setIndentWithIndicator(true)
                .build();
        Node node = mapping(RecordShape.of(record.getClass()), record, commented);
        return new Present(settings)
                .emitToString(new Serialize(settings).serializeOne(node).iterator());
    }

    private Node mapping(RecordShape shape, Object record, boolean comments) {
        return block(entries(shape, record, comments).toList());
    }

    private Stream<NodeTuple> entries(RecordShape shape, Object record, boolean comments) {
        return shape.fields().stream().flatMap(field -> {
            Object value = field.read(record);
            if (field.inline()) {
                return entries(field.inlined(), value, comments);
            }
            Node key = text(field.key());
            if (comments && field.setting().isPresent()) {
                key.setBlockComments(comment(field.setting().get().doc()));
            }
            return Stream.of(new NodeTuple(key, node(field.kind(), value, comments)));
        });
    }

    private static List<CommentLine> comment(String doc) {
        String wrapped = doc.replaceAll("\\s+", " ").replaceAll("(.{1,100})( |$)", "$1\n");
        return wrapped.lines()
                .map(line -> new CommentLine(Optional.empty(), Optional.empty(), " " + line, CommentType.BLOCK))
                .toList();
    }

    private Node node(Kind kind, Object value, boolean comments) {
        if (kind instanceof Kind.Maybe maybe) {
            return ((Optional<?>) value)
                    .map(present -> node(maybe.of(), present, comments))
                    .orElseGet(() -> plain(Tag.NULL, "null"));
        }
        if (kind instanceof Kind.Many many) {
            List<Node> items = ((List<?>) value)
                    .stream().map(item -> node(many.of(), item, false)).toList(); // said once is enough
            boolean flow = items.stream().allMatch(ScalarNode.class::isInstance);
            return new SequenceNode(Tag.SEQ, items, flow ? FlowStyle.FLOW : FlowStyle.BLOCK);
        }
        if (kind instanceof Kind.Named named) {
            List<NodeTuple> tuples = new ArrayList<>();
            for (Map.Entry<?, ?> entry : ((Map<?, ?>) value).entrySet()) {
                tuples.add(new NodeTuple(text((String) entry.getKey()), node(named.of(), entry.getValue(), false)));
            }
            return block(tuples);
        }
        if (kind instanceof Kind.Nested nested) {
            return mapping(nested.shape(), value, comments);
        }
        if (kind instanceof Kind.Choice) {
            return text(Kind.Choice.name((Enum<?>) value));
        }
        if (kind instanceof Kind.Free) {
            return free(value);
        }
        return switch ((Kind.Scalar) kind) {
            case INT, LONG -> plain(Tag.INT, value.toString());
            case DOUBLE -> plain(Tag.FLOAT, number((double) value));
            case BOOLEAN -> plain(Tag.BOOL, value.toString());
            case TEXT, PATH -> text(value.toString());
        };
    }

    private Node free(Object value) {
        if (value instanceof List<?>) {
            return node(new Kind.Many(new Kind.Free()), value, false);
        }
        if (value instanceof Map<?, ?>) {
            return node(new Kind.Named(new Kind.Free()), value, false);
        }
        if (value instanceof Double || value instanceof Float) {
            return plain(Tag.FLOAT, number(((Number) value).doubleValue()));
        }
        if (value instanceof Number) {
            return plain(Tag.INT, value.toString());
        }
        return value instanceof Boolean ? plain(Tag.BOOL, value.toString()) : text(value.toString());
    }

    private static String number(double number) {
        if (!Double.isFinite(number)) {
            throw new IllegalArgumentException("a configuration cannot hold the number " + number);
        }
        return Double.toString(number).replace(".0E", "e").replace('E', 'e');
    }

    private static Node block(List<NodeTuple> tuples) {
        return new MappingNode(Tag.MAP, tuples, tuples.isEmpty() ? FlowStyle.FLOW : FlowStyle.BLOCK);
    }

    private static Node text(String text) {
        boolean oneLine = text.chars().noneMatch(Character::isISOControl);
        return new ScalarNode(Tag.STR, text, oneLine ? ScalarStyle.PLAIN : ScalarStyle.DOUBLE_QUOTED);
    }

    private static Node plain(Tag tag, String text) {
        return new ScalarNode(tag, text, ScalarStyle.PLAIN);
    }
}
