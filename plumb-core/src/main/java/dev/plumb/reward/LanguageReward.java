package dev.plumb.reward;

import dev.plumb.config.Setting;
import java.lang.Character.UnicodeScript;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * The share of words in the target language (arXiv 2501.12948, section 2.3.2: language consistency reward), of the thought if there
 * is one.
 *
 * <p>A word is a run of letters of one kind of writing; what has no letter is not counted. Kinds of writing are told by
 * Unicode. Languages that share the Latin letters are told sentence by sentence, by their most frequent words: a sentence
 * counts as the target's unless another language has more of them there. Chinese and Japanese are not parted into words: a run of their characters is
 * one, or each character is, as {@code cjk_unit} says. No words, no reward.
 */
final class LanguageReward implements Rule {
    private static final Map<String, Set<UnicodeScript>> SCRIPTS = Map.ofEntries(
            Map.entry("zh", Set.of(UnicodeScript.HAN)),
            Map.entry("ja", Set.of(UnicodeScript.HAN, UnicodeScript.HIRAGANA, UnicodeScript.KATAKANA)),
            Map.entry("ko", Set.of(UnicodeScript.HANGUL, UnicodeScript.HAN)),
            Map.entry("ru", Set.of(UnicodeScript.CYRILLIC)),
            Map.entry("uk", Set.of(UnicodeScript.CYRILLIC)),
            Map.entry("el", Set.of(UnicodeScript.GREEK)),
            Map.entry("ar", Set.of(UnicodeScript.ARABIC)),
            Map.entry("fa", Set.of(UnicodeScript.ARABIC)),
            Map.entry("he", Set.of(UnicodeScript.HEBREW)),
            Map.entry("hi", Set.of(UnicodeScript.DEVANAGARI)),
            Map.entry("th", Set.of(UnicodeScript.THAI)));
    private static final Set<UnicodeScript> LATIN = Set.of(UnicodeScript.LATIN);
    private static final Set<UnicodeScript> CJK =
            Set.of(UnicodeScript.HAN, UnicodeScript.HIRAGANA, UnicodeScript.KATAKANA);
    private static final Map<String, Set<String>> FREQUENT = new TreeMap<>(Map.of(
            "en",
                    words(
                            "the of and to in is that it for was with as on be at by this are from not have but we so which"),
            "de",
                    words(
                            "der die das und ist nicht ein eine zu den mit von auf für im sich dem wir auch es als wird aus"),
            "fr", words("le la les et est un une des du que qui dans pour pas sur nous avec ce il donc par plus au"),
            "es", words("el la los las y es un una de que en por para con no se del como más su al entonces son"),
            "it", words("il la di che e è un una per non con del della sono si le i gli come anche quindi da nel"),
            "pt", words("o a os as e é um uma de que em para com não se do da no na como mais por então são"),
            "nl", words("de het een en is van dat niet te in op met voor zijn die er aan ook als wij dus bij")));

    private final Config config;
    private final Set<UnicodeScript> scripts;

    LanguageReward(Config config) {
        this.config = config;
        this.scripts = SCRIPTS.getOrDefault(config.language(), LATIN);
    }

    /** What one word of Chinese or Japanese is. */
    enum CjkUnit {
        RUN,
        CHAR
    }

    /** Which part of a completion is looked at. */
    enum Where {
        THOUGHT,
        ANSWER,
        ALL
    }

    /**
     * Settings of the language reward.
     *
     * @param language the target
     * @param cjkUnit what one word of Chinese or Japanese is
     * @param where which part is looked at
     */
    record Config(
            @Setting(
                    doc =
                            "The target language: en, de, fr, es, it, pt, nl, zh, ja, ko, ru, uk, el, ar, fa, he, hi or th.",
                    byDefault = "en")
            String language,

            @Setting(
                    doc =
                            "What counts as one word of Chinese or Japanese: run, all characters in a row; or char, each.",
                    byDefault = "run")
            CjkUnit cjkUnit,

            @Setting(
                    doc = "thought: what stands before </think>, or all of it without one; answer: what follows; all.",
                    byDefault = "thought",
                    source = "arXiv 2501.12948: the chain of thought")
            Where where) {
        /** Checks the language. */
        Config {
            if (!FREQUENT.containsKey(language) && !SCRIPTS.containsKey(language)) {
                throw new IllegalArgumentException("language: " + language + " is not one of "
                        + String.join(", ", FREQUENT.keySet()) + ", "
                        + String.join(", ", new TreeMap<>(SCRIPTS).keySet()));
            }
        }
    }

    @Override
    public Score score(RewardInput input) {
        String text = switch (config.where()) {
            case THOUGHT -> Reasoning.thought(input.completion());
            case ANSWER -> Reasoning.answer(input.completion());
            case ALL -> input.completion();
        };
        Tally all = new Tally();
        for (String sentence : text.split("(?<=[.!?。！？\\n])")) {
            count(sentence, all);
        }
        return all.words == 0 ? Score.notApplicable("no_words") : Score.of(all.ofTarget / (double) all.words);
    }

    private static final class Tally {
        private long words;
        private long ofTarget;
    }

    private void count(String sentence, Tally all) {
        boolean target = scripts != LATIN || isTarget(sentence);
        boolean inRun = false; // whether the character before belongs to a word
        boolean runIsCjk = false;
        for (int i = 0; i < sentence.length(); ) {
            int c = sentence.codePointAt(i);
            i += Character.charCount(c);
            UnicodeScript script = UnicodeScript.of(c);
            if (inRun && joins(c)) {
                continue;
            }
            if (!Character.isLetter(c)) {
                inRun = false;
                continue;
            }
            boolean cjk = CJK.contains(script);
            if (!inRun || cjk != runIsCjk || cjk && config.cjkUnit() == CjkUnit.CHAR) {
                all.words++;
                all.ofTarget += scripts.contains(script) && target ? 1 : 0;
            }
            inRun = true;
            runIsCjk = cjk;
        }
    }

    /** Whether a sign belongs to the word before it. */
    private static boolean joins(int c) {
        int type = Character.getType(c);
        return c == '\''
                || c == '’'
                || type == Character.NON_SPACING_MARK
                || type == Character.COMBINING_SPACING_MARK
                || c == 'ー';
    }

    /** Whether no other language of Latin letters has more of its frequent words in a sentence. */
    private boolean isTarget(String sentence) {
        List<String> words = List.of(sentence.toLowerCase(Locale.ROOT).split("[^\\p{L}]+"));
        long target = hits(words, config.language());
        return FREQUENT.keySet().stream().allMatch(language -> hits(words, language) <= target);
    }

    private static long hits(List<String> words, String language) {
        Set<String> frequent = FREQUENT.get(language);
        return words.stream().filter(frequent::contains).count();
    }

    private static Set<String> words(String list) {
        return Set.of(list.split(" "));
    }
}
