package dev.plumb.cli;

import dev.plumb.config.Binder;
import dev.plumb.config.YamlSource;
import dev.plumb.hub.AdapterFolder;
import dev.plumb.hub.Checkpoint;
import dev.plumb.tensor.DType;
import dev.plumb.tensor.Device;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Makes one model of a model and its adapter. */
@Command(
        name = "merge",
        description = {
            "Folds an adapter into the weights of its model and writes the model that results.",
            "",
            "The merged model computes what the model with the adapter does, needs no more than the model alone, and is"
                    + " read by tools that know nothing of adapters."
        },
        footer = {
            "",
            "Examples:",
            "  plumb merge model=my-model adapter=runs/dpo/final output=merged",
            "  plumb merge adapter=runs/dpo/final output=merged"
        })
final class Merge implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Mixin
    private HelpOption help;

    @Parameters(paramLabel = "KEY=VALUE", arity = "0..*", description = "Settings; `plumb explain merge` lists them.")
    private List<String> words = new ArrayList<>();

    private Merge() {}

    @Override
    public Integer call() {
        if (words.isEmpty()) {
            throw new ParameterException(
                    spec.commandLine(),
                    "Name a model, its adapter and a new folder, as in `plumb merge model=… adapter=… output=…`.");
        }
        MergeSettings settings =
                Binder.bind(MergeSettings.class, YamlSource.commandLine().with(words));
        Path model = settings.model().orElseGet(() -> AdapterFolder.base(settings.adapter()));
        Optional<DType> asStored = Optional.empty();
        try (Checkpoint checkpoint = Models.adapted(
                        Checkpoint.load(model, asStored, Device.CPU), Optional.of(settings.adapter()))
                .merged()) {
            checkpoint.save(settings.output(), checkpoint.storedType());
            System.out.println("the merged model is " + settings.output());
        }
        return Exit.DONE;
    }
}
