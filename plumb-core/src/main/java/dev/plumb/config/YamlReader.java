package dev.plumb.config;

import dev.plumb.config.Value.Entry;
import dev.plumb.config.Value.Mapping;
import dev.plumb.config.Value.Scalar;
import dev.plumb.config.Value.Sequence;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.ReaderException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.nodes.Tag;
import org.snakeyaml.engine.v2.schema.FailsafeSchema;

/** Reads YAML 1.2 into values that know their places. */
final class YamlReader {
    private static final String NO_COLON = "could not find expected ':'";

    private final Function<Mark, Place> places;
    private final Place start;
    private final Faults faults;
    private final Map<Node, Value> done = new IdentityHashMap<>(); // an alias stands for the very node it names

    private YamlReader(Function<Mark, Place> places, Place start, Faults faults) {
        this.places = places;
        this.start = start;
        this.faults = faults;
    }

    /**
     * Reads a file.
     *
     * @param name how faults call it
     * @return its value, null in the sense of YAML if it holds none; empty if it is not YAML, which is a fault then
     */
    static Optional<Value> file(String name, String text, Faults faults) {
        return new YamlReader(
                        mark -> new Place(name, mark.getLine() + 1, mark.getColumn() + 1),
                        new Place(name, 1, 1),
                        faults)
                .read(text);
    }

    /** Reads a value that has no lines: of the command line, or a default. */
    static Optional<Value> snippet(Place place, String text, Faults faults) {
        return new YamlReader(mark -> place, place, faults).read(text);
    }

    private Optional<Value> read(String text) {
        LoadSettings settings = LoadSettings.builder()
                .setSchema(
                        new FailsafeSchema()) // types are up to the settings, and ${NAME} is no variable of the system
                .setAllowNonScalarKeys(true) // reported below, with their place
                .build();
        try {
            return Optional.of(new Compose(settings)
                    .composeString(text)
                    .map(this::value)
                    .filter(value -> !value.isNull())
                    .orElse(new Scalar(start, "", true)));
        } catch (MarkedYamlEngineException e) {
            boolean noticedLate = problem(e).startsWith(NO_COLON);
            faults.add(place(noticedLate ? e.getContextMark() : e.getProblemMark()), "not valid YAML: " + explain(e));
        } catch (ReaderException e) {
            faults.add(
                    placeOf(text, e.getCodePoint()),
                    String.format("not valid YAML: the control character U+%04X cannot stand here", e.getCodePoint()));
        } catch (YamlEngineException e) {
            faults.add(
                    start, "not valid YAML: " + String.valueOf(e.getMessage()).replace('\n', ' '));
        } catch (StackOverflowError e) {
            faults.add(start, "not a configuration: lists or mappings are nested thousands deep");
        }
        return Optional.empty();
    }

    private String explain(MarkedYamlEngineException e) {
        String problem = problem(e);
        String opened = e.getContextMark()
                .filter(mark -> start.line() > 0)
                .map(mark -> " opened in line " + (mark.getLine() + 1))
                .orElse("");
        if (problem.contains("(TAB)")) {
            return "a tab cannot indent, use spaces";
        }
        if (problem.startsWith("found character")) {
            return "a text cannot begin with "
                    + problem.substring("found character ".length(), problem.indexOf(" that")) + ", put it in quotes";
        }
        if (problem.startsWith("mapping values are not allowed")) {
            return "unexpected ':', check the indentation and the line above, and quote a text that contains ': '";
        }
        if (problem.startsWith("expected <block end>")) {
            return "this does not fit the lines above, check the indentation and the quotes";
        }
        if (problem.startsWith("found unexpected end of stream")) {
            return "the quote" + opened + " is never closed";
        }
        if (problem.startsWith("expected ',' or")) {
            return "the bracket" + opened + " is not closed, or a comma is missing";
        }
        if (problem.startsWith(NO_COLON)) {
            return "'key: value' is expected, but there is no ':'";
        }
        if (problem.startsWith("found undefined alias") || "while scanning an alias".equals(e.getContext())) {
            return "'*' begins an alias and none of this name is defined, quote a text that begins with '*'";
        }
        if (problem.startsWith("but found another document")) {
            return "a second document begins here, a configuration is one";
        }
        return problem.replace('\n', ' ');
    }

    private Place place(Optional<Mark> mark) {
        return mark.map(places).orElse(start);
    }

    /** The first place of a character that YAML allows nowhere; the parser's own count starts anew at each buffer. */
    private Place placeOf(String text, int forbidden) {
        int[] before =
                text.codePoints().takeWhile(character -> character != forbidden).toArray();
        int line = 0;
        int column = 0;
        for (int character : before) {
            column = character == '\n' ? 0 : column + 1;
            line += character == '\n' ? 1 : 0;
        }
        return places.apply(new Mark("", before.length, line, column, before, 0));
    }

    private static String problem(MarkedYamlEngineException e) {
        return Objects.requireNonNullElse(e.getProblem(), e.getMessage());
    }

    private Value value(Node node) {
        Value known = done.get(node);
        if (known != null) {
            return known;
        }
        Place place = place(node.getStartMark());
        done.put(node, new Scalar(place, "an alias of a value that holds it", false)); // replaced unless recursive
        if (node.isRecursive()) {
            faults.add(place, "an anchor cannot hold its own alias");
        }
        if (!node.getTag().getValue().startsWith(Tag.PREFIX)) {
            faults.add(
                    place,
                    "the tag " + Value.quote(node.getTag().getValue())
                            + " has no meaning here, quote a text that begins with '!'");
        }
        Value value;
        if (node instanceof ScalarNode scalar) {
            value = new Scalar(place, scalar.getValue(), scalar.isPlain());
        } else if (node instanceof SequenceNode sequence) {
            value = new Sequence(
                    place, sequence.getValue().stream().map(this::value).toList());
        } else if (node instanceof MappingNode mapping) {
            value = new Mapping(place, entries(mapping));
        } else {
            throw new IllegalStateException("a node of the kind " + node.getNodeType());
        }
        done.put(node, value);
        return value;
    }

    private List<Entry> entries(MappingNode mapping) {
        Map<String, Entry> entries = new LinkedHashMap<>();
        for (NodeTuple tuple : mapping.getValue()) {
            Place place = place(tuple.getKeyNode().getStartMark());
            if (!(tuple.getKeyNode() instanceof ScalarNode scalar)) {
                faults.add(place, "a key must be text; quote a value that begins with '{' or '['");
                continue;
            }
            String key = scalar.getValue();
            Entry entry = new Entry(key, place, value(tuple.getValueNode()), false);
            Entry earlier = entries.putIfAbsent(key, entry);
            if (earlier != null) {
                int line = earlier.place().line();
                faults.add(
                        place,
                        "duplicate key " + Value.quote(key) + (line == 0 ? "" : ", first given in line " + line));
            }
        }
        return List.copyOf(entries.values());
    }
}
