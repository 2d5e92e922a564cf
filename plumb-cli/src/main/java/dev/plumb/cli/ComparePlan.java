package dev.plumb.cli;

import dev.plumb.config.Binder;
import dev.plumb.config.PlumbException;
import dev.plumb.config.Settings;
import dev.plumb.config.Suggestions;
import dev.plumb.config.YamlSource;
import dev.plumb.train.Job;
import dev.plumb.train.Method;
import dev.plumb.train.Methods;
import dev.plumb.train.PreferenceJob;
import dev.plumb.train.UnpairedJob;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * What is to be compared: runs that differ in their method, in its own settings and in nothing that would make the comparison
 * unfair.
 *
 * @param settings of the comparison
 * @param runs one for each method and seed, method after method
 */
record ComparePlan(CompareSettings settings, List<Run> runs) {
    private static final Set<String> FIXED = Set.of(
            "method",
            "model",
            "data",
            "output",
            "seed",
            "device",
            "dtype",
            "threads",
            "max_steps",
            "num_train_epochs",
            "per_device_train_batch_size",
            "gradient_accumulation_steps",
            "max_completion_length");

    /**
     * One run.
     *
     * @param method its method
     * @param name the name of its folder
     * @param job its settings
     */
    record Run(String method, String name, Job job) {
        /** Rows of a step, as the method counts them. */
        long rowsPerStep() {
            return (long) job.optimisation().perDeviceTrainBatchSize()
                    * job.optimisation().gradientAccumulationSteps();
        }
    }

    /** Copies the runs. */
    ComparePlan {
        runs = List.copyOf(runs);
    }

    /** Whether intervals are over runs, not over prompts. */
    boolean overRuns() {
        return settings.seeds().size() > 1;
    }

    /** Reads a plan: a YAML file if the first word names one, then settings. */
    static ComparePlan of(List<String> words) {
        boolean file = !words.get(0).contains("=");
        List<String> rest = file ? words.subList(1, words.size()) : words;
        rest.stream().filter(word -> !word.contains("=")).findFirst().ifPresent(word -> {
            throw new PlumbException("'" + word + "' is no setting; methods are named as in methods=[dpo, ipo].");
        });
        if (file && Methods.find(words.get(0)).isPresent()) {
            throw new PlumbException("'" + words.get(0) + "' is no file; methods are named as in methods=[dpo, ipo].");
        }
        YamlSource source = (file ? YamlSource.file(Path.of(words.get(0))) : YamlSource.commandLine()).with(rest);
        Set<String> own = Settings.of(CompareSettings.class).stream()
                .map(setting -> setting.key())
                .collect(Collectors.toSet());
        CompareSettings settings = Binder.bind(CompareSettings.class, source, own::contains, "");
        List<Method<?>> methods = methods(settings.methods());
        requireKeys(source, own, methods);
        if (new HashSet<>(settings.seeds()).size() < settings.seeds().size()) {
            throw new PlumbException("seeds: the same seed twice gives the same run twice; give different ones.");
        }
        Predicate<String> shared =
                key -> !own.contains(key) && Methods.find(key).isEmpty();
        List<Run> runs = new ArrayList<>();
        for (Method<?> method : methods) {
            if (settings.seeds().isEmpty()) {
                runs.add(run(method, method.name(), settings, source, shared, Optional.empty()));
            }
            for (long seed : settings.seeds()) {
                runs.add(run(method, method.name() + "-seed-" + seed, settings, source, shared, Optional.of(seed)));
            }
        }
        requireSameBudget(runs);
        return new ComparePlan(settings, runs);
    }

    private static Run run(
            Method<?> method,
            String name,
            CompareSettings settings,
            YamlSource source,
            Predicate<String> shared,
            Optional<Long> seed) {
        String of = method.name() + ".";
        List<String> more = new ArrayList<>(List.of(
                of + "method=" + method.name(),
                of + "output=" + settings.output().resolve(name)));
        seed.ifPresent(one -> more.add(of + "seed=" + one));
        Job job = bind(method, source.with(more), shared);
        if (job instanceof UnpairedJob) { // as many pairs a step as the others, each of them two rows
            more.add(of + "per_device_train_batch_size="
                    + Math.multiplyExact(2, job.optimisation().perDeviceTrainBatchSize()));
            job = bind(method, source.with(more), shared);
        }
        return new Run(method.name(), name, job);
    }

    private static <J extends Record & Job> Job bind(Method<J> method, YamlSource source, Predicate<String> shared) {
        return Binder.bind(method.job(), source, shared, method.name());
    }

