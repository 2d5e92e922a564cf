package dev.plumb.recipe;

import dev.plumb.config.PlumbException;
import dev.plumb.config.Suggestions;
import dev.plumb.config.YamlPart;
import dev.plumb.config.YamlSource;
import dev.plumb.train.Job;
import dev.plumb.train.Method;
import dev.plumb.train.Methods;
import dev.plumb.train.RunLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Several stages in a row, read from one file: InstructGPT, R1, and others of that kind. Each stage is an ordinary run with a
 * folder of its own, or a rejection sampling; its settings are its own over those that all share; {@code ${NAME}} stands for
 * what the stage NAME made. All of it is bound before anything starts, and all faults are reported at once.
 *
 * @param output the folder of all
 * @param stages in their order
 * @param text the file, for the record
 */
public record Recipe(Path output, List<Stage> stages, String text) {
    private static final Set<String> KEYS = Set.of("output", "shared", "stages");
    private static final Pattern NAME = Pattern.compile("[A-Za-z][A-Za-z0-9_-]*");
    private static final Pattern REFERENCE = Pattern.compile("\\$\\{([^{}]*)}");

    /** Copies the list. */
    public Recipe {
        stages = List.copyOf(stages);
    }

    /**
     * Whether a file is a recipe and not a single run.
     *
     * @param source YAML
     * @return whether it has stages
     * @throws PlumbException if it is not YAML
     */
    public static boolean isRecipe(YamlSource source) {
        List<String> keys = YamlPart.read(source).keys();
        return keys.contains("stages") || keys.contains("shared");
    }

    /**
     * Reads a recipe.
     *
     * @param source YAML with a name, and words: {@code output=…}, {@code STAGE.key=value} for one stage, {@code key=value} for
     *     those stages that do not set the key themselves
     * @return the recipe
     * @throws PlumbException with one line for each fault
     */
    public static Recipe read(YamlSource source) {
        return new Reader(source).recipe();
    }

    private enum Product {
        MODEL("a language model"),
        SCORER("a reward model"),
        STEP_JUDGE("a process reward model"),
        ADAPTER("an adapter"),
        ROWS("rows"),
        UNKNOWN("of a stage with faults");

        private final String words;

        Product(String words) {
            this.words = words;
        }
    }

    /**
     * What earlier stages made.
     *
     * @param path where
     * @param stand the model that stands in for it as long as it is not there; empty for rows
     */
    private record Made(Product product, Path path, Optional<Path> stand) {}

    private static final class Reader {
        private final YamlSource source;
        private final YamlPart file;
        private final YamlPart shared;
        private final Map<String, Made> made = new LinkedHashMap<>();
        private final List<Class<? extends Record>> types = new ArrayList<>();
        private final List<Stage> stages = new ArrayList<>();
        private final Set<String> unheeded;
        private List<String> names = List.of();
        private Path output = Path.of("runs");

        Reader(YamlSource source) {
            this.source = source;
            this.file = YamlPart.read(source);
            this.shared = file.at("shared").orElse(file.without(file.keys().toArray(new String[0])));
            this.unheeded = new LinkedHashSet<>(source.overrides());
        }

        Recipe recipe() {
            top();
            List<YamlPart> parts = file.at("stages").map(YamlPart::items).orElse(List.of());
            names = parts.stream().map(Reader::name).toList();
            List<Optional<Class<? extends Record>>> records =
                    parts.stream().map(this::type).toList();
            records.forEach(type -> type.ifPresent(types::add));
            if (types.size() == parts.size()) {
                shared.requireKnown(types);
            }
            if (shared.at("output").isPresent()) {
                shared.fault("output", "a stage's folder follows from its name; `output` stands at the top");
            }
            words();
            for (int i = 0; i < parts.size(); i++) {
                if (records.get(i).isPresent()) {
                    stage(i, parts.get(i), records.get(i).get());
                } else {
                    made.put(names.get(i), unknown());
                }
            }
            file.throwIfAny();
            if (!unheeded.isEmpty()) {
                throw new PlumbException(
                        String.join("\n", unheeded.stream().map(this::unheeded).toList()));
            }
            return new Recipe(output, stages, source.text());
        }

