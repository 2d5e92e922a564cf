package dev.plumb.cli;

import dev.plumb.config.PlumbException;
import dev.plumb.hub.AdapterFolder;
import dev.plumb.hub.Checkpoint;
import dev.plumb.hub.Hub;
import dev.plumb.model.Generator;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.Torch;
import dev.plumb.text.StopStrings;
import dev.plumb.text.Tokenizer;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Models as commands open them. */
final class Models {
    private Models() {}

    static Checkpoint open(Path model, Computing computing) {
        computing.threads().ifPresent(Torch::threads);
        Path folder = Hub.ofEnvironment().model(model).path();
        Device device = Device.named(computing.device());
        boolean adapterAlone = computing.adapter().isEmpty() && AdapterFolder.isAdapter(folder);
        Path base = adapterAlone ? AdapterFolder.base(folder) : folder;
        return adapted(
                Checkpoint.load(base, Optional.of(computing.dtype().on(device)), device),
                adapterAlone ? Optional.of(folder) : computing.adapter());
    }

    /** A model with an adapter, if one is wanted; a model that the adapter does not fit is closed. */
    static Checkpoint adapted(Checkpoint checkpoint, Optional<Path> adapter) {
        try {
            return adapter.map(folder -> checkpoint.with(AdapterFolder.read(folder, checkpoint.decoder())))
                    .orElse(checkpoint);
        } catch (RuntimeException e) {
            checkpoint.close();
            throw e;
        }
    }

    /** Refuses a reward model where text is wanted. */
    static void requireWriting(Path model, Checkpoint checkpoint) {
        if (checkpoint.decoder().architecture().isScoring()) {
            throw new PlumbException(model + ": is a reward model, which gives scores and writes nothing;"
                    + " `plumb score` is what asks it.");
        }
    }

    /** Refuses a model that would read another's tokens as other text. */
    static void requireSameTokens(Checkpoint one, Checkpoint other) {
        try (Tokenizer a = Tokenizer.load(one.folder());
                Tokenizer b = Tokenizer.load(other.folder())) {
            int size = a.vocabularySize();
            boolean same = size == b.vocabularySize();
            for (int id = 0; same && id < size; id++) {
                same = a.token(id).equals(b.token(id));
            }
            if (!same) {
                throw new PlumbException(other.folder() + ": has other tokens than " + one.folder()
                        + ", so both cannot score the same rows.");
            }
        }
    }

    /** Refuses ids that the embedding has no row for, which libtorch would refuse less clearly. */
    static void requireKnown(Checkpoint checkpoint, String place, int[] ids) {
        int vocabulary = checkpoint.decoder().architecture().vocabularySize();
        for (int id : ids) {
            if (id < 0 || id >= vocabulary) {
                throw new PlumbException(
                        place + ": the model has no token " + id + "; its ids are 0 to " + (vocabulary - 1) + ".");
            }
        }
    }

    /** Ends each completion that holds one of some strings, and lets another watcher look on. */
    static Generator.Watcher ending(Tokenizer tokenizer, List<String> strings, Generator.Watcher then) {
        Map<Integer, StopStrings> texts = new HashMap<>();
        return (sequence, token) -> {
            boolean ended = texts.computeIfAbsent(sequence, key -> new StopStrings(tokenizer, strings))
                    .push(token);
            return then.ends(sequence, token) || ended;
        };
    }
}
