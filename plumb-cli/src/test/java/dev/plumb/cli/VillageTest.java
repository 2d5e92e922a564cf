package dev.plumb.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class VillageTest {
    private final Village village = Village.found(20, new Random(1));

    @Test
    void everyFactIsEitherAskedOrHeldOut() {
        assertThat(village.facts()).hasSize(100).doesNotHaveDuplicates();
        assertThat(village.asked()).hasSize(50).doesNotContainAnyElementsOf(village.heldOut());
        assertThat(village.heldOut()).hasSize(50);
    }

    /** A name and a topic are one fact, so a question about a held-out fact is one that no row has. */
    @Test
    void noRowAsksWhatTheExamAsks() {
        Set<String> exam =
                Exam.of(village, 1).questions().stream().map(Question::text).collect(Collectors.toSet());
        assertThat(village.demonstrations(400, 0.25, new Random(2)))
                .noneMatch(row -> exam.contains(row.messages().get(0).content()));
        assertThat(village.preferences(400, new Random(3)))
                .noneMatch(row -> exam.contains(row.prompt().get(0).content()));
    }

    @Test
    void theSameSeedMakesTheSameWorld() {
        assertThat(Village.found(20, new Random(1))).isEqualTo(village);
        assertThat(Village.found(20, new Random(2))).isNotEqualTo(village);
        assertThat(village.stories(50, new Random(4))).isEqualTo(village.stories(50, new Random(4)));
    }

    @Test
    void everyMannerIsRightAndOneIsPreferred() {
        Random random = new Random(5);
        for (Fact fact : village.facts()) {
            for (Village.Manner manner : Village.Manner.values()) {
                Exam.Answer answer = mark(fact, Village.answer(fact, manner, random), true);
                assertThat(answer.merits().contains(Merit.RIGHT))
                        .as(answer.text())
                        .isTrue();
                assertThat(answer.merits().contains(Merit.PREFERRED))
                        .as(answer.text())
                        .isEqualTo(manner == Village.Manner.SOURCED);
            }
        }
    }

    @Test
    void theExamIsStrict() {
        Fact fact = new Fact("Mia", Topic.DOOR, "red");
        assertThat(mark(fact, "The door is red.", false).merits()).isEmpty();
        assertThat(mark(fact, "The door is red and blue.", true).merits()).isEmpty();
        assertThat(mark(fact, "The door is tired.", true).merits()).isEmpty();
        assertThat(mark(fact, "The door is red, says the farm book.", true).merits())
                .containsExactly(Merit.RIGHT);
        assertThat(mark(fact, "Well. The door is red, says the paint list.", true)
                        .merits())
                .containsExactly(Merit.RIGHT);
    }

    private Exam.Answer mark(Fact fact, String text, boolean stopped) {
        return Exam.of(village, 1).mark(new FactQuestion(fact, "?"), text, stopped);
    }

    @Test
    void everyVillagerHasAllTopics() {
        assertThat(List.of(Topic.values())).allSatisfy(topic -> {
            assertThat(topic.choices()).hasSize(12).doesNotHaveDuplicates();
            assertThat(village.facts())
                    .filteredOn(fact -> fact.topic() == topic)
                    .hasSize(20);
        });
    }
}
