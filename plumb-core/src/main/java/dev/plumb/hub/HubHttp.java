package dev.plumb.hub;

import dev.plumb.config.PlumbException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandler;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Requests to a hub: redirects, the token, and patience. Not thread-safe. */
final class HubHttp {
    private static final int HOPS = 10;
    private static final long TICK_MILLIS = 100;

    private final HttpClient client;
    private final URI endpoint;
    private final Optional<String> token;
    private final HubPatience patience;
    private boolean answered;

    HubHttp(URI endpoint, Optional<String> token, HubPatience patience) {
        this.client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER)
                .connectTimeout(Duration.ofSeconds(15))
                .build();
        this.endpoint = endpoint;
        this.token = token;
        this.patience = patience;
    }

    /** One attempt at something; it may fail in a way that another may not. */
    @FunctionalInterface
    interface Attempt<T> {
        HttpResponse<T> make() throws IOException;
    }

    /** How much has come so far, in bytes. */
    @FunctionalInterface
    interface Arrived {
        Arrived NOTHING = () -> 0;

        /** Asked again and again while a response comes; a fault ends the wait. */
        long bytes() throws IOException;
    }

    /**
     * Makes attempts until one is answered, be it with a refusal.
     *
     * @param gain what grows while attempts bring something; as long as it does, they are not counted
     * @throws IOException if too many fail in a row, or the hub was never reached
     */
    <T> HttpResponse<T> patiently(Attempt<T> attempt, Arrived gain) throws IOException {
        long most = gain.bytes();
        for (int failures = 1; ; failures++) {
            IOException fault;
            Duration pause = Duration.ZERO;
            try {
                HttpResponse<T> response = attempt.make();
                answered = true;
                int status = response.statusCode();
                if (status < 500 && status != 429 && status != 408) {
                    return response;
                }
                fault = new IOException("it answered " + status);
                pause = asked(response);
            } catch (ConnectException | HttpConnectTimeoutException e) {
                if (!answered) { // there may be no network at all, and the cache may do
                    throw e;
                }
                fault = e;
            } catch (IOException e) {
                fault = e;
            }
            long now = gain.bytes();
            failures = now > most ? 1 : failures;
            most = Math.max(most, now);
            if (failures >= patience.attempts() || pause.compareTo(patience.longest()) > 0) {
                String wish = pause.isZero() ? "" : ", and asks to wait " + pause.toSeconds() + " s";
                throw new IOException(IoFault.reason(fault) + wish, fault);
            }
            sleep(pause.compareTo(patience.pause(failures)) > 0 ? pause : patience.pause(failures));
        }
    }

    /** What a refusal means. */
    PlumbException refusal(HubId id, String what, HttpResponse<?> response) {
        String code = response.headers().firstValue("X-Error-Code").orElse("");
        String hub = "the hub at " + endpoint;
        String found;
        if (response.statusCode() == 401) {
            found = token.isPresent()
                    ? hub + " refuses the token, or has no such " + id.kind().word() + ": check the name and HF_TOKEN"
                    : hub + " does not show " + what + " without a token: check the name, and set HF_TOKEN if it is"
                            + " private or access to it is granted by its owner";
        } else if (response.statusCode() == 403 || code.equals("GatedRepo")) {
            found = hub + " shows " + what + " only to those who were granted access: ask for it on its page, and set"
                    + " HF_TOKEN";
        } else if (code.equals("RevisionNotFound")) {
            found = hub + " has " + id.name() + ", but no revision '" + id.revision() + "' of it";
        } else if (response.statusCode() == 404) {
            found = hub + " does not have " + what + ", or does not show it: check the name"
                    + (token.isPresent() ? "" : ", and set HF_TOKEN if it is private");
        } else {
            found = hub + " answered " + response.statusCode() + " when asked for " + what;
        }
        return new PlumbException(id.neither() + found + ".");
    }

    /** {@code Retry-After}, in seconds or as a date. */
    private static Duration asked(HttpResponse<?> response) {
        String after = response.headers().firstValue("Retry-After").orElse("0").strip();
        try {
            Duration pause = after.matches("\\d{1,9}")
                    ? Duration.ofSeconds(Long.parseLong(after))
                    : Duration.between(Instant.now(), ZonedDateTime.parse(after, DateTimeFormatter.RFC_1123_DATE_TIME));
            return pause.isNegative() ? Duration.ZERO : pause;
        } catch (DateTimeParseException e) {
            return Duration.ZERO;
        }
    }

    private static void sleep(Duration pause) {
        try {
            Thread.sleep(pause.toMillis());
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    private static PlumbException interrupted(InterruptedException e) {
        Thread.currentThread().interrupt();
        return new PlumbException("The download was interrupted; the same command goes on with it.", e);
    }

    /**
     * Sends one request and follows its redirects. The token goes to the hub itself only, and not any more once a redirect
     * has led elsewhere.
     *
     * @param elsewhere whether redirects to other hosts are followed; else such a redirect is the response
     * @param handler takes the body
     * @param arrived what has come of the body so far
     */
    <T> HttpResponse<T> send(
            String method,
            URI address,
            Map<String, String> headers,
            boolean elsewhere,
            BodyHandler<T> handler,
            Arrived arrived)
            throws IOException {
        URI at = address;
        boolean trusted = isSameOrigin(address, endpoint);
        for (int hop = 0; hop < HOPS; hop++) {
            HttpRequest.Builder request = HttpRequest.newBuilder(at)
                    .method(method, HttpRequest.BodyPublishers.noBody())
                    .header("User-Agent", "plumb")
                    .header("Accept-Encoding", "identity");
            headers.forEach(request::header);
            if (trusted) {
                token.ifPresent(secret -> request.header("Authorization", "Bearer " + secret));
            }
            HttpResponse<T> response = await(client.sendAsync(request.build(), handler), arrived);
            Optional<String> location = response.headers().firstValue("Location");
            if (response.statusCode() / 100 != 3 || location.isEmpty()) {
                return response;
            }
            URI next = next(at, location.get());
            if (!isSameOrigin(at, next)) {
                if (!elsewhere) {
                    return response;
                }
                trusted = false;
            }
            at = next;
        }
        throw new IOException("it redirects in a circle");
    }

    /** Where a redirect leads, which is never from an encrypted address to an open one. */
    static URI next(URI from, String location) throws IOException {
        URI next;
        try {
            next = from.resolve(location);
        } catch (IllegalArgumentException e) {
            throw new IOException("it redirects to what is no address", e);
        }
        String scheme = String.valueOf(next.getScheme());
        boolean open = scheme.equalsIgnoreCase("http") && !from.getScheme().equalsIgnoreCase("https");
        if (next.getHost() == null || !open && !scheme.equalsIgnoreCase("https")) {
            throw new IOException("it redirects to an address that is not safe");
        }
        return next;
    }

    static boolean isSameOrigin(URI one, URI other) {
        return one.getScheme().equalsIgnoreCase(other.getScheme())
                && one.getHost().equalsIgnoreCase(other.getHost())
                && port(one) == port(other);
    }

    private static int port(URI address) {
        return address.getPort() >= 0 ? address.getPort() : address.getScheme().equalsIgnoreCase("https") ? 443 : 80;
    }

    /** Waits for a response and its body as long as something comes. */
    private <T> HttpResponse<T> await(CompletableFuture<HttpResponse<T>> coming, Arrived arrived) throws IOException {
        long had = arrived.bytes();
        long last = System.nanoTime();
        try {
            while (true) {
                try {
                    return coming.get(TICK_MILLIS, TimeUnit.MILLISECONDS);
                } catch (TimeoutException e) {
                    long now = arrived.bytes();
                    last = now == had ? last : System.nanoTime();
                    had = now;
                    if (System.nanoTime() - last > patience.silence().toNanos()) {
                        throw new IOException(
                                "nothing came for " + patience.silence().toSeconds() + " s", e);
                    }
                }
            }
        } catch (InterruptedException e) {
            throw interrupted(e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof IOException fault) {
                throw fault;
            }
            throw new IOException(String.valueOf(e.getCause().getMessage()), e);
        } finally {
            coming.cancel(true);
        }
    }
}
