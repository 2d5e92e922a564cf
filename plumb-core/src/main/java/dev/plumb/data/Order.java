package dev.plumb.data;

import java.util.List;

/**
 * In which order an epoch visits the rows. It is a function of seed, epoch and position and holds no state, so a run that
 * stopped resumes at any position. A file of weight w is visited w times per epoch: all its rows as often as w's whole
 * part, and of the rest a share that moves on from epoch to epoch, so that over the epochs no row comes short.
 */
public final class Order {
    private final List<Part> parts;
    private final long seed;
    private final boolean shuffled;
    private final long size;

    /**
     * The rows that one file gave, which lie one after another.
     *
     * @param first the first of them
     * @param rows how many
     * @param weight how often each is visited per epoch
     */
    record Part(long first, long rows, double weight) {
        long visits() {
            return rows == 0 ? 0 : Math.max(1, Math.round(rows * weight));
        }

        long row(long visit, long epoch, long seed) {
            long whole = (long) weight * rows;
            if (visit < whole) {
                return first + visit % rows;
            }
            long extra = visits() - whole;
            long turn = Math.floorMod(epoch * extra, rows);
            return first + new Permutation(rows, seed).at((turn + visit - whole) % rows);
        }
    }

    /**
     * An order.
     *
     * @param parts the rows of each file
     * @param seed picks the order
     * @param shuffled whether rows are mixed; else they come as they stand in the files
     */
    Order(List<Part> parts, long seed, boolean shuffled) {
        this.parts = List.copyOf(parts);
        this.seed = seed;
        this.shuffled = shuffled;
        this.size = parts.stream().mapToLong(Part::visits).sum();
    }

    /**
     * How many visits make an epoch.
     *
     * @return a count; the same for every epoch
     */
    public long size() {
        return size;
    }

    /**
     * The row at a position.
     *
     * @param epoch from 0
     * @param position from 0, below {@link #size()}
     * @return the row's index in the store
     */
    public long row(long epoch, long position) {
        if (position < 0 || position >= size) {
            throw new IndexOutOfBoundsException("position " + position + " of an epoch of " + size);
        }
        long visit = shuffled
                ? new Permutation(size, Permutation.mix(seed) + Permutation.mix(epoch + 1)).at(position)
                : position;
        for (int part = 0; ; part++) {
            Part candidate = parts.get(part);
            if (visit < candidate.visits()) {
                return candidate.row(visit, epoch, Permutation.mix(seed) + part);
            }
            visit -= candidate.visits();
        }
    }
}
