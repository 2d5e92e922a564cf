package dev.plumb.hub;

import dev.plumb.config.PlumbException;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** One repository at one commit, with what is missing of it in the cache fetched as it is asked for. */
final class HubRepository {
    private final HubId id;
    private final HubCache cache;
    private final HubProgress progress;
    private final HubListing listing;
    private final boolean whole;
    private final Optional<HubDownload> download;
    private final String obstacle;

    /**
     * A repository whose commit is known.
     *
     * @param whole whether the listing has all files of the commit, not only those in the cache
     * @param download brings files; empty if that cannot be
     * @param obstacle why it cannot
     */
    private HubRepository(
            HubId id,
            HubCache cache,
            HubProgress progress,
            HubListing listing,
            boolean whole,
            Optional<HubDownload> download,
            String obstacle) {
        this.id = id;
        this.cache = cache;
        this.progress = progress;
        this.listing = listing;
        this.whole = whole;
        this.download = download;
        this.obstacle = obstacle;
    }

    static HubRepository open(HubId id, HubSettings settings, HubPatience patience, HubProgress progress) {
        HubCache cache = HubCache.of(settings.cache(), id);
        try {
            Optional<HubListing> fixed = HubId.isCommit(id.revision()) ? cache.kept(id.revision()) : Optional.empty();
            if (settings.offline()) {
                return cached(id, cache, progress, "HF_HUB_OFFLINE forbids to fetch it: unset it");
            }
            if (settings.endpoint().isEmpty()) {
                return cached(id, cache, progress, "to fetch it from a hub, set HF_ENDPOINT to the hub's address");
            }
            URI endpoint = settings.endpoint().get();
            HubHttp http = new HubHttp(endpoint, settings.token(), patience);
            HubListing listing;
            try {
                listing = fixed.isPresent() ? fixed.get() : ask(id, endpoint, http);
            } catch (IOException e) {
                HubRepository left = cached(id, cache, progress, unreachable(endpoint, e));
                progress.note(unreachable(endpoint, e) + "; " + id + " is taken from the cache, commit "
                        + left.listing.commit());
                return left;
            }
            cache.remember(id.revision(), listing);
            HubDownload download = new HubDownload(endpoint, http, cache, id, listing.commit(), progress);
            return new HubRepository(
                    id, cache, progress, listing, true, Optional.of(download), "the hub at " + endpoint + " failed");
        } catch (IOException e) {
            throw cache.fault(e);
        }
    }

    private static String unreachable(URI endpoint, IOException e) {
        return "the hub at " + endpoint + " cannot be asked (" + IoFault.reason(e) + ")";
    }

    private static HubListing ask(HubId id, URI endpoint, HubHttp http) throws IOException {
        URI address = URI.create(endpoint + "/api/" + id.kind().plural() + "/" + id.name() + "/revision/"
                + HubDownload.encoded(id.revision()));
        HttpResponse<byte[]> answer = http.patiently(
                () -> http.send("GET", address, Map.of(), false, BodyHandlers.ofByteArray(), HubHttp.Arrived.NOTHING),
                HubHttp.Arrived.NOTHING);
        if (answer.statusCode() != 200) {
            throw http.refusal(id, "a " + id.kind().word() + " of that name", answer);
        }
        return HubListing.read(answer.body());
    }

    private static HubRepository cached(HubId id, HubCache cache, HubProgress progress, String obstacle)
            throws IOException {
        Optional<String> commit = cache.commit(id.revision());
        Optional<HubListing> kept = commit.isPresent() ? cache.kept(commit.get()) : Optional.empty();
        Optional<HubListing> known = kept.isPresent() || commit.isEmpty()
                ? kept
                : Optional.of(cache.present(commit.get()))
                        .filter(some -> !some.files().isEmpty());
        HubListing listing = known.orElseThrow(() -> new PlumbException(id.neither() + "the cache " + cache.root()
                + " has no such " + id.kind().word() + " either; " + obstacle + "."));
        return new HubRepository(id, cache, progress, listing, kept.isPresent(), Optional.empty(), obstacle);
    }

    List<String> files() {
        return listing.files();
    }

    String commit() {
        return listing.commit();
    }

    Path snapshot() {
        return cache.snapshot(listing.commit());
    }

    /** Refuses what another tool has begun to fetch where it is not known to be all. */
    void requireWhole(boolean enough) {
        if (!whole && !enough) {
            throw lacking("all of it");
        }
    }

    /** Sees to it that files are in the snapshot. */
    void need(List<String> files) {
        List<String> missing = files.stream()
                .filter(file -> !Files.exists(snapshot().resolve(file)))
                .toList();
        if (missing.isEmpty()) {
            return;
        }
        HubDownload hub = download.orElseThrow(() -> lacking(String.join(", ", missing)));
        progress.note("fetching " + id + ", commit " + commit() + ", to " + cache.root() + ":");
        for (String file : missing) {
            try {
                hub.fetch(file);
            } catch (FileSystemException e) {
                throw cache.fault(e);
            } catch (IOException e) {
                throw new PlumbException(
                        id + ": " + obstacle + " when " + file + " was fetched (" + IoFault.reason(e)
                                + "); what has come is kept, and the same command goes on from there.",
                        e);
            }
        }
    }

    private PlumbException lacking(String what) {
        return new PlumbException(
                id.neither() + "the cache " + cache.root() + " does not hold " + what + "; " + obstacle + ".");
    }
}
