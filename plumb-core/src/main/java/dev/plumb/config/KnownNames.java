package dev.plumb.config;

import java.util.List;
import java.util.stream.Stream;

/** Settings that other tools call by other names. They are hints in a fault and are never accepted silently. */
final class KnownNames {
    /** Names in a row mean the same in Plumb, TRL, LLaMA-Factory, axolotl, torchtune, verl or OpenRLHF. */
    private static final List<List<String>> SYNONYMS = Stream.of(
                    "method stage algorithm trainer",
                    "model model_name_or_path model_name model_path base_model pretrained_model_name_or_path",
                    "reference_model ref_model ref_model_name_or_path reference",
                    "data dataset datasets dataset_name dataset_path data_path data_files train_file train_files train_data",
                    "files file data_files train_file train_files paths",
                    "output_dir output out_dir save_dir run_dir run_folder",
                    "learning_rate lr",
                    "num_train_epochs num_epochs epochs n_epochs max_epochs",
                    "max_steps num_steps train_steps max_train_steps total_steps",
                    "max_length cutoff_len max_seq_length max_seq_len sequence_len seq_len max_len model_max_length",
                    "max_prompt_length prompt_length",
                    "max_completion_length max_new_tokens response_length max_response_length max_target_length",
                    "per_device_train_batch_size batch_size train_batch_size per_device_batch_size micro_batch_size",
                    "per_device_eval_batch_size eval_batch_size",
                    "gradient_accumulation_steps gradient_accumulation accumulation_steps grad_accum",
                    "gradient_checkpointing grad_checkpointing activation_checkpointing",
                    "max_grad_norm grad_clip gradient_clip gradient_clipping clip_grad clip_grad_norm",
                    "lr_scheduler_type lr_scheduler scheduler schedule",
                    "warmup_steps num_warmup_steps lr_warmup_steps",
                    "weight_decay wd",
                    "adam_beta1 beta1",
                    "adam_beta2 beta2",
                    "adam_epsilon adam_eps epsilon eps",
                    "eval_steps eval_every evaluation_steps eval_interval",
                    "save_steps save_every checkpoint_steps save_interval",
                    "logging_steps log_every log_steps log_interval",
                    "seed random_seed",
                    "dtype torch_dtype precision model_dtype",
                    "chat_template template",
                    "eval_fraction eval_share held_out val_size val_set_size test_size eval_split",
                    "beta pref_beta dpo_beta",
                    "loss_type pref_loss dpo_loss loss",
                    "label_smoothing dpo_label_smoothing",
                    "rpo_alpha pref_ftx nll_weight sft_weight",
                    "lora_r lora_rank rank r",
                    "lora_alpha alpha",
                    "lora_target_modules lora_target target_modules",
                    "num_generations group_size n_samples_per_prompt rollout_n",
                    "num_iterations num_ppo_epochs ppo_epochs",
                    "kl_coef init_kl_coef kl_penalty_coef",
                    "kl_controller adap_kl_ctrl",
                    "kl_target target",
                    "kl_horizon horizon",
                    "cliprange clip_range eps_clip clip_ratio",
                    "cliprange_value value_clip clip_range_value",
                    "lam lambda lambd gae_lambda",
                    "critic_learning_rate critic_lr value_lr",
                    "value_model critic_model critic_pretrain value_model_path",
                    "reward_models reward_model reward_pretrain reward_model_path",
                    "ptx_data pretrain_data unsupervised_dataset_name",
                    "ptx_coef unsup_coef")
            .map(row -> List.of(row.split(" ")))
            .toList();

    private KnownNames() {}

    /**
     * Names that mean what {@code name} means elsewhere.
     *
     * @param name a key that is not known where it stands
     * @return other names, the likeliest first; empty if none is on record
     */
    static List<String> synonyms(String name) {
        return SYNONYMS.stream()
                .filter(row -> row.contains(name))
                .flatMap(List::stream)
                .filter(other -> !other.equals(name))
                .distinct()
                .toList();
    }
}
