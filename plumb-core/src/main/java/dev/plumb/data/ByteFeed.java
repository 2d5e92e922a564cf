package dev.plumb.data;

import dev.plumb.config.PlumbException;
import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/** The bytes of a file's text, unpacked if it is gzip, without byte order mark, one by one with line and offset. */
final class ByteFeed implements Closeable {
    private final String name;
    private final InputStream in;
    private final byte[] buffer = new byte[1 << 16];
    private long before;
    private int at;
    private int end;
    private long line = 1;

    private ByteFeed(String name, InputStream in) {
        this.name = name;
        this.in = in;
    }

    /** Opens a file that {@link #check} has passed. */
    static ByteFeed open(Path path) {
        String name = path.toString();
        InputStream raw = null;
        try {
            raw = new BufferedInputStream(Files.newInputStream(path), 1 << 16);
            ByteFeed feed = new ByteFeed(name, isGzip(raw) ? new GZIPInputStream(raw, 1 << 16) : raw);
            feed.skipMarkAndBlankLines();
            return feed;
        } catch (IOException | PlumbException e) {
            closeQuietly(raw, e);
            throw e instanceof PlumbException known ? known : fault(name, 0, (IOException) e);
        }
    }

    /** Refuses what is not a readable file with something in it. */
    static void check(Path path) {
        String fault = null;
        try {
            if (!Files.exists(path)) {
                fault =
                        " does not exist; check the path, which is relative to the folder that the command was started in.";
            } else if (Files.isDirectory(path)) {
                fault = " is a folder; name a file in it.";
            } else if (!Files.isReadable(path)) {
                fault = " may not be read; check its permissions.";
            } else if (Files.isRegularFile(path) && Files.size(path) == 0) {
                fault = " is empty.";
            }
        } catch (IOException e) {
            throw fault(path.toString(), 0, e);
        }
        if (fault != null) {
            throw new PlumbException(path + fault);
        }
    }

    static boolean isGzip(Path path) throws IOException {
        try (InputStream in = new BufferedInputStream(Files.newInputStream(path))) {
            return isGzip(in);
        }
    }

    /** Looks without taking, so that a pipe can be read too. */
    private static boolean isGzip(InputStream in) throws IOException {
        in.mark(2);
        byte[] magic = in.readNBytes(2);
        in.reset();
        return magic.length == 2 && (magic[0] & 0xff) == 0x1f && (magic[1] & 0xff) == 0x8b;
    }

    static boolean isSpace(int value) {
        return value == ' ' || value == '\n' || value == '\r' || value == '\t';
    }

    /** The next byte, 0 to 255, or -1 at the end, which stays the next one. */
    int peek() {
        return at < end || fill() ? buffer[at] & 0xff : -1;
    }

    /** Takes the next byte, or -1 at the end. */
    int next() {
        int value = peek();
        if (value >= 0) {
            at++;
            if (value == '\n') {
                line++;
            }
        }
        return value;
    }

    /** Takes white space; returns what follows it, as {@link #peek()} does. */
    int skipSpace() {
        while (isSpace(peek())) {
            next();
        }
        return peek();
    }

    /** The line that the next byte stands in, from 1. */
    long line() {
        return line;
    }

    /** The offset of the next byte in the unpacked text. */
    long offset() {
        return before + at;
    }

    private boolean fill() {
        try {
            before += end;
            at = 0;
            end = 0;
            end = Math.max(0, in.read(buffer));
            return end > 0;
        } catch (IOException e) {
            throw fault(name, line, e);
        }
    }

    private void skipMarkAndBlankLines() {
        int first = peek();
        if (end >= 3 && first == 0xef && (buffer[1] & 0xff) == 0xbb && (buffer[2] & 0xff) == 0xbf) {
            at = 3;
        } else if (end >= 2
                && (first == 0xff && (buffer[1] & 0xff) == 0xfe || first == 0xfe && (buffer[1] & 0xff) == 0xff)) {
            throw new PlumbException(name + " is UTF-16; save it as UTF-8.");
        }
        while (peek() == '\n' || peek() == '\r') {
            next();
        }
        if (peek() < 0) {
            throw new PlumbException(name + " holds nothing but blank lines.");
        }
    }

    private static PlumbException fault(String name, long line, IOException e) {
        String place = line > 1 ? ", after " + (line - 1) + " whole lines" : "";
        if (e instanceof EOFException) {
            return new PlumbException(
                    name + " is a gzip file that is cut off" + place + "; copy or download it again.", e);
        }
        if (e instanceof ZipException) {
            return new PlumbException(
                    name + " is a damaged gzip file (" + e.getMessage() + place + "); copy or download it again.", e);
        }
        return new PlumbException(name + " cannot be read" + place + ": " + e + ".", e);
    }

    private static void closeQuietly(@org.jspecify.annotations.Nullable InputStream in, Exception because) {
        try {
            if (in != null) {
                in.close();
            }
        } catch (IOException e) {
            because.addSuppressed(e);
        }
    }

    @Override
    public void close() {
        try {
            in.close();
        } catch (IOException e) {
            throw fault(name, 0, e);
        }
    }
}
