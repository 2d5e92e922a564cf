package dev.plumb.reward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.plumb.config.PlumbException;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Each rule against the worked numbers of the specification, and at its edges. */
class RulesTest {
    @Test
    void accuracyAndFormatOfR1Zero() throws IOException {
        JsonNode vector = Inputs.vector("r1-zero-reward");
        Map<String, Object> row = Map.of("answer", vector.at("/inputs/gold").asText());
        Rule accuracy = new AccuracyReward(AccuracyReward.Config.byDefault());
        Rule format = new FormatReward(new FormatReward.Config(FormatReward.Mode.THINK_ANSWER));
        for (int i = 0; i < 8; i++) {
            RewardInput input = Inputs.of(vector.at("/inputs/texts/" + i).asText(), row);
            double right = value(accuracy, input);
            double formed = value(format, input);
            assertThat(right).isEqualTo(vector.at("/expected/accuracy/" + i).asDouble());
            assertThat(formed).isEqualTo(vector.at("/expected/format/" + i).asDouble());
            assertThat(right + formed)
                    .isEqualTo(vector.at("/expected/total/" + i).asDouble());
        }
    }

    @Test
    void thoughtAloneAndThoughtThatThePromptOpens() {
        Rule thinkOnly = new FormatReward(new FormatReward.Config(FormatReward.Mode.THINK_ONLY));
        assertThat(value(thinkOnly, Inputs.of("<think>a</think> 5"))).isEqualTo(1);
        assertThat(value(thinkOnly, Inputs.of("<think>a</think></think> 5"))).isEqualTo(0);
        RewardInput opened = new RewardInput("Q <think>\n", "a</think> 5", 3, true, Map.of());
        assertThat(value(thinkOnly, opened)).isEqualTo(1);
        assertThat(value(thinkOnly, Inputs.of("a</think> 5"))).isEqualTo(0);
    }

    @Test
    void accuracyCountsWhatItSaw() {
        Rule rule = new AccuracyReward(AccuracyReward.Config.byDefault());
        Map<String, Object> row = Map.of("answer", 72);
        assertThat(rule(rule, "\\boxed{71} \\boxed{72}", row).notes())
                .contains("answer_spam", "correct", "source_boxed");
        assertThat(rule(rule, "I think 72", row)).isEqualTo(Score.of(0, "no_answer"));
        assertThat(rule(rule, "#### 72", Map.of())).isEqualTo(Score.failure("no_gold"));
        assertThat(rule(rule, "#### 72", Map.of("answer", " "))).isEqualTo(Score.failure("no_gold"));
        assertThat(rule(rule, "The answer is blue.", Map.of("answer", "The sky is very blue"))
                        .notes())
                .contains("text_gold", "wrong");
        assertThat(rule(rule, "\\boxed{8}", Map.of("solution", "So it is \\boxed{8}."))
                        .value())
                .hasValue(1);
        Rule exact = new AccuracyReward(
                new AccuracyReward.Config(List.of("answer"), Optional.empty(), true, true, 2, -1, -0.5, List.of()));
        assertThat(rule(exact, "it is 72", row).value()).hasValue(2);
        assertThat(rule(exact, "\\boxed{72.0}", row).value()).hasValue(-1);
        assertThat(rule(exact, "no idea", row).value()).hasValue(-0.5);
    }

    @Test
    void cosineFallsWithLength() throws IOException {
        JsonNode vector = Inputs.vector("cosine-length-reward");
        Rule rule = new CosineReward(new CosineReward.Config(
                vector.at("/inputs/max_len").asInt(), 1, 0.5, -1, -0.5, AccuracyReward.Config.byDefault()));
        Map<String, Object> row = Map.of("answer", "5");
        for (int i = 0; i < 5; i++) {
            int n = vector.at("/inputs/lengths/" + i).asInt();
            assertThat(value(rule, Inputs.ofLength(n, "#### 5", row)))
                    .isCloseTo(vector.at("/expected/correct/" + i).asDouble(), within(1e-9));
            assertThat(value(rule, Inputs.ofLength(n, "#### 6", row)))
                    .isCloseTo(vector.at("/expected/wrong/" + i).asDouble(), within(1e-9));
        }
        assertThat(value(rule, Inputs.ofLength(1_000_000, "#### 5", row))).isCloseTo(0.5, within(1e-12));
        assertThat(rule(rule, "#### 5", Map.of()).failed()).isTrue();
    }

