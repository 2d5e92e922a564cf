package dev.plumb.cli;

import java.util.LinkedHashMap;
import java.util.Map;

/** How the process ends. */
final class Exit {
    static final int DONE = 0;
    static final int FAULT = 1;
    static final int USAGE = 2;
    static final int INTERNAL = 3;
    static final int INTERRUPTED = 130;

    private Exit() {}

    /** What each status means, for the help and the reference page. */
    static Map<String, String> meanings() {
        Map<String, String> meanings = new LinkedHashMap<>();
        meanings.put(String.valueOf(DONE), "done");
        meanings.put(String.valueOf(FAULT), "a fault that you can mend: settings, data, files, space");
        meanings.put(String.valueOf(USAGE), "the command was written wrongly");
        meanings.put(String.valueOf(INTERNAL), "an error inside Plumb, please report it");
        meanings.put(String.valueOf(INTERRUPTED), "ended by Ctrl-C; a run in training saves first");
        return meanings;
    }
}
