package dev.plumb.reward;

import dev.plumb.config.Binder;
import dev.plumb.config.Setting;
import dev.plumb.config.Shorthand;
import dev.plumb.config.YamlSource;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * One reward of {@code reward_funcs}. Settings of its own stand under its name, as in {@code {name: regex, regex: {pattern: a}}}.
 *
 * @param name which
 * @param label what its metrics are called
 * @param weight its weight in the sum
 * @param clipMin the smallest value
 * @param clipMax the largest value
 * @param normalise how values are put on one scale
 * @param timeout how long one call may take, in seconds
 * @param onFailure what becomes of a completion that it could not score
 * @param accuracy settings of accuracy
 * @param format settings of format
 * @param json settings of json
 * @param length settings of length
 * @param cosine settings of cosine
 * @param overlong settings of overlong
 * @param repetition settings of repetition
 * @param language settings of language
 * @param regex settings of regex
 * @param code settings of code
 * @param command settings of command
 */
@Shorthand("name")
public record RewardSpec(
        @Setting(
                doc =
                        "accuracy: the final answer is right; format: thought and answer in their tags; json: JSON, by a schema;"
                                + " length, cosine, overlong: by length in tokens; repetition: a penalty; language: the share of words"
                                + " in it; regex: a pattern is found; code: a program passes its tests; command: a program of yours.")
        Name name,

        @Setting(doc = "What its metrics are called; without it, its name.")
        Optional<String> label,

        @Setting(doc = "Its weight in the sum. reward_weights, TRL's list, sets all at once.", byDefault = "1.0")
        double weight,

        @Setting(doc = "The smallest value that it may have, before weighting.")
        Optional<Double> clipMin,

        @Setting(doc = "The largest value that it may have, before weighting.")
        Optional<Double> clipMax,

        @Setting(
                doc = "none, or batch: less the mean and divided by the deviation of the step's completions.",
                byDefault = "none")
        RewardPart.Normalise normalise,

        @Setting(
                doc =
                        "How long one call may take, in seconds. Without it 10, and for code and command a little more than"
                                + " their own limits.",
                min = 0,
                aboveMin = true)
        Optional<Double> timeout,

        @Setting(
                doc =
                        "What becomes of a completion that it could not score for a fault or a timeout: mask leaves it out of"
                                + " learning; skip sums the other rewards.",
                byDefault = "mask")
        RewardPart.OnFailure onFailure,

        @Setting(doc = "Settings of accuracy.") Optional<AccuracyReward.Config> accuracy,
        @Setting(doc = "Settings of format.") Optional<FormatReward.Config> format,
        @Setting(doc = "Settings of json.") Optional<JsonReward.Config> json,
        @Setting(doc = "Settings of length.") Optional<LengthReward.Config> length,
        @Setting(doc = "Settings of cosine.") Optional<CosineReward.Config> cosine,
        @Setting(doc = "Settings of overlong.") Optional<OverlongReward.Config> overlong,
        @Setting(doc = "Settings of repetition.") Optional<RepetitionReward.Config> repetition,
        @Setting(doc = "Settings of language.") Optional<LanguageReward.Config> language,
        @Setting(doc = "Settings of regex.") Optional<RegexReward.Config> regex,
        @Setting(doc = "Settings of code.") Optional<CodeReward.Config> code,
        @Setting(doc = "Settings of command.") Optional<CommandReward.Config> command) {
    private static final double SECONDS = 10;
    private static final double SPARE_SECONDS = 5; // for starting and ending processes

    /** The rewards. */
    public enum Name {
        /** {@link AccuracyReward}. */
        ACCURACY,
        /** {@link FormatReward}. */
        FORMAT,
        /** {@link JsonReward}. */
        JSON,
        /** {@link LengthReward}. */
        LENGTH,
        /** {@link CosineReward}. */
        COSINE,
        /** {@link OverlongReward}. */
        OVERLONG,
        /** {@link RepetitionReward}. */
        REPETITION,
        /** {@link LanguageReward}. */
        LANGUAGE,
        /** {@link RegexReward}. */
        REGEX,
        /** {@link CodeReward}. */
        CODE,
        /** {@link CommandReward}. */
        COMMAND;

        private String key() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Refuses settings of another reward, and lacking ones. */
    public RewardSpec {
        Map<Name, Optional<? extends Record>> own = new EnumMap<>(Name.class);
        own.put(Name.ACCURACY, accuracy);
        own.put(Name.FORMAT, format);
        own.put(Name.JSON, json);
        own.put(Name.LENGTH, length);
        own.put(Name.COSINE, cosine);
        own.put(Name.OVERLONG, overlong);
        own.put(Name.REPETITION, repetition);
        own.put(Name.LANGUAGE, language);
        own.put(Name.REGEX, regex);
        own.put(Name.CODE, code);
        own.put(Name.COMMAND, command);
        for (Map.Entry<Name, Optional<? extends Record>> entry : own.entrySet()) {
            if (entry.getKey() != name && entry.getValue().isPresent()) {
                throw new IllegalArgumentException("the reward " + name.key() + " does not take settings of "
                        + entry.getKey().key());
            }
        }
        if (name == Name.REGEX && regex.isEmpty()) {
            throw new IllegalArgumentException(
                    "the reward regex needs its pattern, as in {name: regex, regex: {pattern: please}}");
        }
        if (name == Name.COMMAND && command.isEmpty()) {
            throw new IllegalArgumentException(
                    "the reward command needs its program, as in {name: command, command: {command: [python3, r.py]}}");
        }
        if (clipMin.isPresent() && clipMax.isPresent() && clipMin.get() > clipMax.get()) {
            throw new IllegalArgumentException("clip_min " + clipMin.get() + " is above clip_max " + clipMax.get());
        }
    }

    /**
     * The reward with its place in the sum.
     *
     * @param weight its weight
     * @return the part
     * @throws dev.plumb.config.PlumbException if it cannot work here, as code cannot without a sandbox
     */
    RewardPart part(double weight) {
        double seconds = timeout.orElse(
                switch (name) {
                    case CODE -> own(code, CodeReward.Config.class).seconds() + SPARE_SECONDS;
                    case COMMAND -> command.orElseThrow().limits().wallSeconds() + SPARE_SECONDS;
                    default -> SECONDS;
                });
        return new RewardPart(
                label.orElse(name.key()),
                rule(),
                weight,
                clipMin,
                clipMax,
                normalise,
                Duration.ofNanos((long) (seconds * 1e9)),
                onFailure);
    }

    private Rule rule() {
        return switch (name) {
            case ACCURACY -> new AccuracyReward(own(accuracy, AccuracyReward.Config.class));
            case FORMAT -> new FormatReward(own(format, FormatReward.Config.class));
            case JSON -> new JsonReward(own(json, JsonReward.Config.class));
            case LENGTH -> new LengthReward(own(length, LengthReward.Config.class));
            case COSINE -> new CosineReward(own(cosine, CosineReward.Config.class));
            case OVERLONG -> new OverlongReward(own(overlong, OverlongReward.Config.class));
            case REPETITION -> new RepetitionReward(own(repetition, RepetitionReward.Config.class));
            case LANGUAGE -> new LanguageReward(own(language, LanguageReward.Config.class));
            case REGEX -> new RegexReward(regex.orElseThrow());
            case CODE -> new CodeReward(own(code, CodeReward.Config.class));
            case COMMAND -> new CommandReward(command.orElseThrow());
        };
    }

    /** The settings given, or all at their defaults. */
    private static <T extends Record> T own(Optional<T> given, Class<T> type) {
        return given.orElseGet(() -> Binder.bind(type, YamlSource.commandLine()));
    }
}