        /** The three keys at the top. */
        private void top() {
            List<Class<? extends Record>> all = new ArrayList<>();
            Methods.all().forEach(method -> all.add(method.job()));
            YamlPart known = file;
            for (String key : file.keys()) {
                if (!KEYS.contains(key) && YamlPart.unknown(key, all).isEmpty()) {
                    file.fault(key, "'" + key + "' is a setting of runs: it belongs under 'shared', or in a stage");
                    known = known.without(key);
                }
            }
            List<String> words = source.overrides().stream()
                    .filter(word -> word.startsWith("output="))
                    .toList();
            unheeded.removeAll(words);
            YamlPart none = known.without(known.keys().toArray(new String[0]));
            Optional<RecipeSettings> settings =
                    known.over(RecipeSettings.class, none, List.of(), words).bind(RecipeSettings.class);
            String stem = source.name()
                    .map(name -> Path.of(name).getFileName().toString().replaceAll("\\.ya?ml$", ""))
                    .orElse("recipe");
            output = settings.flatMap(RecipeSettings::output).orElse(Path.of("runs", stem));
            if (settings.isPresent() && settings.get().stages().isEmpty()) {
                file.fault("'stages' names no stage; give at least one, as in stages: [{method: sft, …}]");
            }
        }

        private static String name(YamlPart stage) {
            return text(stage, "name").or(() -> text(stage, "method")).orElse("");
        }

        private static Optional<String> text(YamlPart part, String key) {
            return part.at(key).flatMap(YamlPart::text);
        }

        /** The record of a stage's settings. */
        private Optional<Class<? extends Record>> type(YamlPart stage) {
            Optional<String> method = text(stage, "method").or(() -> text(shared, "method"));
            if (method.isEmpty()) {
                stage.fault("a stage needs `method`: " + methods());
                return Optional.empty();
            }
            if (method.get().equals(RejectionSampling.METHOD)) {
                return Optional.of(RejectionSampling.class);
            }
            Optional<Class<? extends Record>> type =
                    Methods.find(method.get()).<Class<? extends Record>>map(Method::job);
            if (type.isEmpty()) {
                List<String> known =
                        new ArrayList<>(Methods.all().stream().map(Method::name).toList());
                known.add(RejectionSampling.METHOD);
                stage.fault(
                        "method",
                        "there is no method '" + method.get() + "'"
                                + Suggestions.nearest(method.get(), known)
                                        .map(near -> ", did you mean '" + near + "'?")
                                        .orElse("; there are " + methods()));
            }
            return type;
        }

        private static String methods() {
            return Methods.names() + ", " + RejectionSampling.METHOD;
        }

        /** Words that no stage has a setting for. */
        private void words() {
            Set<String> unknown = new LinkedHashSet<>();
            for (String word : unheeded) {
                String first = word.split("[.=]", 2)[0].strip();
                if (isOfStage(word)) {
                    continue;
                }
                YamlPart.unknown(first, types)
                        .ifPresent(clause -> unknown.add("on the command line: unknown key '"
                                + first + "', neither a stage nor a setting"
                                + Suggestions.nearest(first, names)
                                        .map(near -> ", did you mean '" + near + "'?")
                                        .orElse(
                                                clause.isEmpty()
                                                        ? "; the stages are " + String.join(", ", names)
                                                        : clause)));
            }
            if (!unknown.isEmpty()) {
                throw new PlumbException(String.join("\n", unknown));
            }
        }

        private boolean isOfStage(String word) {
            return names.stream().anyMatch(name -> word.startsWith(name + "."));
        }

