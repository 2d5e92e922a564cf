package dev.plumb.train;

import dev.plumb.data.DataConfig;
import dev.plumb.data.DataFile;
import dev.plumb.hub.Hub;
import dev.plumb.hub.HubOrigin;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * What a run reads, on this machine: the settings name it by path or by its id on a hub.
 *
 * @param model checkpoint folder
 * @param data the data settings with files for ids
 * @param ptx the same of rows that are learnt beside
 * @param origins what came from a hub
 */
record Inputs(Path model, DataConfig data, Optional<DataConfig> ptx, List<HubOrigin> origins) {
    static Inputs find(RunSettings settings, Optional<DataConfig> ptx, Hub hub) {
        return find(settings.model(), settings.data(), ptx, hub);
    }

    static Inputs find(Path named, DataConfig rows, Optional<DataConfig> ptx, Hub hub) {
        Set<HubOrigin> origins = new LinkedHashSet<>();
        Hub.Found model = hub.model(named);
        model.origin().ifPresent(origins::add);
        DataConfig data = here(rows, hub, origins);
        Optional<DataConfig> beside = ptx.map(more -> here(more, hub, origins));
        return new Inputs(model.path(), data, beside, List.copyOf(origins));
    }

    private static DataConfig here(DataConfig rows, Hub hub, Set<HubOrigin> origins) {
        return rows.withFiles(files(rows.files(), false, hub, origins), files(rows.evalFiles(), true, hub, origins));
    }

    private static List<DataFile> files(List<DataFile> written, boolean heldOut, Hub hub, Set<HubOrigin> origins) {
        List<DataFile> files = new ArrayList<>();
        for (DataFile file : written) {
            Hub.Found found = hub.data(file.path(), heldOut);
            found.origin().ifPresent(origins::add);
            files.addAll(file.at(found.paths()));
        }
        return files;
    }

    /** All files of rows. */
    List<Path> rows() {
        return Stream.concat(Stream.of(data), ptx.stream())
                .flatMap(rows -> Stream.concat(rows.files().stream(), rows.evalFiles().stream()))
                .map(DataFile::path)
                .toList();
    }
}
