package dev.plumb.data;

import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** Counts rows read, good and bad by reason, and keeps the first bad rows of each reason as examples. Not thread-safe. */
public final class RowTally {
    private static final int EXAMPLES = 3;

    private final Map<BadRowReason, Long> counts = new EnumMap<>(BadRowReason.class);
    private final Map<BadRowReason, List<RowResult.Bad>> examples = new EnumMap<>(BadRowReason.class);
    private long good;
    private long bad;

    /**
     * Counts a row.
     *
     * @param result what came of it
     */
    public void add(RowResult result) {
        if (result instanceof RowResult.Bad row) {
            bad++;
            counts.merge(row.reason(), 1L, Long::sum);
            List<RowResult.Bad> first = examples.computeIfAbsent(row.reason(), reason -> new ArrayList<>());
            if (first.size() < EXAMPLES) {
                first.add(row);
            }
        } else {
            good++;
        }
    }

    /**
     * Rows seen.
     *
     * @return good and bad rows
     */
    public long read() {
        return good + bad;
    }

    /**
     * Rows that can be learnt from.
     *
     * @return their number
     */
    public long good() {
        return good;
    }

    /**
     * Bad rows by reason.
     *
     * @return the number for each reason that occurred
     */
    public Map<BadRowReason, Long> counts() {
        return Collections.unmodifiableMap(counts);
    }

    /**
     * The first bad rows.
     *
     * @param reason a reason
     * @return up to three rows with it
     */
    public List<RowResult.Bad> examples(BadRowReason reason) {
        return List.copyOf(examples.getOrDefault(reason, List.of()));
    }

    /**
     * The tally in words.
     *
     * @return such as {@code 234 rows read, 231 good, 3 bad: 2 empty_answer, 1 missing_field}
     */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder()
                .append(read())
                .append(" rows read, ")
                .append(good)
                .append(" good, ")
                .append(bad)
                .append(" bad");
        String before = ": ";
        for (Map.Entry<BadRowReason, Long> count : counts.entrySet()) {
            text.append(before)
                    .append(count.getValue())
                    .append(' ')
                    .append(count.getKey().key());
            before = ", ";
        }
        return text.toString();
    }
}
