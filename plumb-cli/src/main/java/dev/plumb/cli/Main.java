package dev.plumb.cli;

/** The command line. */
public final class Main {
    private Main() {}

    /**
     * Starts the command line.
     *
     * @param args the words after {@code plumb}
     */
    public static void main(String[] args) {
        System.out.println("plumb");
    }
}
