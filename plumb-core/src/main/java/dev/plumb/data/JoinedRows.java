package dev.plumb.data;

import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** The rows of several files, one file after another. */
final class JoinedRows implements RowSource {
    private final List<RowSource> sources;
    private int current;

    JoinedRows(List<RowSource> sources) {
        this.sources = List.copyOf(sources);
    }

    @Override
    public Optional<RowResult> next() {
        while (current < sources.size()) {
            Optional<RowResult> row = sources.get(current).next();
            if (row.isPresent()) {
                return row;
            }
            current++;
        }
        return Optional.empty();
    }

    @Override
    public String shape() {
        return sources.stream().map(RowSource::shape).collect(Collectors.joining("\n"));
    }

    @Override
    public RowKind kind() {
        return sources.get(0).kind();
    }

    @Override
    public void close() {
        sources.forEach(RowSource::close);
    }
}
