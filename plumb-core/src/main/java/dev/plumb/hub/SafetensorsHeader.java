package dev.plumb.hub;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.plumb.config.PlumbException;
import dev.plumb.tensor.DType;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The header of a safetensors file, checked in full: types are known, sizes match shapes, and the data cover the rest of the
 * file without a hole or an overlap.
 */
record SafetensorsHeader(Map<String, Entry> entries, Map<String, String> metadata) {
    private static final ObjectMapper JSON = new ObjectMapper().enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION);

    /** Bits of an element of each type of the format; only some can be read. */
    private static final Map<String, Integer> BITS = Map.ofEntries(
            Map.entry("F64", 64),
            Map.entry("F32", 32),
            Map.entry("F16", 16),
            Map.entry("BF16", 16),
            Map.entry("I64", 64),
            Map.entry("I32", 32),
            Map.entry("I16", 16),
            Map.entry("I8", 8),
            Map.entry("U64", 64),
            Map.entry("U32", 32),
            Map.entry("U16", 16),
            Map.entry("U8", 8),
            Map.entry("BOOL", 8),
            Map.entry("F8_E4M3", 8),
            Map.entry("F8_E5M2", 8),
            Map.entry("F8_E8M0", 8),
            Map.entry("F4", 4));

    private static final Map<String, DType> READABLE = Map.of(
            "F64", DType.FLOAT64,
            "F32", DType.FLOAT32,
            "F16", DType.FLOAT16,
            "BF16", DType.BFLOAT16,
            "I64", DType.INT64,
            "I32", DType.INT32,
            "BOOL", DType.BOOL);

    /** Where a tensor lies: begin and end are bytes of the file. */
    record Entry(String type, long[] shape, long begin, long end) {
        Optional<DType> dtype() {
            return Optional.ofNullable(READABLE.get(type));
        }
    }

    SafetensorsHeader {
        entries = Collections.unmodifiableMap(new LinkedHashMap<>(entries));
        metadata = Map.copyOf(metadata);
    }

    static String nameOf(DType type) {
        return READABLE.entrySet().stream()
                .filter(each -> each.getValue() == type)
                .map(Map.Entry::getKey)
                .findFirst()
                .orElseThrow();
    }

    /**
     * Reads and checks a header.
     *
     * @param file named in faults
     * @param json the header's bytes
     * @param fileSize size of the whole file
     */
    static SafetensorsHeader parse(Path file, byte[] json, long fileSize) {
        JsonNode root;
        try {
            root = JSON.readTree(json);
        } catch (JsonProcessingException e) {
            throw new PlumbException(file + ": its header is not valid JSON: " + e.getOriginalMessage() + ".", e);
        } catch (java.io.IOException e) {
            throw new PlumbException(file + ": its header cannot be read: " + IoFault.reason(e) + ".", e);
        }
        if (root == null || !root.isObject()) {
            throw new PlumbException(file + ": its header is not a JSON object, so this is not a safetensors file.");
        }
        long start = 8L + json.length;
        Map<String, Entry> entries = new LinkedHashMap<>();
        Map<String, String> metadata = new LinkedHashMap<>();
        root.properties().forEach(each -> {
            if (each.getKey().equals("__metadata__")) {
                each.getValue()
                        .properties()
                        .forEach(m -> metadata.put(m.getKey(), m.getValue().asText()));
            } else {
                entries.put(each.getKey(), entry(file, each.getKey(), each.getValue(), start));
            }
        });
        checkCover(file, entries, start, fileSize);
        return new SafetensorsHeader(entries, metadata);
    }

    private static Entry entry(Path file, String name, JsonNode node, long start) {
        String type = node.path("dtype").asText();
        if (!BITS.containsKey(type)) {
            throw fault(file, name, "has the unknown dtype '" + type + "'");
        }
        long[] shape = numbers(file, name, node.path("shape"), "shape");
        long[] offsets = numbers(file, name, node.path("data_offsets"), "data_offsets");
        if (offsets.length != 2 || offsets[0] > offsets[1]) {
            throw fault(
                    file, name, "has data_offsets " + node.path("data_offsets") + "; a begin and an end are needed");
        }
        long bits = BITS.get(type);
        try {
            for (long size : shape) {
                bits = Math.multiplyExact(bits, size);
            }
        } catch (ArithmeticException e) {
            throw fault(file, name, "has a shape of impossible size " + node.path("shape"));
        }
        if (bits % 8 != 0 || bits / 8 != offsets[1] - offsets[0]) {
            throw fault(
                    file,
                    name,
                    "takes " + (offsets[1] - offsets[0]) + " bytes in the file, but " + type + " of shape "
                            + node.path("shape") + " needs " + bits / 8);
        }
        return new Entry(type, shape, start + offsets[0], start + offsets[1]);
    }

    private static long[] numbers(Path file, String name, JsonNode node, String key) {
        if (!node.isArray()) {
            throw fault(file, name, "has no list '" + key + "'");
        }
        long[] all = new long[node.size()];
        for (int i = 0; i < all.length; i++) {
            JsonNode each = node.get(i);
            if (!each.isIntegralNumber() || !each.canConvertToLong() || each.longValue() < 0) {
                throw fault(file, name, "has " + each + " in '" + key + "'; whole numbers from 0 belong there");
            }
            all[i] = each.longValue();
        }
        return all;
    }

    private static void checkCover(Path file, Map<String, Entry> entries, long start, long fileSize) {
        List<Map.Entry<String, Entry>> ordered = new ArrayList<>(entries.entrySet());
        ordered.sort(Comparator.comparingLong(
                        (Map.Entry<String, Entry> e) -> e.getValue().begin())
                .thenComparingLong(e -> e.getValue().end()));
        long at = start;
        for (Map.Entry<String, Entry> each : ordered) {
            Entry entry = each.getValue();
            if (entry.end() > fileSize) {
                throw fault(
                        file,
                        each.getKey(),
                        "ends at byte " + entry.end() + ", but the file has only " + fileSize
                                + "; it is truncated, so fetch it again");
            }
            if (entry.begin() != at) {
                throw fault(
                        file,
                        each.getKey(),
                        entry.begin() < at ? "overlaps the tensor before it" : "comes after a hole in the data");
            }
            at = entry.end();
        }
        if (at != fileSize) {
            throw new PlumbException(file + ": " + (fileSize - at)
                    + " bytes after the last tensor belong to none; the file is damaged.");
        }
    }

    private static PlumbException fault(Path file, String name, String what) {
        return new PlumbException(file + ": tensor '" + name + "' " + what + ".");
    }
}
