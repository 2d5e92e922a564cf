package dev.plumb.data;

import dev.plumb.config.PlumbException;
import dev.plumb.text.Message;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What the columns of a file mean, found on one of its first rows and then asked of every row.
 *
 * @param form which columns make a row
 * @param kind what is asked of the rows
 * @param turnsInPrompt whether the prompt is a list of turns rather than text
 * @param turnsInAnswer whether the answers are lists of turns rather than text
 * @param mapping our names of columns to the file's names
 * @param description the shape in words
 */
record Shape(
        Form form,
        RowKind kind,
        boolean turnsInPrompt,
        boolean turnsInAnswer,
        Map<String, String> mapping,
        String description) {
    /** What only reward models learn from. */
    private static final Set<String> JUDGEMENT = Set.of("margin", "preference_probability", "tie");

    /** What only a chat template has a use for. */
    private static final Set<String> OF_CHATS = Set.of("system", "tools");

    private static final Set<Form> ALWAYS_TURNS = Set.of(
            Form.MESSAGES,
            Form.SHARE_GPT,
            Form.ALPACA,
            Form.SHARE_GPT_PAIR,
            Form.ALPACA_PAIR,
            Form.MESSAGES_PAIR,
            Form.MESSAGES_JUDGED,
            Form.SHARE_GPT_JUDGED,
            Form.ALPACA_JUDGED,
            Form.MESSAGES_PROMPT,
            Form.ALPACA_PROMPT);

    private static final Set<Form> IN_STEPS = Set.of(Form.STEPWISE, Form.STEPS);

    /** Finds the shape on a row; empty if the row has the right columns but null in one of them. */
    static Optional<Shape> find(RowId id, Map<String, @Nullable Object> values, DataFile file, RowKind kind) {
        Map<String, String> mapping = mapping(values, file, kind);
        Cells cells = new Cells(values, mapping);
        Form form = form(id, cells, mapping, kind);
        for (String name : form.required()) {
            if (cells.find(name) == null) {
                return Optional.empty();
            }
        }
        boolean turnsInPrompt = isTurns(cells.find("prompt")) || ALWAYS_TURNS.contains(form);
        boolean turnsInAnswer = kind != RowKind.PROMPT && !IN_STEPS.contains(form) && isTurns(oneAnswer(form, cells));
        Form fitting =
                form.isPair() && turnsInAnswer && isWhole(cells, form, turnsInPrompt) ? Form.IMPLICIT_PAIR : form;
        Shape shape = new Shape(fitting, kind, turnsInPrompt, turnsInAnswer, mapping, "");
        return Optional.of(new Shape(fitting, kind, turnsInPrompt, turnsInAnswer, mapping, shape.describe(id, cells)));
    }

    /** The file's names of columns; LLaMA-Factory's name of the label is known without being told. */
    private static Map<String, String> mapping(Map<String, @Nullable Object> values, DataFile file, RowKind kind) {
        Map<String, String> given = file.columns();
        if (kind != RowKind.UNPAIRED
                || !values.containsKey("kto_tag")
                || values.containsKey("label")
                || given.containsKey("label")
                || given.containsValue("kto_tag")) {
            return given;
        }
        Map<String, String> mapping = new LinkedHashMap<>(given);
        mapping.put("label", "kto_tag");
        return mapping;
    }

    private static Form form(RowId id, Cells cells, Map<String, String> mapping, RowKind kind) {
        Set<String> absent = new TreeSet<>(mapping.values());
        absent.removeAll(cells.values().keySet());
        if (!absent.isEmpty()) {
            throw new PlumbException(id + " has no column " + String.join(" and no column ", absent)
                    + ", which columns asks for; it has "
                    + Cells.listed(cells.values().keySet()) + ".");
        }
        return Form.find(kind, cells.names(), mapping.keySet())
                .orElseThrow(() -> new PlumbException(id + " has the columns "
                        + Cells.listed(cells.values().keySet())
                        + (mapping.isEmpty() ? "" : " (with columns: " + mapping + ")")
                        + ", and none of the sets that make a "
                        + kind.title() + ": " + Form.accepted(kind)
                        + ". Map the file's columns to one set, for example columns: {"
                        + kind.mapping()
                        + "}."
                        + kind.remark()));
    }

    private static boolean isTurns(@Nullable Object value) {
        return value instanceof List<?> || value instanceof Map<?, ?>;
    }

    /** The answer, or the first of a list of them. */
    private static @Nullable Object oneAnswer(Form form, Cells cells) {
        if (!form.isRanking()) {
            return cells.find(form.answer());
        }
        try {
            List<?> answers = cells.list(form.answer());
            return answers.isEmpty() ? null : answers.get(0);
        } catch (BadRow e) { // said when the row is read
            return null;
        }
    }

    /** Whether the answers are whole conversations that hold the prompt too, whatever other columns there are. */
    private static boolean isWhole(Cells cells, Form form, boolean turnsInPrompt) {
        try {
            List<Message> chosen = cells.turns("chosen");
            if (chosen.isEmpty() || chosen.get(0).role().equals("assistant")) {
                return false;
            }
            if (!turnsInPrompt || form == Form.ALPACA_PAIR) {
                return true;
            }
            List<Message> prompt = cells.turns(form.required().get(0));
            return !prompt.isEmpty() && prompt.get(0).equals(chosen.get(0));
        } catch (BadRow e) {
            return false;
        }
    }

    /** Whether rows are conversations that a chat template renders. */
    private boolean isChat() {
        return ALWAYS_TURNS.contains(form)
                || turnsInAnswer
                || turnsInPrompt && form != Form.IMPLICIT_PAIR
                || mapping.containsKey("system") && form != Form.IMPLICIT_PAIR;
    }

    private String describe(RowId id, Cells cells) {
        Set<String> used = new LinkedHashSet<>(form.required());
        Set<String> optional = new LinkedHashSet<>(form.optional());
        optional.removeIf(name -> JUDGEMENT.contains(name) && !isJudged(name) || OF_CHATS.contains(name) && !isChat());
        optional.retainAll(cells.names());
        used.addAll(optional);
        Set<String> idle = new TreeSet<>(mapping.keySet());
        idle.removeAll(used);
        if (!idle.isEmpty()) {
            throw new PlumbException(id + " is read as " + form.title() + ", which has no use for the column "
                    + String.join(", ", idle) + "; take it out of columns.");
        }
        Set<String> unused = new LinkedHashSet<>(cells.values().keySet());
        StringBuilder text = new StringBuilder(form.title());
        text.append(isChat() ? ", in turns" : ", plain text");
        String before = ": columns ";
        for (String name : used) {
            String column = cells.column(name);
            text.append(before).append(column).append(column.equals(name) ? "" : " as " + name);
            text.append(name.equals("margin") && kind != RowKind.COMPARISON ? " (of reward models)" : "");
            unused.remove(column);
            before = ", ";
        }
        String rest = form.kind() == RowKind.PROMPT ? "; kept for rewards: " : "; not used: ";
        return text + (unused.isEmpty() ? "" : rest + String.join(", ", unused));
    }

    /** Whether a column of a pair is read; those that may be called so for another reason, for reward models only. */
    private boolean isJudged(String name) {
        return name.equals("margin") || kind == RowKind.COMPARISON;
    }

    /** Makes the row that some columns hold. */
    Row read(RowId id, Map<String, @Nullable Object> values) throws BadRow {
        Cells cells = new Cells(values, mapping);
        List<Map<String, Object>> tools =
                isChat() ? ToolText.descriptions(cells.find("tools"), cells.title("tools")) : List.of();
        return switch (form) {
            case TEXT -> new Row.Demonstration(id, Optional.empty(), answer(cells, "text"), tools);
            case MESSAGES, SHARE_GPT -> new Row.Demonstration(id, Optional.empty(), whole(cells), tools);
            case COMPLETION, ALPACA, SOLUTION ->
                new Row.Demonstration(
                        id,
                        Optional.of(prompt(cells)),
                        answer(cells, form.required().get(1)),
                        tools);
            case IMPLICIT_PAIR -> turnsInAnswer ? implicitTurns(id, cells, tools) : implicitText(id, cells, tools);
            case MESSAGES_JUDGED, SHARE_GPT_JUDGED -> judgedTurns(id, cells, tools);
            case PROMPT, MESSAGES_PROMPT, ALPACA_PROMPT -> new Row.Prompt(id, open(cells), tools, columns(values));
            case STEPWISE, STEPS -> steps(id, cells, tools);
            case JUDGED, ALPACA_JUDGED, OUTCOME ->
                new Row.Judged(id, prompt(cells), answer(cells, form.answer()), cells.bool("label"), tools);
            case BELIEF ->
                BeliefColumns.read(id, cells, prompt(cells), answer(cells, "chosen"), different(cells), tools);
            case RANKS, SCORES -> ranked(id, cells, tools);
            default -> {
                Content prompt = prompt(cells);
                Content chosen = answer(cells, "chosen");
                Content rejected = answer(cells, "rejected");
                checkDifferent(chosen, rejected);
                yield pair(id, cells, prompt, chosen, rejected, tools);
            }
        };
    }

    /** A pair with the answer that is more probably preferred in front. */
    private Row pair(
            RowId id, Cells cells, Content prompt, Content chosen, Content rejected, List<Map<String, Object>> tools)
            throws BadRow {
        double margin = cells.numberOrZero("margin");
        if (kind != RowKind.COMPARISON) {
            return new Row.Preference(id, prompt, chosen, rejected, tools, Judgement.of(margin));
        }
        double probability = cells.shareOrOne("preference_probability");
        boolean tie = cells.find("tie") != null && cells.bool("tie");
        return probability < 0.5
                ? new Row.Preference(id, prompt, rejected, chosen, tools, new Judgement(margin, 1 - probability, tie))
                : new Row.Preference(id, prompt, chosen, rejected, tools, new Judgement(margin, probability, tie));
    }

    private Content whole(Cells cells) throws BadRow {
        String name = form.required().get(0);
        List<Message> turns = cells.turns(name);
        Turns.checkAnswers(turns, cells.title(name));
        return new Content.Chat(withSystem(cells, turns));
    }

    private Content prompt(Cells cells) throws BadRow {
        String name = form.required().get(0);
        if (form == Form.ALPACA
                || form == Form.ALPACA_PAIR
                || form == Form.ALPACA_JUDGED
                || form == Form.ALPACA_PROMPT) {
            return new Content.Chat(withSystem(cells, Alpaca.prompt(cells)));
        }
        if (turnsInPrompt) {
            List<Message> turns = cells.turns(name);
            if (turns.stream().allMatch(Turns::isEmpty)) {
                throw new BadRow(BadRowReason.EMPTY_PROMPT, cells.title(name) + " has no turn that says anything");
            }
            return new Content.Chat(withSystem(cells, turns));
        }
        String text = (form == Form.BELIEF ? cells.textOrEmpty("context") : "") + cells.text(name);
        if (text.isBlank()) {
            throw new BadRow(BadRowReason.EMPTY_PROMPT, cells.title(name) + " is empty");
        }
        return isChat()
                ? new Content.Chat(withSystem(cells, List.of(new Message("user", text))))
                : new Content.Plain(text);
    }

    /** A prompt that is still to be answered. */
    private Content open(Cells cells) throws BadRow {
        Content prompt = prompt(cells);
        if (prompt instanceof Content.Chat chat) {
            List<Message> turns = chat.messages();
            if (turns.get(turns.size() - 1).role().equals("assistant")) {
                throw new BadRow(
                        BadRowReason.ANSWERED_PROMPT,
                        cells.title(form.required().get(0)) + " ends in a turn of the assistant, which is to write it");
            }
        }
        return prompt;
    }

    private static Map<String, Object> columns(Map<String, @Nullable Object> values) {
        Map<String, Object> columns = new LinkedHashMap<>();
        values.forEach((name, value) -> {
            if (value != null) {
                columns.put(name, value);
            }
        });
        return columns;
    }

    private Content answer(Cells cells, String name) throws BadRow {
        return answer(cells.get(name), cells.title(name));
    }

    private Content answer(Object value, String title) throws BadRow {
        if (turnsInAnswer) {
            List<Message> turns = Turns.read(value, title);
            Turns.checkAnswers(turns, title);
            return new Content.Chat(turns);
        }
        String text = Cells.text(value, title);
        if (text.isBlank()) {
            throw new BadRow(BadRowReason.EMPTY_ANSWER, title + " is empty");
        }
        return isChat() ? new Content.Chat(List.of(new Message("assistant", text))) : new Content.Plain(text);
    }

    private Row steps(RowId id, Cells cells, List<Map<String, Object>> tools) throws BadRow {
        List<String> steps = cells.texts("completions");
        double[] labels = new double[steps.size()];
        Arrays.fill(labels, Double.NaN);
        if (form == Form.STEPWISE) {
            labels = cells.sharesOrNaN("labels");
        }
        if (form == Form.STEPWISE && Arrays.stream(labels).allMatch(Double::isNaN)) {
            throw new BadRow(BadRowReason.MISSING_FIELD, cells.title("labels") + " says nothing of any step");
        }
        if (labels.length != steps.size()) {
            throw new BadRow(
                    BadRowReason.WRONG_TYPE,
                    cells.title("completions") + " has " + steps.size() + " steps, but " + cells.title("labels")
                            + " has " + labels.length
                            + " labels; each step needs one, null where nothing is known of it");
        }
        for (int j = 0; j < steps.size(); j++) {
            if (steps.get(j).isBlank()) {
                throw new BadRow(
                        BadRowReason.EMPTY_ANSWER,
                        cells.title("completions") + " has an empty step, number " + (j + 1));
            }
        }
        if (steps.isEmpty()) {
            throw new BadRow(BadRowReason.EMPTY_ANSWER, cells.title("completions") + " has no step");
        }
        return new Row.Steps(id, prompt(cells), steps, labels, tools);
    }

    private Row ranked(RowId id, Cells cells, List<Map<String, Object>> tools) throws BadRow {
        Content prompt = prompt(cells);
        List<Content> answers = new ArrayList<>();
        for (Object value : cells.list("completions")) {
            String title = "entry " + (answers.size() + 1) + " of " + cells.title("completions");
            if (value == null) {
                throw new BadRow(BadRowReason.MISSING_FIELD, title + " is null");
            }
            answers.add(answer(value, title));
        }
        if (answers.size() < 2) {
            throw RankedColumns.wrong(cells.title("completions") + " has " + answers.size()
                    + " entries where at least two are due, as fewer are no ranking");
        }
        List<Integer> ranks = RankedColumns.ranks(cells, form == Form.RANKS ? "ranks" : "scores", answers.size());
        RankedColumns.checkDifferent(answers, ranks);
        return new Row.Ranked(id, prompt, answers, ranks, tools);
    }

    /** A judgement of a whole conversation is one of its last answer. */
    private Row judgedTurns(RowId id, Cells cells, List<Map<String, Object>> tools) throws BadRow {
        String name = form.required().get(0);
        List<Message> turns = cells.turns(name);
        int cut = turns.size();
        while (cut > 0 && turns.get(cut - 1).role().equals("assistant")) {
            cut--;
        }
        if (cut == turns.size()) {
            throw new BadRow(
                    BadRowReason.NO_ASSISTANT_TURN, cells.title(name) + " does not end in a turn of the assistant");
        }
        List<Message> prompt = turns.subList(0, cut);
        if (prompt.stream().allMatch(Turns::isEmpty)) {
            throw new BadRow(
                    BadRowReason.EMPTY_PROMPT,
                    cells.title(name) + " has nothing before its last answer that says anything");
        }
        Turns.checkAnswers(turns.subList(cut, turns.size()), "the end of " + cells.title(name));
        return new Row.Judged(
                id,
                new Content.Chat(withSystem(cells, prompt)),
                new Content.Chat(turns.subList(cut, turns.size())),
                cells.bool("label"),
                tools);
    }

    private Row implicitText(RowId id, Cells cells, List<Map<String, Object>> tools) throws BadRow {
        String chosen = cells.text("chosen");
        String rejected = cells.text("rejected");
        checkDifferent(chosen, rejected);
        int cut = CommonPrompt.length(chosen, rejected);
        for (String name : List.of("chosen", "rejected")) {
            String answer = cells.text(name);
            if (answer.isBlank() || answer.substring(cut).isBlank()) {
                throw new BadRow(BadRowReason.EMPTY_ANSWER, cells.title(name) + " has nothing after the common prompt");
            }
        }
        if (chosen.substring(0, cut).isBlank()) {
            throw new BadRow(BadRowReason.EMPTY_PROMPT, "the two answers do not begin with a common prompt");
        }
        return pair(
                id,
                cells,
                new Content.Plain(chosen.substring(0, cut)),
                new Content.Plain(chosen.substring(cut)),
                new Content.Plain(rejected.substring(cut)),
                tools);
    }

    private Row implicitTurns(RowId id, Cells cells, List<Map<String, Object>> tools) throws BadRow {
        List<Message> chosen = cells.turns("chosen");
        List<Message> rejected = cells.turns("rejected");
        checkDifferent(chosen, rejected);
        int cut = CommonPrompt.length(chosen, rejected);
        List<Message> prompt = chosen.subList(0, cut);
        List<Message> better = chosen.subList(cut, chosen.size());
        List<Message> worse = rejected.subList(cut, rejected.size());
        Turns.checkAnswers(better, cells.title("chosen") + " after the common turns");
        Turns.checkAnswers(worse, cells.title("rejected") + " after the common turns");
        if (prompt.stream().allMatch(Turns::isEmpty)) {
            throw new BadRow(BadRowReason.EMPTY_PROMPT, "the two answers do not begin with a common turn");
        }
        return pair(
                id,
                cells,
                new Content.Chat(withSystem(cells, prompt)),
                new Content.Chat(better),
                new Content.Chat(worse),
                tools);
    }

    private Content different(Cells cells) throws BadRow {
        Content rejected = answer(cells, "rejected");
        checkDifferent(answer(cells, "chosen"), rejected);
        return rejected;
    }

    private static void checkDifferent(Object chosen, Object rejected) throws BadRow {
        if (chosen.equals(rejected)) {
            throw new BadRow(BadRowReason.CHOSEN_EQUALS_REJECTED, "the chosen and the rejected answer are the same");
        }
    }

    /** Puts the system column's text first, unless the conversation has its own. */
    private static List<Message> withSystem(Cells cells, List<Message> turns) throws BadRow {
        String system = cells.textOrEmpty("system");
        if (system.isBlank() || !turns.isEmpty() && turns.get(0).role().equals("system")) {
            return turns;
        }
        List<Message> all = new ArrayList<>(turns.size() + 1);
        all.add(new Message("system", system));
        all.addAll(turns);
        return all;
    }
}
