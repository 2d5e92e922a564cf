package dev.plumb.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each kind of model is told what can be done with it, and nothing else. */
class AdviceTest {
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            dpo                | generate model=M prompt='…';score model=M data=FILE.jsonl
            reward             | score model=M data=FILE.jsonl;generate model=FOLDER prompts=FILE.jsonl num_generations=16 temperature=1 reward_models=[M];train ppo model=FOLDER data=FILE.jsonl reward_models=[M] value_model=M
            reward num_heads=3 | score model=M data=FILE.jsonl;generate model=FOLDER prompts=FILE.jsonl num_generations=16 temperature=1 reward_models=[M] reward_model_aggregation=mean;train ppo model=FOLDER data=FILE.jsonl reward_models=[M] reward_model_aggregation=mean
            orm                | score model=M data=FILE.jsonl;generate model=FOLDER prompts=FILE.jsonl num_generations=16 temperature=1 reward_models=[M];train ppo model=FOLDER data=FILE.jsonl reward_models=[M] value_model=M
            prm                | score model=M data=FILE.jsonl;generate model=FOLDER prompts=FILE.jsonl num_generations=16 temperature=1 process_reward_model=M;train grpo model=FOLDER data=FILE.jsonl supervision=process process_reward_model=M
            """)
    void commandsFitTheModel(String method, String commands) {
        List<String> words = List.of((method.strip() + " model=base data=rows.jsonl").split(" "));
        String advice = Advice.of(RunWords.job(words, false), Path.of("M"));
        assertThat(advice.lines().skip(1).map(line -> line.strip().replaceFirst("^\\S+ ", "")))
                .containsExactly(commands.split(";"));
    }
}
