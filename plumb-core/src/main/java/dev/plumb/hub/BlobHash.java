package dev.plumb.hub;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;

/** The hash that a hub names a file by: of large files the SHA-256, of others the SHA-1 of git's blob. */
final class BlobHash {
    private BlobHash() {}

    /** The hash of a file, of the kind that the etag is; empty if the etag is of neither kind. */
    static Optional<String> like(String etag, Path file) throws IOException {
        if (etag.matches("[0-9a-f]{64}")) {
            return Optional.of(Sha256.of(file));
        }
        return etag.matches("[0-9a-f]{40}") ? Optional.of(git(file)) : Optional.empty();
    }

    private static String git(Path file) throws IOException {
        MessageDigest digest;
        try {
            digest = MessageDigest.getInstance("SHA-1");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-1", e);
        }
        digest.update(("blob " + Files.size(file) + "\0").getBytes(StandardCharsets.US_ASCII));
        try (InputStream in = new DigestInputStream(Files.newInputStream(file), digest)) {
            in.transferTo(OutputStream.nullOutputStream());
        }
        return HexFormat.of().formatHex(digest.digest());
    }
}