        private String unheeded(String word) {
            String key = word.split("=", 2)[0];
            return "on the command line: each stage sets '" + key + "' itself, so '" + word
                    + "' would change nothing; name the stage, as in " + names.get(0) + "." + word;
        }

        private void stage(int index, YamlPart written, Class<? extends Record> type) {
            String name = names.get(index);
            requireGoodName(name, index, written);
            Path folder = output.resolve((index + 1) + "-" + name);
            List<String> own = new ArrayList<>();
            for (String word : source.overrides()) {
                if (word.startsWith(name + ".")) {
                    own.add(word.substring(name.length() + 1));
                    unheeded.remove(word);
                }
            }
            if (written.at("output").isPresent() || own.stream().anyMatch(word -> word.startsWith("output="))) {
                written.fault("output", "a stage's folder follows from its name; `output` stands at the top");
            }
            own.add("output=" + folder);
            List<String> common = source.overrides().stream()
                    .filter(word -> !isOfStage(word) && !word.startsWith("output="))
                    .toList();
            YamlPart whole = written.without("name", "output").over(type, shared.without("output"), common, own);
            common.stream().filter(whole::heeds).forEach(unheeded::remove);
            boolean rowsToCome = refersToRows(whole);
            YamlPart real = whole.replacing((key, text) -> replaced(index, key, text, false));
            if (type == RejectionSampling.class) {
                sampling(name, real, whole, index);
            } else {
                run(name, real, whole, index, type, rowsToCome);
            }
        }

        private void requireGoodName(String name, int index, YamlPart written) {
            String key = written.at("name").isPresent() ? "name" : "method";
            if (!NAME.matcher(name).matches()) {
                written.fault(key, "a stage is named by letters, digits, _ and -, not '" + name + "'");
            } else if (YamlPart.unknown(name, types).isEmpty()) {
                written.fault(key, "'" + name + "' is also a setting; give the stage another `name`");
            } else if (names.indexOf(name) < index) {
                written.fault(
                        key,
                        "stage " + (names.indexOf(name) + 1) + " is also called '" + name + "'; give this one another"
                                + " `name`");
            }
        }

        private void sampling(String name, YamlPart real, YamlPart whole, int index) {
            Optional<RejectionSampling> settings = real.without("method").bind(RejectionSampling.class);
            Optional<RejectionSampling> rehearsal = settings.flatMap(bound -> whole.without("method")
                    .replacing((key, text) -> replaced(index, key, text, true))
                    .bind(RejectionSampling.class));
            made.put(
                    name,
                    settings.map(bound -> new Made(Product.ROWS, bound.rows(), Optional.empty()))
                            .orElse(unknown()));
            settings.ifPresent(bound -> requireWriter(bound.model(), real));
            if (settings.isPresent() && rehearsal.isPresent()) {
                stages.add(new Stage.Sampling(name, settings.get(), rehearsal.get()));
            }
        }

        private <T extends Record> void run(
                String name, YamlPart real, YamlPart whole, int index, Class<T> type, boolean rowsToCome) {
            Optional<Job> job = real.bind(type).map(Job.class::cast);
            Optional<Job> rehearsal =
                    job.flatMap(bound -> whole.replacing((key, text) -> replaced(index, key, text, true))
                            .bind(type)
                            .map(Job.class::cast));
            if (job.isEmpty() || rehearsal.isEmpty()) {
                made.put(name, unknown());
                return;
            }
            if (job.get().scores() == 0 && job.get().steps().isEmpty()) {
                requireWriter(job.get().run().model(), real);
            }
            Path begins = rehearsal.get().run().model();
            boolean adapter = job.get().run().adapter().usePeft();
            Product product = adapter
                    ? Product.ADAPTER
                    : job.get().steps().isPresent()
                            ? Product.STEP_JUDGE
                            : job.get().scores() > 0 ? Product.SCORER : Product.MODEL;
            Path model = new RunLayout(job.get().run().folder()).finalModel();
            made.put(name, new Made(product, model, Optional.of(begins)));
            stages.add(new Stage.Run(name, job.get(), rowsToCome ? Optional.empty() : rehearsal, begins));
        }

