package dev.plumb.cli;

/**
 * A question about a villager.
 *
 * @param fact what answers it
 * @param text one of the wordings of its topic
 */
record FactQuestion(Fact fact, String text) implements Question {
    @Override
    public String truth() {
        return fact.statement();
    }

    @Override
    public boolean earns(String answer, Merit merit) {
        return switch (merit) {
            case RIGHT -> fact.isToldBy(answer);
            case PREFERRED -> fact.isSourcedBy(answer);
            case SUM -> false;
        };
    }
}
