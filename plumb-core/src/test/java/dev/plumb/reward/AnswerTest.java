package dev.plumb.reward;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The specification's table of equal and unequal answers, and its cases of finding them. */
class AnswerTest {
    private final AnswerEquality equality = new AnswerEquality(new Units(List.of("banana")));

    @TestFactory
    Stream<DynamicTest> equalAndUnequalAnswers() throws IOException {
        JsonNode vector = Inputs.vector("math-answer-equality");
        List<DynamicTest> tests = new ArrayList<>();
        for (int i = 0; i < vector.at("/inputs/cases").size(); i++) {
            JsonNode pair = vector.at("/inputs/cases/" + i);
            String prediction = pair.get("prediction").asText();
            String gold = pair.get("gold").asText();
            boolean expected = vector.at("/expected/equal/" + i).asBoolean();
            tests.add(DynamicTest.dynamicTest(prediction + (expected ? " is " : " is not ") + gold, () -> {
                assertThat(same(prediction, gold)).isEqualTo(expected);
                assertThat(same(gold, prediction)).as("symmetric").isEqualTo(expected);
            }));
        }
        assertThat(tests).hasSize(91);
        return tests.stream();
    }

    @Test
    void answersAreFoundWhereTheyStand() throws IOException {
        JsonNode vector = Inputs.vector("answer-extraction");
        List<String> answers = new ArrayList<>();
        List<String> sources = new ArrayList<>();
        for (JsonNode text : vector.at("/inputs/texts")) {
            Optional<Answer> answer = Answer.in(text.asText(), false);
            answers.add(answer.map(Answer::text).orElse("(none)"));
            sources.add(answer.map(it -> it.source().name().toLowerCase(Locale.ROOT))
                    .orElse("none"));
        }
        assertThat(answers).isEqualTo(Inputs.texts(vector.at("/expected/answers")));
        assertThat(sources).isEqualTo(Inputs.texts(vector.at("/expected/sources")));
    }

    @Test
    void furtherWaysToWriteTheSame() {
        List.of(
                        List.of("2½", "5/2"),
                        List.of("x²", "x^2"),
                        List.of("$\\boxed{\\text{(C)}}$.", "c"),
                        List.of("-$5", "-5"),
                        List.of("\\frac1{2}", "0.5"),
                        List.of("\\sqrt[3]{8}", "2"),
                        List.of("5 ft", "5 feet"),
                        List.of("3 bananas", "3"),
                        List.of("3\\text{ cm}^2", "3 cm^{2}"),
                        List.of("\\left( 1, \\frac{1}{2} \\right)", "(1, 0.5)"),
                        List.of("-x^2", "-(x^2)"),
                        List.of("2^3^2", "512"),
                        List.of("1{,}234{,}567", "1234567"),
                        List.of("{1, 2}", "2, 1"),
                        List.of("\\(\\frac{3}{4}\\)", "75%"))
                .forEach(pair -> assertThat(same(pair.get(0), pair.get(1)))
                        .as("%s is %s", pair.get(0), pair.get(1))
                        .isTrue());
        List.of(
                        List.of("3 4", "12"),
                        List.of("3 4", "34"),
                        List.of("dog", "god"),
                        List.of("2½", "10.5"),
                        List.of("-x^2", "x^2"),
                        List.of("3 cm^2", "3 cm^3"),
                        List.of("1e9999", "1e9998"),
                        List.of("", ""),
                        List.of("\\sqrt{-1}", "\\sqrt{-2}"),
                        List.of("(1,2)", "1,2"))
                .forEach(pair -> assertThat(same(pair.get(0), pair.get(1)))
                        .as("%s is not %s", pair.get(0), pair.get(1))
                        .isFalse());
    }

    @Test
    void hostileAnswersEndSoon() {
        long start = System.nanoTime();
        List<String> hostile = List.of(
                "(".repeat(512),
                "{".repeat(256) + "}".repeat(256),
                "1,".repeat(255) + "1",
                "a,".repeat(255) + "b",
                "\\frac{1}{".repeat(50),
                "9^".repeat(255) + "9",
                "-".repeat(512),
                "1e1000",
                "$".repeat(512),
                "\\text{".repeat(85),
                "\\pm 1,".repeat(85),
                "\\",
                "1".repeat(512),
                "\uD800",
                "x".repeat(100_000));
        for (String one : hostile) {
            for (String other : hostile) {
                equality.compare(one, other);
            }
            equality.isText(one);
            Answer.in("\\boxed{" + one, true);
            Answer.in("<answer>".repeat(1000) + one + "the answer is ".repeat(1000), true);
        }
        assertThat(equality.compare("x".repeat(513), "x")).isEqualTo(AnswerEquality.Verdict.TOO_LONG);
        assertThat(equality.compare("a,".repeat(255) + "b", "c,".repeat(255) + "d"))
                .isIn(AnswerEquality.Verdict.UNEQUAL, AnswerEquality.Verdict.TOO_MANY);
        assertThat((System.nanoTime() - start) / 1e9).as("seconds").isLessThan(30);
    }

    private boolean same(String a, String b) {
        return equality.compare(a, b) == AnswerEquality.Verdict.EQUAL;
    }
}
