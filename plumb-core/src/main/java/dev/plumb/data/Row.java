package dev.plumb.data;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** One row of a data file in the shape that a way of learning needs, before it becomes tokens. */
public sealed interface Row {
    /**
     * Where the row came from.
     *
     * @return file and line
     */
    RowId id();

    /**
     * Something to imitate: plain text, a conversation, or a prompt and its completion.
     *
     * @param id where the row came from
     * @param prompt what comes before the completion; absent for plain text and whole conversations
     * @param completion what is to be learnt
     * @param tools tool descriptions for the chat template, empty if none
     */
    record Demonstration(RowId id, Optional<Content> prompt, Content completion, List<Map<String, Object>> tools)
            implements Row {}

    /**
     * Two answers to one prompt, of which people preferred the first.
     *
     * @param id where the row came from
     * @param prompt what both answers answer
     * @param chosen the preferred answer
     * @param rejected the other answer
     * @param tools tool descriptions for the chat template, empty if none
     * @param judgement what else they said of the two
     */
    record Preference(
            RowId id,
            Content prompt,
            Content chosen,
            Content rejected,
            List<Map<String, Object>> tools,
            Judgement judgement)
            implements Row {
        /**
         * A preference and no more.
         *
         * @param id where the row came from
         * @param prompt what both answers answer
         * @param chosen the preferred answer
         * @param rejected the other answer
         * @param tools tool descriptions for the chat template, empty if none
         */
        public Preference(RowId id, Content prompt, Content chosen, Content rejected, List<Map<String, Object>> tools) {
            this(id, prompt, chosen, rejected, tools, Judgement.PLAIN);
        }
    }

    /**
     * Several answers to one prompt in the order that people put them in.
     *
     * @param id where the row came from
     * @param prompt what the answers answer
     * @param completions the answers, at least two
     * @param ranks the rank of each, 1 for the best; equal ranks stand for answers that are equally good
     * @param tools tool descriptions for the chat template, empty if none
     */
    record Ranked(
            RowId id, Content prompt, List<Content> completions, List<Integer> ranks, List<Map<String, Object>> tools)
            implements Row {
        /** Checks that every answer has a rank. */
        public Ranked {
            completions = List.copyOf(completions);
            ranks = List.copyOf(ranks);
            if (completions.size() < 2 || completions.size() != ranks.size()) {
                throw new IllegalArgumentException(
                        completions.size() + " answers with " + ranks.size() + " ranks are no ranking");
            }
        }
    }

    /**
     * One answer to a prompt, of which people said whether it is good.
     *
     * @param id where the row came from
     * @param prompt what the answer answers
     * @param completion the answer
     * @param desirable whether it is good
     * @param tools tool descriptions for the chat template, empty if none
     */
    record Judged(RowId id, Content prompt, Content completion, boolean desirable, List<Map<String, Object>> tools)
            implements Row {}

    /**
     * Something that the model is to answer itself.
     *
     * @param id where the row came from
     * @param prompt what is to be answered
     * @param tools tool descriptions for the chat template, empty if none
     * @param columns the row's columns under the file's names, without nulls: what a reward function may look at
     */
    record Prompt(RowId id, Content prompt, List<Map<String, Object>> tools, Map<String, Object> columns)
            implements Row {
        /** Copies the columns. */
        public Prompt {
            columns = Collections.unmodifiableMap(new LinkedHashMap<>(columns));
        }
    }

    /**
     * A belief that some people hold about a prompt, and two answers of which the first voices it.
     *
     * @param id where the row came from
     * @param prompt what the answers answer
     * @param belief the belief's number
     * @param prefix what states the belief at the start of the answer: its number, and its words if there are any
     * @param chosen the answer that voices the belief
     * @param rejected an answer that voices another
     * @param opinions how people are spread over beliefs
     * @param tools tool descriptions for the chat template, empty if none
     */
    record Belief(
            RowId id,
            Content prompt,
            int belief,
            String prefix,
            Content chosen,
            Content rejected,
            Opinions opinions,
            List<Map<String, Object>> tools)
            implements Row {}

    /**
     * A solution in steps, of some of which people or a model said how good they are.
     *
     * @param id where the row came from
     * @param prompt the problem
     * @param steps its steps in order, at least one
     * @param labels for each step 1 if it is good, 0 if it is bad, a probability between, or NaN where nothing is said of it
     * @param tools tool descriptions for the chat template, empty if none
     */
    record Steps(RowId id, Content prompt, List<String> steps, double[] labels, List<Map<String, Object>> tools)
            implements Row {
        /** Checks that there is a label a step, or NaN. */
        public Steps {
            steps = List.copyOf(steps);
            if (steps.isEmpty() || steps.size() != labels.length) {
                throw new IllegalArgumentException(steps.size() + " steps cannot have " + labels.length + " labels");
            }
        }
    }
}
