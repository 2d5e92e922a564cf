package dev.plumb.hub;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.plumb.tensor.DType;
import dev.plumb.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What a safetensors file will hold: its tensors in their order, and the header that says so. */
record SafetensorsPlan(List<Item> items) {
    /** A tensor, its name and the type to write it in. */
    record Item(String name, Tensor tensor, DType type) {
        long bytes() {
            return tensor.numel() * type.bytes();
        }
    }

    SafetensorsPlan {
        items = List.copyOf(items);
    }

    static SafetensorsPlan of(Map<String, Tensor> tensors, Optional<DType> type) {
        List<Item> items = new ArrayList<>();
        tensors.forEach((name, tensor) -> {
            DType own = tensor.dtype();
            items.add(new Item(name, tensor, own.isFloat() ? type.orElse(own) : own));
        });
        items.sort(Comparator.comparingInt((Item item) -> -item.type().bytes()).thenComparing(Item::name));
        return new SafetensorsPlan(items);
    }

    /** The length and the JSON, padded with spaces so that the data start at a multiple of eight. */
    byte[] header() {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        root.putObject("__metadata__").put("format", "pt");
        long at = 0;
        for (Item item : items) {
            ObjectNode entry = root.putObject(item.name());
            entry.put("dtype", SafetensorsHeader.nameOf(item.type()));
            var shape = entry.putArray("shape");
            for (long size : item.tensor().shape()) {
                shape.add(size);
            }
            entry.putArray("data_offsets").add(at).add(at + item.bytes());
            at += item.bytes();
        }
        byte[] json = root.toString().getBytes(StandardCharsets.UTF_8);
        int padded = (json.length + 7) / 8 * 8;
        ByteBuffer all = ByteBuffer.allocate(8 + padded).order(ByteOrder.LITTLE_ENDIAN);
        all.putLong(padded).put(json);
        while (all.hasRemaining()) {
            all.put((byte) ' ');
        }
        return all.array();
    }
}
