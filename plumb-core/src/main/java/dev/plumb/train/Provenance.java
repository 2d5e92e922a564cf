package dev.plumb.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.plumb.config.Dump;
import dev.plumb.config.PlumbException;
import dev.plumb.hub.AtomicFiles;
import dev.plumb.hub.HubOrigin;
import dev.plumb.hub.Sha256;
import dev.plumb.tensor.Torch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;

/**
 * What a run was made from: enough to make it again, or to see why that gives another result.
 *
 * @param plumb the version of Plumb
 * @param command the command line; values of arguments that look like secrets are not kept
 * @param configSha256 the SHA-256 of the resolved configuration, see {@link Sha256#of(String)}
 * @param data the data files
 * @param model the files of the model
 * @param others the files of further models, such as reward models, by the settings that name them
 * @param seeds the seeds by what they are for
 * @param threads the number of threads that tensors are computed with
 * @param machine the Java runtime, system and device, see {@link #thisMachine()}
 * @param libraries versions by library
 * @param started when this process began
 * @param ended when it ended, empty while it runs
 * @param outcome how it ended in a word or sentence, {@code running} until then
 * @param resumedStep the step it went on from, empty if it began anew
 * @param hub what of model and data was named by its id on a hub, and the commits that it was
 */
public record Provenance(
        String plumb,
        List<String> command,
        String configSha256,
        List<Source> data,
        List<Source> model,
        Map<String, List<Source>> others,
        Map<String, Long> seeds,
        int threads,
        Map<String, String> machine,
        Map<String, String> libraries,
        Instant started,
        Optional<Instant> ended,
        String outcome,
        OptionalLong resumedStep,
        List<HubOrigin> hub) {

    /**
     * Of a process that begins now, on this machine.
     *
     * @param command the command line
     * @param settings all of them, as a record
     * @param data files that are read
     * @param model the model's folder
     * @param others folders of further models by the settings that name them; one that is not there is left out, as the run will
     *     say so when it opens it
     * @param seed of everything random
     * @param resumedStep the step it goes on from, empty if it begins anew
     * @param hub what was named by its id on a hub
     * @return what is known of it so far
     */
    public static Provenance begun(
            List<String> command,
            Record settings,
            List<Path> data,
            Path model,
            Map<String, List<Path>> others,
            long seed,
            OptionalLong resumedStep,
            List<HubOrigin> hub) {
        String version = Provenance.class.getPackage().getImplementationVersion();
        return new Provenance(
                version == null ? "development" : version,
                command,
                Sha256.of(Dump.yaml(settings)),
                sources(data),
                sources(List.of(model)),
                others(others),
                Map.of("seed", seed),
                Torch.threads(),
                thisMachine(),
                Map.of("libtorch", Torch.version(), "blas", Torch.blas()),
                Instant.now(),
                Optional.empty(),
                "running",
                resumedStep,
                hub);
    }

    /** Takes copies, and takes secrets out of the command line. */
    public Provenance {
        command = command.stream().map(Provenance::withoutSecret).toList();
        data = List.copyOf(data);
        model = List.copyOf(model);
        others = Collections.unmodifiableMap(new LinkedHashMap<>(others));
        seeds = Collections.unmodifiableMap(new LinkedHashMap<>(seeds));
        machine = Collections.unmodifiableMap(new LinkedHashMap<>(machine));
        hub = List.copyOf(hub);
        libraries = Collections.unmodifiableMap(new LinkedHashMap<>(libraries));
    }

    /**
     * A file that went into the run.
     *
     * @param path the file as it was named
     * @param bytes its size
     * @param sha256 the SHA-256 of its content in hexadecimal digits
     */
    public record Source(String path, long bytes, String sha256) {}

    /**
     * Takes the hashes of files.
     *
     * @param paths files, and folders in place of the files directly in them
     * @return one source for each file, folders in the order of names
     * @throws PlumbException if one cannot be read
     */
    public static List<Source> sources(Collection<Path> paths) {
        List<Source> sources = new ArrayList<>();
        for (Path path : paths) {
            try {
                if (Files.isDirectory(path)) {
                    try (Stream<Path> files = Files.list(path)) {
                        for (Path file :
                                files.filter(Files::isRegularFile).sorted().toList()) {
                            sources.add(source(file));
                        }
                    }
                } else {
                    sources.add(source(path));
                }
            } catch (IOException e) {
                throw new PlumbException(path + " cannot be read (" + RunFolder.reason(e) + ").", e);
            }
        }
        return sources;
    }

    /** Files of several models, each read once. */
    private static Map<String, List<Source>> others(Map<String, List<Path>> folders) {
        Map<Path, List<Source>> read = new HashMap<>();
        Map<String, List<Source>> others = new LinkedHashMap<>();
        folders.forEach((setting, paths) -> others.put(
                setting,
                paths.stream()
                        .filter(Files::exists)
                        .flatMap(path -> read.computeIfAbsent(path, one -> sources(List.of(one))).stream())
                        .toList()));
        return others;
    }

    private static Source source(Path file) throws IOException {
        return new Source(file.toString(), Files.size(file), Sha256.of(file));
    }

    /**
     * What is known of the machine without asking the tensor library.
     *
     * @return Java runtime, operating system, processors and heap by name; more can be put in
     */
    public static Map<String, String> thisMachine() {
        Map<String, String> machine = new LinkedHashMap<>();
        machine.put("java", Runtime.version() + " (" + System.getProperty("java.vendor", "unknown vendor") + ")");
        machine.put("vm", System.getProperty("java.vm.name", "unknown"));
        machine.put("os", System.getProperty("os.name") + " " + System.getProperty("os.version"));
        machine.put("arch", System.getProperty("os.arch", "unknown"));
        machine.put("processors", Integer.toString(Runtime.getRuntime().availableProcessors()));
        machine.put("max_heap", RunFolder.size(Runtime.getRuntime().maxMemory()));
        return machine;
    }

    /**
     * The same at the end of the process.
     *
     * @param end when it ended
     * @param how how it ended in a word or sentence
     * @return the provenance with its end
     */
    public Provenance ended(Instant end, String how) {
        return new Provenance(
                plumb,
                command,
                configSha256,
                data,
                model,
                others,
                seeds,
                threads,
                machine,
                libraries,
                started,
                Optional.of(end),
                how,
                resumedStep,
                hub);
    }

    /**
     * Writes it as JSON, at its end with the largest memory that this process took. Of the processes that wrote the run before a resume, command, times and outcome are kept
     * under {@code earlier}.
     *
     * @param file the file; what another process of this run left there is carried along if this one was resumed
     * @throws PlumbException if it cannot be written
     */
    public void write(Path file) {
        try {
            ObjectNode json = json();
            if (resumedStep.isPresent() && Files.exists(file)) {
                json.set("earlier", earlier(StepLines.JSON.readTree(Files.readString(file))));
            }
            String text = StepLines.JSON.writerWithDefaultPrettyPrinter().writeValueAsString(json) + "\n";
            AtomicFiles.writeString(file, text);
        } catch (JsonProcessingException e) {
            throw new PlumbException(file + " is not JSON: it was changed or damaged; delete it.", e);
        } catch (IOException e) {
            throw new PlumbException(file + " cannot be written (" + RunFolder.reason(e) + ").", e);
        }
    }

    private ObjectNode json() {
        ObjectNode json = StepLines.JSON.createObjectNode();
        json.put("plumb", plumb).put("started", started.toString());
        ended.ifPresent(end -> {
            json.put("ended", end.toString());
            ProcessMemory.peak().ifPresent(peak -> json.put("peak_rss_mb", peak));
        });
        json.put("outcome", outcome);
        resumedStep.ifPresent(step -> json.put("resumed_step", step));
        command.forEach(json.putArray("command")::add);
        json.put("config_sha256", configSha256);
        ObjectNode seedsJson = json.putObject("seeds");
        seeds.forEach(seedsJson::put);
        json.put("threads", threads);
        json.set("data", json(data));
        json.set("model", json(model));
        others.forEach((setting, sources) -> json.set(setting, json(sources)));
        if (!hub.isEmpty()) {
            json.set("hub", StepLines.JSON.valueToTree(hub));
        }
        ObjectNode machineJson = json.putObject("machine");
        machine.forEach(machineJson::put);
        ObjectNode librariesJson = json.putObject("libraries");
        libraries.forEach(librariesJson::put);
        return json;
    }

    private static ArrayNode json(List<Source> sources) {
        ArrayNode array = StepLines.JSON.createArrayNode();
        sources.forEach(source -> array.addObject()
                .put("path", source.path())
                .put("bytes", source.bytes())
                .put("sha256", source.sha256()));
        return array;
    }

    /** What a run that was recorded took from a hub; empty if there is no record. */
    static List<HubOrigin> origins(Path file) {
        if (!Files.exists(file)) {
            return List.of();
        }
        try {
            List<HubOrigin> origins = new ArrayList<>();
            for (JsonNode origin :
                    StepLines.JSON.readTree(Files.readString(file)).path("hub")) {
                origins.add(new HubOrigin(
                        origin.path("kind").asText(),
                        origin.path("id").asText(),
                        origin.path("revision").asText(),
                        origin.path("commit").asText()));
            }
            return origins;
        } catch (JsonProcessingException e) {
            throw new PlumbException(file + " is not JSON: it was changed or damaged; delete it.", e);
        } catch (IOException e) {
            throw new PlumbException(file + " cannot be read (" + RunFolder.reason(e) + ").", e);
        }
    }

    /** The processes before this one: those that the file there names, and its writer unless that is this process. */
    private ArrayNode earlier(JsonNode old) {
        ArrayNode all = StepLines.JSON.createArrayNode();
        old.path("earlier").forEach(all::add);
        if (!old.path("started").asText().equals(started.toString())) {
            ObjectNode last = all.addObject();
            for (String field :
                    List.of("started", "ended", "peak_rss_mb", "outcome", "resumed_step", "command", "config_sha256")) {
                if (old.has(field)) {
                    last.set(field, old.get(field));
                }
            }
        }
        return all;
    }

    private static String withoutSecret(String argument) {
        return argument.replaceFirst(
                "(?i)^((?:.*[._-])?(?:secret|password|api_?key)|(?:.*\\.)?(?:hf_|auth_|access_)?token)=.+$", "$1=***");
    }
}
