package dev.plumb.reward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.plumb.config.PlumbException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Programs in completions, run against tests; skipped where there is no sandbox or no Python. */
class CodeRewardTest {
    private static final Map<String, Object> SQUARES = Map.of(
            "entry_point",
            "f",
            "tests",
            List.of(
                    Map.of("kind", "function", "input", List.of(1), "expected", 1, "visible", true),
                    Map.of("kind", "function", "input", List.of(3), "expected", 9),
                    Map.of("kind", "assert", "input", "assert f(-2) == 4"),
                    Map.of("kind", "function", "input", List.of(12), "expected", 144.0)));
    private static final Map<String, Object> SUMS = Map.of(
            "tests",
            List.of(
                    Map.of("kind", "stdin", "input", "1 2\n", "expected", "3\n"),
                    Map.of("kind", "stdin", "input", "2 2\n", "expected", "4")));

    @BeforeEach
    void needs() {
        SandboxTest.sandbox();
        SandboxTest.needPython();
    }

    @Test
    void rightAndWrongPrograms() {
        CodeReward reward = reward(CodeReward.Mode.ALL_PASS, 1);
        assertThat(of(reward, "def f(x): return x * x", SQUARES)).isEqualTo(Score.of(1, "pass"));
        assertThat(of(reward, "def f(x): return x * 3", SQUARES)).isEqualTo(Score.of(0, "wrong_answer"));
        assertThat(of(reward, "def f(x) return", SQUARES)).isEqualTo(Score.of(0, "compile_error"));
        assertThat(of(reward, "def f(x): return 1 / 0", SQUARES)).isEqualTo(Score.of(0, "runtime_error"));
        assertThat(of(reward, "print('noise')\ndef f(x):\n  print(x)\n  return x ** 2", SQUARES))
                .isEqualTo(Score.of(1, "pass"));
        assertThat(of(reward, "print(sum(map(int, input().split())), ' ')", SUMS))
                .isEqualTo(Score.of(1, "pass"));
        assertThat(reward.score(Inputs.of("def f(x): return x * x", SQUARES)))
                .isEqualTo(Score.of(0, "extraction_failed"));
        assertThat(of(reward, "x", Map.of())).isEqualTo(Score.failure("no_tests"));
        Map<String, Object> nameless = Map.of("tests", SQUARES.get("tests"));
        assertThat(of(reward, "x", nameless)).isEqualTo(Score.failure("no_tests"));
    }

    @Test
    void aPartIsWorthAtMostHalf() {
        CodeReward reward = reward(CodeReward.Mode.FRACTION, 1);
        assertThat(of(reward, "def f(x): return x * x if x > 0 else 0", SQUARES))
                .isEqualTo(Score.of(0.5, "wrong_answer"));
        assertThat(of(reward, "def f(x): return 4", SQUARES).value()).hasValue(1 / 3.0);
        assertThat(of(reward, "def f(x): return x * x", SQUARES).value()).hasValue(1);
    }

    @Test
    void cheatsDoNotPass() {
        CodeReward reward = reward(CodeReward.Mode.ALL_PASS, 1);
        assertThat(of(reward, "import sys; sys.exit(0)", SQUARES).value()).hasValue(0);
        assertThat(of(reward, "import os; os._exit(0)", SQUARES).value()).hasValue(0);
        assertThat(of(reward, "class A:\n  def __eq__(s, o): return True\ndef f(x): return A()", SQUARES))
                .satisfies(score -> {
                    assertThat(score.value()).hasValue(0);
                    assertThat(score.notes()).contains("suspect");
                });
        assertThat(of(reward, "import json\njson.dumps = lambda x: '9'\ndef f(x): return 0", SQUARES)
                        .value())
                .hasValue(0);
        assertThat(of(reward, "import glob\nprint(open(glob.glob('/program/*')[0]).read())", SUMS)
                        .value())
                .hasValue(0);
    }

    @Test
    void whatHangsFloodsForksOrHoardsIsNamed() {
        CodeReward reward = reward(CodeReward.Mode.ALL_PASS, 1);
        assertThat(of(reward, "while True: pass", SUMS).notes()).containsExactly("timeout");
        assertThat(of(reward, "while True: print('x' * 1000)", SUMS).notes()).containsExactly("output_limit");
        assertThat(of(reward, "import os\nwhile True: os.fork()", SUMS).notes())
                .isSubsetOf("runtime_error", "process_limit", "timeout", "output_limit");
        assertThat(of(reward, "x = bytearray(10 ** 9)", SUMS).notes()).containsExactly("memory_limit");
        assertThat(of(reward, "import socket\nsocket.create_connection(('127.0.0.1', 80))", SUMS)
                        .notes())
                .containsExactly("runtime_error");
    }

    @Test
    void twoRunsMustAgree() {
        CodeReward reward = reward(CodeReward.Mode.FRACTION, 2);
        Map<String, Object> row = Map.of("tests", List.of("assert 0 < f() < 10", "assert f() == 5"));
        assertThat(of(reward, "def f(): return 5", row)).isEqualTo(Score.of(1, "pass"));
        List<Object> many = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            many.add("assert f() < 0.5");
        }
        assertThat(of(reward, "import os\ndef f(): return os.urandom(1)[0] / 255", Map.of("tests", many))
                        .notes())
                .containsExactly("flaky");
    }

    @Test
    void anInterpreterThatIsNotThereIsSaidAtTheStart() {
        assertThatThrownBy(() -> new CodeReward(config(CodeReward.Mode.ALL_PASS, 1, List.of("no-such-python"))))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining("no-such-python does not run Python")
                .hasMessageContaining("readable");
    }

    @Test
    void blocksAreTakenFromTheEnd() {
        assertThat(Programs.last("```python\na\n```\nor\n```py\nb\n```\n", "python"))
                .hasValue("b\n");
        assertThat(Programs.last("```\na\n```\n```json\n{}\n```", "python")).hasValue("a\n");
        assertThat(Programs.last("```python\na\n``` then ```", "python")).hasValue("a\n");
        assertThat(Programs.last("```python\na", "python")).isEmpty();
        assertThat(Programs.last("<think>\n```python\na\n```\n</think> no", "python"))
                .isEmpty();
        assertThat(Programs.last("```python\n```", "python")).isEmpty();
    }

    private static CodeReward reward(CodeReward.Mode mode, int runs) {
        return new CodeReward(config(mode, runs, List.of("python3")));
    }

    private static CodeReward.Config config(CodeReward.Mode mode, int runs, List<String> command) {
        SandboxLimits limits = SandboxLimits.byDefault().withWallSeconds(3);
        return new CodeReward.Config(
                "tests", mode, command, limits, 30, false, runs, Sandbox.Mode.BUBBLEWRAP, List.of());
    }

    private static Score of(CodeReward reward, String program, Map<String, Object> row) {
        return reward.score(Inputs.of("<think>hm</think>\n```python\n" + program + "\n```\n", row));
    }
}
