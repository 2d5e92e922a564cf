package dev.plumb.train;

import com.fasterxml.jackson.databind.JsonNode;
import dev.plumb.config.YamlSource;
import dev.plumb.data.Stores;
import dev.plumb.data.TokenStore;
import dev.plumb.model.Decoder;
import dev.plumb.reward.Reward;
import dev.plumb.reward.RewardInput;
import dev.plumb.reward.RewardPart;
import dev.plumb.reward.RewardSet;
import dev.plumb.reward.Score;
import dev.plumb.text.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.StreamSupport;

/** An online loop that learns from the completions of a golden file, as if the policy had just written them. */
final class GivenRollouts {
    private static final double[] NONE = {};

    private final JsonNode golden;
    private final OnlineJob job;
    private final RewardSet rewards = new RewardSet(List.of(RewardPart.of("share_even", shareEven())));
    private final OnlineLoop loop;
    private long step;

    /**
     * A loop.
     *
     * @param golden its rollouts and options
     * @param reference its start
     * @param optimisation settings of the optimiser
     * @param store of prompts, which are not drawn from
     * @param tokenizer any; nothing is written, and the reward looks at tokens
     */
    GivenRollouts(
            JsonNode golden,
            Decoder decoder,
            Decoder reference,
            List<String> optimisation,
            Tokenizer tokenizer,
            TokenStore store) {
        this.golden = golden;
        List<String> settings = new ArrayList<>(List.of(
                "method=grpo",
                "model=given",
                "data=given.jsonl",
                "output=out",
                "reward_funcs=[length]",
                "epsilon_high=" + golden.at("/options/epsilon").asText()));
        settings.addAll(optimisation);
        for (String key : List.of(
                "num_generations",
                "num_iterations",
                "beta",
                "epsilon",
                "loss_type",
                "scale_rewards",
                "temperature",
                "max_completion_length")) {
            settings.add(key + "=" + golden.at("/options/" + key).asText());
        }
        this.job = (OnlineJob) Methods.job(YamlSource.commandLine().with(settings));
        int longest = golden.at("/options/max_completion_length").asInt();
        this.loop = new OnlineLoop(
                decoder,
                Optional.of(reference),
                Optional.empty(),
                job,
                job.policy(),
                rewards,
                new Roller(decoder, tokenizer, Set.of(), job.online(), longest),
                Stores.order(store),
                Optional.empty(),
                Optional.empty());
    }

    /** The share of tokens with even numbers, as the file's notes say. */
    private static Reward shareEven() {
        return inputs -> inputs.stream()
                .map(input -> {
                    int[] ids = input.ids();
                    long even = Arrays.stream(ids).filter(id -> id % 2 == 0).count();
                    return Score.of((double) even / ids.length);
                })
                .toList();
    }

    Metrics learn(AdamW optimizer, TokenStore store, List<Long> rows) {
        int phase = (int) (step % job.online().steps());
        long take = step / job.online().steps();
        Schedule.Turn turn = new Schedule.Turn(step, take, phase, rows);
        if (phase > 0) {
            loop.begin(store, turn);
        } else {
            List<Written> written = written((int) take);
            loop.take(
                    turn,
                    written,
                    rewards.scores(written.stream()
                            .map(one -> new RewardInput("", "", one.ids().length, true, Map.of(), one.ids()))
                            .toList()),
                    NONE);
        }
        step++;
        return loop.learn(optimizer, store, rows);
    }

    private List<Written> written(int take) {
        List<Written> out = new ArrayList<>();
        JsonNode prompts = golden.get("dataset").get(take).get("prompts");
        for (int row = 0; row < prompts.size(); row++) {
            for (JsonNode completion : prompts.get(row).get("completions")) {
                int[] ids = ids(completion);
                out.add(new Written(
                        row,
                        ids(prompts.get(row).get("prompt_ids")),
                        ids,
                        true,
                        new double[ids.length], // nobody drew them
                        NONE,
                        NONE,
                        NONE,
                        NONE));
            }
        }
        return out;
    }

    private static int[] ids(JsonNode node) {
        return StreamSupport.stream(node.spliterator(), false)
                .mapToInt(JsonNode::asInt)
                .toArray();
    }
}