    private static List<Method<?>> methods(List<String> names) {
        if (new HashSet<>(names).size() < names.size() || names.size() < 2) {
            throw new PlumbException(
                    "methods: name at least two, each once, as in methods=[dpo, ipo]; there are " + comparable() + ".");
        }
        return names.stream().<Method<?>>map(ComparePlan::method).toList();
    }

    private static Method<?> method(String name) {
        Method<?> method = Methods.find(name).orElseThrow(() -> {
            String near = Suggestions.nearest(
                            name, Methods.all().stream().map(Method::name).toList())
                    .map(other -> ", did you mean '" + other + "'?")
                    .orElse(";");
            return new PlumbException("methods: there is no method '" + name + "'" + near
                    + " Those that learn from pairs" + " are " + comparable() + ".");
        });
        if (!takesPairs(method)) {
            throw new PlumbException("methods: " + name
                    + " cannot be compared with methods that learn to prefer one answer"
                    + " to another; it is " + method.title() + ", from " + method.data() + ". Train it by itself (`"
                    + Text.program() + " train " + name + "`) and measure it with `" + Text.program()
                    + " eval`; a model that it trained can be what a comparison starts from, if it writes answers."
                    + " Those that learn from pairs are " + comparable() + ".");
        }
        return method;
    }

    private static boolean takesPairs(Method<?> method) {
        return PreferenceJob.class.isAssignableFrom(method.job()) || UnpairedJob.class.isAssignableFrom(method.job());
    }

    private static String comparable() {
        return Methods.all().stream()
                .filter(ComparePlan::takesPairs)
                .map(Method::name)
                .collect(Collectors.joining(", "));
    }

    /** What is given for all must mean the same to all, and what is given for one must not make its task another. */
    private static void requireKeys(YamlSource source, Set<String> own, List<Method<?>> methods) {
        Set<String> common = firstNames(Methods.all().get(0));
        Methods.all().forEach(method -> common.retainAll(firstNames(method)));
        List<String> faults = new ArrayList<>();
        for (String key : Binder.keys(source, Optional.empty())) {
            List<String> having = methods.stream()
                    .filter(method -> firstNames(method).contains(key))
                    .map(Method::name)
                    .toList();
            if (key.equals("method")) {
                faults.add("method: a comparison has several, as in methods=[dpo, ipo].");
            } else if (Methods.find(key).isPresent()
                    && methods.stream().noneMatch(method -> method.name().equals(key))) {
                faults.add(key + ": there are settings for it, but it is not among methods.");
            } else if (!own.contains(key) && !common.contains(key) && !having.isEmpty()) {
                faults.add(key + ": each method has its own; say for which, as in " + having.get(0) + "." + key
                        + "=…. Of these methods " + String.join(", ", having) + " know it.");
            }
        }
        for (Method<?> method : methods) {
            for (String key : Binder.keys(source, Optional.of(method.name()))) {
                if (FIXED.contains(key)) {
                    faults.add(method.name() + "." + key + ": must be the same for all methods, or it is what would be"
                            + " compared; give it without " + method.name() + ", or leave it out.");
                }
            }
        }
        if (Binder.keys(source, Optional.empty()).containsAll(Set.of("seed", "seeds"))) {
            faults.add("seed and seeds: give one of them.");
        }
        if (!faults.isEmpty()) {
            throw new PlumbException(String.join("\n", faults));
        }
    }

    private static Set<String> firstNames(Method<?> method) {
        return method.settings().stream()
                .map(setting -> setting.key().split("[.\\[]", 2)[0])
                .collect(Collectors.toCollection(LinkedHashSet::new));
    }

    private static void requireSameBudget(List<Run> runs) {
        for (Run run : runs) {
            if (run.job().run().loadBestModelAtEnd() || run.job().run().earlyStoppingPatience() > 0) {
                throw new PlumbException(
                        "load_best_model_at_end and early_stopping_patience choose a model by the held-out"
                                + " pairs, which are then no fair judge of it, and end some runs before others; leave them out.");
            }
            Job first = runs.get(0).job();
            if (run.job().optimisation().maxSteps().isEmpty() && run.job().numTrainEpochs() != first.numTrainEpochs()) {
                throw new PlumbException("num_train_epochs: by default " + run.method() + " takes "
                        + run.job().numTrainEpochs() + " and " + runs.get(0).method() + " " + first.numTrainEpochs()
                        + "; give num_train_epochs or max_steps.");
            }
        }
    }
}
