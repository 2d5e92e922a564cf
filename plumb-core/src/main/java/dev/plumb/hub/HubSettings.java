package dev.plumb.hub;

import dev.plumb.config.PlumbException;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.stream.Stream;

/**
 * What the environment says about the hub, in the variables that other tools share.
 *
 * @param endpoint {@code HF_ENDPOINT}, the hub's address without a slash at the end; empty if it is not set
 * @param token {@code HF_TOKEN}, or what stands in the file {@code HF_TOKEN_PATH}, usually {@code HF_HOME/token}
 * @param cache {@code HF_HUB_CACHE}, usually {@code HF_HOME/hub}
 * @param offline {@code HF_HUB_OFFLINE}, whether nothing may be fetched
 */
record HubSettings(Optional<URI> endpoint, Optional<String> token, Path cache, boolean offline) {
    private static final Set<String> TRUE = Set.of("1", "true", "yes", "on");

    static HubSettings of(Map<String, String> environment) {
        Path home = path(environment, "HF_HOME")
                .orElseGet(() -> path(environment, "XDG_CACHE_HOME")
                        .orElseGet(() -> expand("~/.cache"))
                        .resolve("huggingface"));
        Path cache = path(environment, "HF_HUB_CACHE").orElseGet(() -> home.resolve("hub"));
        Path tokenFile = path(environment, "HF_TOKEN_PATH").orElseGet(() -> home.resolve("token"));
        String offline = environment.getOrDefault("HF_HUB_OFFLINE", "").toLowerCase(Locale.ROOT);
        return new HubSettings(
                given(environment, "HF_ENDPOINT").map(HubSettings::address),
                given(environment, "HF_TOKEN").or(() -> content(tokenFile)).map(HubSettings::checked),
                cache,
                TRUE.contains(offline));
    }

    private static Optional<String> given(Map<String, String> environment, String name) {
        return Optional.ofNullable(environment.get(name)).map(String::strip).filter(text -> !text.isEmpty());
    }

    private static Optional<Path> path(Map<String, String> environment, String name) {
        return given(environment, name).map(HubSettings::expand);
    }

    private static Path expand(String path) {
        return Path.of(path.replaceFirst("^~(?=/|$)", Matcher.quoteReplacement(System.getProperty("user.home"))));
    }

    private static URI address(String text) {
        try {
            URI address = new URI(text.replaceFirst("/+$", ""));
            boolean web = Stream.of("http", "https").anyMatch(scheme -> scheme.equalsIgnoreCase(address.getScheme()));
            if (web && address.getHost() != null && address.getUserInfo() == null && address.getRawQuery() == null) {
                return address;
            }
        } catch (URISyntaxException e) {
            // The sentence below says what is needed; the text itself may hold a password.
        }
        throw new PlumbException(
                "HF_ENDPOINT is not the address of a hub: it must begin with https:// or http://, name a"
                        + " host, and hold no user, password or query.");
    }

    private static Optional<String> content(Path file) {
        if (!Files.isRegularFile(file)) {
            return Optional.empty();
        }
        try {
            return Optional.of(Files.readString(file).strip()).filter(text -> !text.isEmpty());
        } catch (IOException e) {
            throw new PlumbException(
                    file + ": the token for the hub cannot be read: " + IoFault.reason(e)
                            + "; make it readable, or set HF_TOKEN.",
                    e);
        }
    }

    /** Refuses here what the HTTP client would refuse with the token in its words. */
    private static String checked(String token) {
        if (token.chars().anyMatch(c -> c <= ' ' || c > '~')) {
            throw new PlumbException(
                    "The token for the hub (HF_TOKEN, or the token file under HF_HOME) holds white space"
                            + " or other characters that no token has; set it again.");
        }
        return token;
    }

    /** Without the token. */
    @Override
    public String toString() {
        return "hub " + endpoint.map(URI::toString).orElse("of no address") + ", cache " + cache;
    }
}