    @Test
    void overlongIsPunishedSoftly() throws IOException {
        JsonNode vector = Inputs.vector("overlong-soft-penalty");
        JsonNode small = Inputs.vector("dapo-soft-overlong");
        for (int i = 0; i < 5; i++) {
            Rule rule = new OverlongReward(new OverlongReward.Config(20480, 4096));
            assertThat(value(
                            rule,
                            Inputs.ofLength(vector.at("/inputs/lengths/" + i).asInt(), "", Map.of())))
                    .isCloseTo(vector.at("/expected/penalty/" + i).asDouble(), within(1e-12));
        }
        for (int i = 0; i < 6; i++) {
            Rule rule = new OverlongReward(new OverlongReward.Config(100, 20));
            assertThat(value(
                            rule,
                            Inputs.ofLength(small.at("/inputs/lengths/" + i).asInt(), "", Map.of())))
                    .isCloseTo(small.at("/expected/penalty/" + i).asDouble(), within(1e-12));
        }
    }

    @Test
    void lengthHasItsFullRewardWithinBounds() {
        Rule rule = new LengthReward(new LengthReward.Config(10, 20, 5));
        int[] lengths = {0, 6, 10, 20, 21, 25, 1000};
        double[] rewards = {0, 0.2, 1, 1, 0.8, 0, 0};
        for (int i = 0; i < lengths.length; i++) {
            assertThat(value(rule, Inputs.ofLength(lengths[i], "", Map.of()))).isCloseTo(rewards[i], within(1e-12));
        }
        assertThatThrownBy(() -> new LengthReward.Config(3, 2, 1)).hasMessageContaining("above max_tokens");
    }

    @Test
    void repetitionIsThePartOfRunsSeenBefore() {
        Rule rule = new RepetitionReward(new RepetitionReward.Config(3, -1));
        assertThat(value(rule, Inputs.of("one two three four"))).isEqualTo(0);
        assertThat(value(rule, Inputs.of("a b c a b c a"))).isCloseTo(-2.0 / 5, within(1e-12)); // abc bca cab | abc bca
        assertThat(value(rule, Inputs.of("Go go GO go"))).isCloseTo(-0.5, within(1e-12));
        assertThat(value(rule, Inputs.of("go"))).isEqualTo(0);
        assertThat(value(rule, Inputs.of(""))).isEqualTo(0);
        assertThat(value(rule, Inputs.of("go ".repeat(100_000)))).isCloseTo(-1, within(1e-4));
    }

    @Test
    void languageIsTheShareOfWordsInIt() throws IOException {
        for (String name : List.of("r1-language-consistency", "r1-language-consistency-char")) {
            JsonNode vector = Inputs.vector(name);
            Rule rule = language("en", vector.at("/inputs/cjk_unit").asText("run"));
            String text = String.join(" ", Inputs.texts(vector.at("/inputs/words")));
            assertThat(value(rule, Inputs.of(text)))
                    .isCloseTo(vector.at("/expected/reward").asDouble(), within(1e-12));
        }
    }

