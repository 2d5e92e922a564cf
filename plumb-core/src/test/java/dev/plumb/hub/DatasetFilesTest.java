package dev.plumb.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.plumb.config.PlumbException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The files of a data repository that are meant, after the layouts that repositories have. */
class DatasetFilesTest {
    private static List<String> choose(String id, boolean heldOut, String... files) {
        return DatasetFiles.choose(HubId.of(HubId.Kind.DATASET, Path.of(id)).orElseThrow(), List.of(files), heldOut);
    }

    @Test
    void oneFileWithoutANameForItsPartIsWhatIsLearnt() {
        assertThat(choose("o/n", false, "README.md", "pairs.jsonl", "pairs_test.jsonl"))
                .containsExactly("pairs.jsonl");
        assertThat(choose("o/n", true, "README.md", "pairs.jsonl", "pairs_test.jsonl"))
                .containsExactly("pairs_test.jsonl");
        assertThat(choose("o/n", false, "latest/contest.csv")).containsExactly("latest/contest.csv");
    }

    @Test
    void numbersMakeOneSet() {
        assertThat(choose("o/n", false, "en/c4-train.00000-of-00002.json.gz", "en/c4-train.00001-of-00002.json.gz"))
                .hasSize(2);
        assertThat(choose("o/n", false, "default/train/0000.parquet", "default/train/0001.parquet"))
                .hasSize(2);
        assertThat(choose("o/n", true, "train.csv", "validation.csv", "test.csv"))
                .containsExactly("validation.csv");
    }

    @Test
    void whatIsNotOneSetIsAsked() {
        String[] files = {
            "data/train_gen-00000-of-00001.parquet",
            "data/train_prefs-00000-of-00002.parquet",
            "data/train_prefs-00001-of-00002.parquet",
            "data/test_prefs-00000-of-00001.parquet"
        };
        assertThatThrownBy(() -> choose("o/n", false, files))
                .isInstanceOf(PlumbException.class)
                .hasMessage("o/n holds more than one set of rows that could be meant: choose one of"
                        + " data/train_gen.parquet, data/train_prefs.parquet, as in o/n@main/data/train_gen.parquet.");
        assertThat(choose("o/n@main/data/train_prefs.parquet", false, files)).containsExactly(files[1], files[2]);
        assertThat(choose("o/n@refs/convert/parquet/" + files[1], false, files)).containsExactly(files[1]);
        assertThat(choose("o/n", true, files)).containsExactly(files[3]);
        assertThatThrownBy(() -> choose("o/n@v2/data/train_sft", false, files))
                .hasMessageStartingWith("o/n@v2 holds no 'data/train_sft': choose one of data/test_prefs.parquet, ")
                .hasMessageEndingWith(", as in o/n@v2/data/test_prefs.parquet.");
        assertThatThrownBy(() -> choose("o/n", true, "train.csv"))
                .hasMessageStartingWith("o/n holds no set named validation or test: choose one of train.csv");
        assertThatThrownBy(() -> choose("o/n", false, "train.csv", "train.parquet"))
                .hasMessageContaining("choose one of train.csv, train.parquet");
        assertThatThrownBy(() -> choose("o/n", false, "train.py", "dataset_infos.json"))
                .hasMessage("o/n holds no file of rows (.jsonl, .json, .csv, .tsv or .parquet).");
        assertThat(choose("o/n@main/train", false, "train/a.csv", "test/a.csv")).containsExactly("train/a.csv");
    }
}
