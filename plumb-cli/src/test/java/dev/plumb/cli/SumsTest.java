package dev.plumb.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class SumsTest {
    private final Sums sums = Sums.deal(new Random(1));

    @Test
    void everySumThatCarriesIsEitherLearntOrHeldOut() {
        assertThat(sums.learnt()).hasSize(240).doesNotHaveDuplicates().doesNotContainAnyElementsOf(sums.heldOut());
        assertThat(sums.heldOut()).hasSize(120).doesNotHaveDuplicates();
        assertThat(sums.learnt()).allSatisfy(sum -> {
            assertThat(sum.first() % 10 + sum.second()).isBetween(10, 18);
            assertThat(sum.total()).isLessThan(100);
        });
        assertThatThrownBy(() -> new Sum(12, 7)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void noRowAsksWhatTheExamAsks() {
        Set<String> exam =
                Exam.of(sums, 1).questions().stream().map(Question::text).collect(Collectors.toSet());
        assertThat(exam).hasSize(120);
        assertThat(sums.demonstrations(2000, 0.25, new Random(2)))
                .noneMatch(row -> exam.contains(row.messages().get(0).content()));
        assertThat(Sums.problems(sums.learnt()))
                .noneMatch(row -> exam.contains(row.prompt().get(0).content()));
        assertThat(Sums.problems(sums.heldOut()))
                .allMatch(row -> exam.contains(row.prompt().get(0).content()));
    }

    @Test
    void aSumIsWorkedOutWithAndWithoutTheCarriedTen() {
        Sum sum = new Sum(25, 7);
        assertThat(sum.text()).isEqualTo("25+7=?");
        assertThat(sum.workedOut(true)).isEqualTo("5+7=12, 2+1=3. The answer is 32.");
        assertThat(sum.workedOut(false)).isEqualTo("5+7=12. The answer is 22.");
    }

    @Test
    void demonstrationsForgetTheTenAsOftenAsAsked() {
        Exam exam = Exam.of(new Sums(sums.heldOut(), sums.learnt()), 1);
        long right = sums.demonstrations(240, 0.25, new Random(3)).stream()
                .filter(row -> exam.questions().stream()
                        .anyMatch(sum -> sum.text().equals(row.messages().get(0).content())
                                && exam.mark(sum, row.messages().get(1).content(), true)
                                        .merits()
                                        .contains(Merit.SUM)))
                .count();
        assertThat(right).isBetween(40L, 80L);
    }

    @Test
    void theExamIsStrict() {
        Exam exam = Exam.of(sums, 1);
        Sum sum = sums.heldOut().get(0);
        assertThat(exam.mark(sum, sum.workedOut(true), true).merits()).containsExactly(Merit.SUM);
        assertThat(exam.mark(sum, sum.workedOut(true), false).merits()).isEmpty();
        assertThat(exam.mark(sum, sum.workedOut(false), true).merits()).isEmpty();
        assertThat(exam.mark(sum, sum.truth(), true).merits()).isEmpty();
        assertThat(exam.mark(sum, sum.workedOut(true) + " The answer is 7.", true)
                        .merits())
                .isEmpty();
    }
}
