package dev.plumb.cli;

import dev.plumb.hub.AdapterFolder;
import dev.plumb.train.Job;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** What can be done with a model that was just trained, as commands to copy. */
final class Advice {
    private Advice() {}

    /**
     * The commands; words in capitals are still to be filled in.
     *
     * @param job the run's settings
     * @param model what it made
     * @return a paragraph
     */
    static String of(Job job, Path model) {
        return commands(job, model).stream()
                .map(command -> "  " + Text.program() + " " + command)
                .collect(
                        Collectors.joining(System.lineSeparator(), "What to do with it:" + System.lineSeparator(), ""));
    }

    private static List<String> commands(Job job, Path path) {
        String model = Text.word(path);
        List<String> commands = new ArrayList<>();
        boolean judges = job.scores() > 0 || job.steps().isPresent();
        if (!judges) {
            commands.add("generate model=" + model + " prompt='…'");
        }
        commands.add("score model=" + model + " data=FILE.jsonl");
        if (AdapterFolder.isAdapter(path)) {
            commands.add("merge model=" + Text.word(job.run().model()) + " adapter=" + model + " output=FOLDER");
        } else if (judges) { // rewards are asked of whole models only
            String best = "generate model=FOLDER prompts=FILE.jsonl num_generations=16 temperature=1 ";
            if (job.steps().isPresent()) {
                commands.add(best + "process_reward_model=" + model);
                commands.add(
                        "train grpo model=FOLDER data=FILE.jsonl supervision=process process_reward_model=" + model);
            } else {
                String together = job.scores() > 1 ? " reward_model_aggregation=mean" : "";
                commands.add(best + "reward_models=[" + model + "]" + together);
                commands.add("train ppo model=FOLDER data=FILE.jsonl reward_models=[" + model + "]"
                        + (job.scores() > 1 ? together : " value_model=" + model));
            }
        }
        return commands;
    }
}
