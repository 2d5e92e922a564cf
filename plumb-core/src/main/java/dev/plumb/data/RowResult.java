package dev.plumb.data;

/** What came of one row of a file. */
public sealed interface RowResult {
    /**
     * Where the row stands.
     *
     * @return file and line
     */
    RowId id();

    /**
     * A row that can be learnt from.
     *
     * @param row the row
     */
    record Good(Row row) implements RowResult {
        @Override
        public RowId id() {
            return row.id();
        }
    }

    /**
     * A row that cannot.
     *
     * @param id where it stands
     * @param reason the kind of fault
     * @param detail the fault in words, without the place
     */
    record Bad(RowId id, BadRowReason reason, String detail) implements RowResult {}
}