    @Test
    void languagesOfOneWritingAreToldBySentences() {
        String english = "So we have that the sum is seven, and it's not even.";
        String german = "Wir wissen, dass die Summe nicht gerade ist.";
        String japanese = "ラーメンは食べ物です。";
        assertThat(value(language("en", "run"), Inputs.of(english))).isEqualTo(1);
        assertThat(value(language("en", "run"), Inputs.of(german))).isEqualTo(0);
        assertThat(value(language("de", "run"), Inputs.of(english + " " + german)))
                .isCloseTo(8 / 20.0, within(1e-12));
        assertThat(value(language("ja", "run"), Inputs.of(japanese))).isEqualTo(1);
        assertThat(value(language("zh", "char"), Inputs.of(japanese))).isCloseTo(2 / 9.0, within(1e-12));
        assertThat(value(language("ru", "run"), Inputs.of("это два words"))).isCloseTo(2 / 3.0, within(1e-12));
        assertThat(value(language("hi", "run"), Inputs.of("हिन्दी भाषा"))).isEqualTo(1);
        assertThat(value(language("en", "run"), Inputs.of("<think>the sum</think> это")))
                .isEqualTo(1);
        assertThat(language("en", "run").score(Inputs.of("1 + 2 = 3"))).isEqualTo(Score.notApplicable("no_words"));
        assertThatThrownBy(() -> new LanguageReward.Config("xx", LanguageReward.CjkUnit.RUN, LanguageReward.Where.ALL))
                .hasMessageContaining("not one of");
    }

    @Test
    void patternsAreFoundOrMatched() {
        assertThat(value(new RegexReward(new RegexReward.Config("(?i)please", false)), Inputs.of("Yes, Please!")))
                .isEqualTo(1);
        assertThat(value(new RegexReward(new RegexReward.Config("(?i)please", true)), Inputs.of("Yes, Please!")))
                .isEqualTo(0);
        assertThatThrownBy(() -> new RegexReward.Config("(", false)).hasMessageContaining("not a regular expression");
    }

    @Test
    void jsonFitsItsSchema() {
        Map<String, Object> schema = Map.of(
                "type", "object", "required", List.of("age"), "properties", Map.of("age", Map.of("type", "integer")));
        Rule rule = new JsonReward(new JsonReward.Config(schema, Optional.empty()));
        assertThat(value(rule, Inputs.of("<think>hm</think> {\"age\": 3}"))).isEqualTo(1);
        assertThat(value(rule, Inputs.of("```json\n{\"age\": 3}\n```"))).isEqualTo(1);
        assertThat(rule(rule, "{\"age\": \"3\"}", Map.of())).isEqualTo(Score.of(0, "unfit_json"));
        assertThat(rule(rule, "{\"age\": 3} and", Map.of())).isEqualTo(Score.of(0, "no_json"));
        assertThat(rule(rule, "", Map.of())).isEqualTo(Score.of(0, "no_json"));
        assertThat(rule(rule, "[".repeat(100_000), Map.of())).isEqualTo(Score.of(0, "no_json"));
        Rule any = new JsonReward(new JsonReward.Config(Map.of(), Optional.empty()));
        assertThat(value(any, Inputs.of("[1, 2]"))).isEqualTo(1);
    }

    @Test
    void schemasThatReachOutsideAreRefused() {
        Map<String, Object> outside = Map.of("$ref", "https://example.org/schema.json");
        assertThatThrownBy(() -> new JsonReward(new JsonReward.Config(outside, Optional.empty())))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining("outside");
        Map<String, Object> wrong = Map.of("type", "object", "pattern", "(");
        assertThatThrownBy(() -> new JsonReward(new JsonReward.Config(wrong, Optional.empty())))
                .isInstanceOf(PlumbException.class);
    }

    private static LanguageReward language(String language, String unit) {
        LanguageReward.CjkUnit cjk = unit.equals("char") ? LanguageReward.CjkUnit.CHAR : LanguageReward.CjkUnit.RUN;
        return new LanguageReward(new LanguageReward.Config(language, cjk, LanguageReward.Where.THOUGHT));
    }

    private static Score rule(Rule rule, String completion, Map<String, Object> row) {
        try {
            return rule.score(Inputs.of(completion, row));
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private static double value(Rule rule, RewardInput input) {
        try {
            return rule.score(input).value().orElseThrow();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }
}
