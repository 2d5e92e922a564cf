package dev.plumb.data;

import dev.plumb.config.PlumbException;
import java.util.ArrayDeque;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The rows of one file. */
final class FileRows implements RowSource {
    /** How many rows are looked at to learn the shape. */
    private static final int FIRST_ROWS = 100;

    private final RowKind kind;
    private final Table table;
    private final ArrayDeque<Table.Entry> first = new ArrayDeque<>();
    private final Shape shape;
    private final String description;

    FileRows(DataFile file, RowKind kind) {
        this.kind = kind;
        table = Tables.open(file);
        try {
            shape = learn(file, kind);
        } catch (RuntimeException e) {
            table.close();
            throw e;
        }
        description = file.path() + ": " + shape.description();
    }

    private Shape learn(DataFile file, RowKind kind) {
        Table.@Nullable Columns halfEmpty = null;
        while (first.size() < FIRST_ROWS) {
            Optional<Table.Entry> entry = table.next();
            if (entry.isEmpty()) {
                break;
            }
            first.add(entry.get());
            if (entry.get() instanceof Table.Columns row) {
                Optional<Shape> found = Shape.find(row.id(), row.values(), file, kind);
                if (found.isPresent()) {
                    return found.get();
                }
                halfEmpty = halfEmpty == null ? row : halfEmpty;
            }
        }
        if (halfEmpty != null) {
            throw new PlumbException(halfEmpty.id() + " and those after it have null in a column that a "
                    + kind.title() + " needs; none of the first "
                    + first.size() + " rows is whole.");
        }
        if (first.peek() instanceof Table.Unreadable row) {
            throw new PlumbException("None of the first " + first.size() + " rows of " + file.path()
                    + " can be read; check its format. The first fault, at "
                    + row.bad().id() + ": "
                    + row.bad().detail() + ".");
        }
        throw new PlumbException(file.path() + " holds no rows.");
    }

    @Override
    public Optional<RowResult> next() {
        Table.Entry entry = first.isEmpty() ? table.next().orElse(null) : first.poll();
        if (entry == null) {
            return Optional.empty();
        }
        if (entry instanceof Table.Unreadable unreadable) {
            return Optional.of(unreadable.bad());
        }
        Table.Columns columns = (Table.Columns) entry;
        try {
            return Optional.of(new RowResult.Good(shape.read(columns.id(), columns.values())));
        } catch (BadRow e) {
            return Optional.of(e.at(columns.id()));
        }
    }

    @Override
    public String shape() {
        return description;
    }

    @Override
    public RowKind kind() {
        return kind;
    }

    @Override
    public void close() {
        table.close();
    }
}