        /** In place of a stage that could not be bound, so that nothing more is said of those who name it. */
        private Made unknown() {
            return new Made(Product.UNKNOWN, output, Optional.empty());
        }

        private void requireWriter(Path model, YamlPart stage) {
            made.forEach((name, one) -> {
                boolean judges = one.product() == Product.SCORER || one.product() == Product.STEP_JUDGE;
                if (judges && one.path().equals(model)) {
                    stage.fault(
                            "model",
                            "${" + name + "} is " + one.product().words + ", which writes nothing; this stage needs a"
                                    + " language model");
                }
            });
        }

        private boolean refersToRows(YamlPart whole) {
            Set<String> found = new HashSet<>();
            whole.replacing((key, text) -> {
                Matcher reference = REFERENCE.matcher(text.text().orElse(""));
                if (reference.matches() && (key.equals("data") || key.equals("ptx_data"))) {
                    found.add(reference.group(1));
                }
                return Optional.empty();
            });
            return !found.isEmpty();
        }

        /** What stands in place of a reference. */
        private Optional<String> replaced(int index, String key, YamlPart text, boolean rehearsing) {
            Matcher reference = REFERENCE.matcher(text.text().orElse(""));
            if (!reference.matches()) {
                return Optional.empty();
            }
            String name = reference.group(1);
            Optional<List<Product>> wanted = wanted(key);
            Optional<Made> found = Optional.ofNullable(made.get(name));
            if (wanted.isEmpty()) {
                text.fault("'" + key
                        + "' takes nothing that a stage makes; ${NAME} stands where a model or data is taken");
            } else if (found.isEmpty()) {
                text.fault("${" + name + "}: " + unknownStage(name, index));
            } else if (found.get().product() == Product.ADAPTER) {
                text.fault("${" + name + "} is an adapter, which no stage can start from: leave use_peft out of stage '"
                        + name + "'");
            } else if (found.get().product() != Product.UNKNOWN
                    && !wanted.get().contains(found.get().product())) {
                text.fault("${" + name + "} is " + found.get().product().words + ", but '" + key + "' takes "
                        + wanted.get().get(0).words);
            } else {
                Made one = found.get();
                boolean judges = key.equals("reward_models") || key.equals("process_reward_model");
                boolean standsIn = rehearsing && !judges; // no model can stand in for one that judges
                return Optional.of((standsIn ? one.stand().orElse(one.path()) : one.path()).toString());
            }
            return Optional.of(text.text().orElseThrow());
        }

        private String unknownStage(String name, int index) {
            int at = names.indexOf(name);
            if (at >= 0) {
                return at == index ? "a stage cannot start from itself" : "stage '" + name + "' comes later";
            }
            List<String> earlier = List.copyOf(made.keySet());
            return "there is no earlier stage '" + name + "'"
                    + Suggestions.nearest(name, earlier)
                            .map(near -> ", did you mean '" + near + "'?")
                            .orElse(
                                    earlier.isEmpty()
                                            ? ", this is the first"
                                            : "; there are " + String.join(", ", earlier));
        }

        /** What a setting takes of earlier stages, the usual first. */
        private static Optional<List<Product>> wanted(String key) {
            return switch (key) {
                case "model" ->
                    Optional.of(List.of(
                            Product.MODEL, Product.SCORER, Product.STEP_JUDGE)); // a reward model goes on as one
                case "value_model" -> Optional.of(List.of(Product.SCORER, Product.MODEL));
                case "reward_models" -> Optional.of(List.of(Product.SCORER));
                case "process_reward_model" -> Optional.of(List.of(Product.STEP_JUDGE));
                case "data", "ptx_data" -> Optional.of(List.of(Product.ROWS));
                default -> Optional.empty();
            };
        }
    }
}
