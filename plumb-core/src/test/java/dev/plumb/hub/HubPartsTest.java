package dev.plumb.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.plumb.config.PlumbException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the parts of the hub take and refuse, one by one. */
class HubPartsTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "name",
                "a/b/c",
                "/a/b",
                "../b",
                "a/..",
                "a/b@",
                "a/b@../x",
                "a/b@x/../y",
                "a--b/c",
                "a/b.git",
                "a/b.",
                "a b/c",
                "a/b@x y",
                "-a/b"
            })
    void whatIsNoId(String text) {
        assertThat(HubId.of(HubId.Kind.MODEL, Path.of(text))).isEmpty();
    }

    @Test
    void idsAndRevisions() {
        assertThat(HubId.of(HubId.Kind.MODEL, Path.of("Org-1/na.me_2@feature/x")))
                .hasValue(new HubId(HubId.Kind.MODEL, "Org-1/na.me_2", "feature/x", ""));
        assertThat(HubId.of(HubId.Kind.DATASET, Path.of("o/n@refs/pr/3/data/a.csv")))
                .hasValue(new HubId(HubId.Kind.DATASET, "o/n", "refs/pr/3", "data/a.csv"));
        assertThat(HubId.of(HubId.Kind.DATASET, Path.of("o/n@v1")))
                .hasValue(new HubId(HubId.Kind.DATASET, "o/n", "v1", ""));
    }

    @Test
    void theFoldersAreThoseOfOtherTools() throws IOException {
        assertThat(HubSettings.of(Map.of("HF_HOME", "h")).cache()).isEqualTo(Path.of("h/hub"));
        assertThat(HubSettings.of(Map.of("XDG_CACHE_HOME", "x")).cache()).isEqualTo(Path.of("x/huggingface/hub"));
        assertThat(HubSettings.of(Map.of("HF_HOME", "h", "HF_HUB_CACHE", "~/c")).cache())
                .isEqualTo(Path.of(System.getProperty("user.home"), "c"));
        assertThat(HubSettings.of(Map.of("HF_HOME", "h")).offline()).isFalse();
        assertThat(HubSettings.of(Map.of("HF_HOME", "h", "HF_HUB_OFFLINE", "True"))
                        .offline())
                .isTrue();
        Path token = Files.writeString(folder.resolve("mine"), "hf_file\n");
        assertThat(HubSettings.of(Map.of("HF_HOME", "h", "HF_TOKEN_PATH", token.toString()))
                        .token())
                .hasValue("hf_file");
        assertThat(HubSettings.of(Map.of("HF_HOME", "h", "HF_TOKEN_PATH", token.toString(), "HF_TOKEN", "hf_own"))
                        .token())
                .hasValue("hf_own");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"ftp://hub.invalid", "hub.invalid", "https://", "https://user:secret@hub.invalid", "http://a b"})
    void whatIsNoAddress(String text) {
        assertThatThrownBy(() -> HubSettings.of(Map.of("HF_HOME", "h", "HF_ENDPOINT", text)))
                .isInstanceOf(PlumbException.class)
                .hasMessageStartingWith("HF_ENDPOINT is not the address of a hub")
                .hasMessageNotContaining("secret");
    }

    @Test
    void redirectsNeverLeaveEncryption() throws IOException {
        URI hub = URI.create("https://hub.invalid/a/b");
        assertThat(HubHttp.next(hub, "/c?d=e")).isEqualTo(URI.create("https://hub.invalid/c?d=e"));
        assertThat(HubHttp.next(URI.create("http://hub.invalid"), "https://store.invalid/x"))
                .isEqualTo(URI.create("https://store.invalid/x"));
        for (String location : new String[] {"http://hub.invalid/a", "file:///x", "::"}) {
            assertThatThrownBy(() -> HubHttp.next(hub, location))
                    .isInstanceOf(IOException.class)
                    .hasMessageStartingWith("it redirects to ");
        }
        assertThat(HubHttp.isSameOrigin(hub, URI.create("https://HUB.invalid:443/x")))
                .isTrue();
        assertThat(HubHttp.isSameOrigin(hub, URI.create("https://hub.invalid:444/x")))
                .isFalse();
        assertThat(HubHttp.isSameOrigin(hub, URI.create("https://hub.invalid.other/x")))
                .isFalse();
    }

    @Test
    void whereThereAreNoLinksFilesAreCopied() throws IOException {
        try (FileSystem archive = FileSystems.newFileSystem(folder.resolve("a.zip"), Map.of("create", "true"))) {
            Path blob = archive.getPath("/blobs/x");
            Files.createDirectories(blob.getParent());
            Files.writeString(blob, "content");
            HubCache.link(archive.getPath("/snapshots/c/a/b.json"), blob);
            assertThat(Files.readString(archive.getPath("/snapshots/c/a/b.json")))
                    .isEqualTo("content");
        }
    }

    @Test
    void aLinkToABlobThatIsGoneIsMadeAnew() throws IOException {
        Path blob = folder.resolve("blobs/new");
        Files.createDirectories(blob.getParent());
        Files.writeString(blob, "content");
        Path file = folder.resolve("snapshots/c/a.json");
        Files.createDirectories(file.getParent());
        Files.createSymbolicLink(file, Path.of("../../blobs/old"));
        HubCache.link(file, blob);
        assertThat(file).hasContent("content");
        HubCache.link(file, blob); // as when another process was faster
        assertThat(file).hasContent("content");
    }
}
