package dev.plumb.text;

import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Path;

/** Files that lie with these tests. */
final class Resources {
    private Resources() {}

    static Path path(String name) {
        URL url = Resources.class.getResource(name);
        if (url == null) {
            throw new IllegalArgumentException("no test resource " + name);
        }
        try {
            return Path.of(url.toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }
}
