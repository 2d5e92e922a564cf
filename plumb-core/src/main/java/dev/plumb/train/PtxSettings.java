package dev.plumb.train;

import dev.plumb.config.Setting;
import dev.plumb.data.DataConfig;
import java.util.Optional;

/**
 * Text that the policy goes on to imitate beside what its answers earn, as in PPO-ptx.
 *
 * @param ptxData the text
 * @param ptxCoef what it counts
 * @param ptxBatchSize rows of it in a step
 */
public record PtxSettings(
        @Setting(
                doc =
                        "Text that the model is to stay able to write: of pre-training, or demonstrations; rows as for sft, with"
                                + " the settings of data. Each step learns some of them beside the answers (PPO-ptx), in an order that"
                                + " follows from the seed. Those held out are measured at each evaluation: loss/ptx_avg.",
                source = "arXiv 2203.02155; OpenRLHF: pretrain_data")
        Optional<DataConfig> ptxData,

        @Setting(
                doc =
                        "Weight of the mean negative log-likelihood of these rows in the loss of a step; 1 is a start. The paper's"
                                + " 27.8 goes with its own scale of losses.",
                byDefault = "0.0",
                min = 0,
                source = "arXiv 2203.02155, equation 2; OpenRLHF")
        double ptxCoef,

        @Setting(
                doc =
                        "Rows of ptx_data in a step; as many as it has answers if not given. The paper has eight times as many.",
                min = 1,
                source = "arXiv 2203.02155, section C.4")
        Optional<Integer> ptxBatchSize) {
    /** The key of the rows. */
    static final String DATA = "ptx_data";

    /** Refuses rows that would count nothing, and what needs rows where there are none. */
    public PtxSettings {
        if (ptxData.isPresent() && ptxCoef == 0) {
            throw new IllegalArgumentException(
                    "ptx_data is given, but ptx_coef is 0, so its rows would not be learnt: set ptx_coef: 1, or leave"
                            + " ptx_data out");
        }
        if (ptxData.isEmpty() && ptxCoef > 0) {
            throw new IllegalArgumentException(
                    "ptx_coef weighs the likelihood of text, and no text is given: name a file,"
                            + " as in ptx_data: texts.jsonl, or leave ptx_coef out");
        }
        if (ptxData.isEmpty() && ptxBatchSize.isPresent()) {
            throw new IllegalArgumentException(
                    "ptx_batch_size counts rows of ptx_data, which is not given: name a file, as"
                            + " in ptx_data: texts.jsonl, or leave ptx_batch_size out");
        }
    }
}
