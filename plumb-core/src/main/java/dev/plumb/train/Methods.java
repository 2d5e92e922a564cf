package dev.plumb.train;

import dev.plumb.config.Binder;
import dev.plumb.config.PlumbException;
import dev.plumb.config.SettingInfo;
import dev.plumb.config.YamlSource;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** All ways of learning: the one list that {@code train}, {@code check}, {@code explain} and the reference page go by. */
public final class Methods {
    private static final String PAIRS =
            "prompt + chosen + rejected, as texts or as messages; or chosen + rejected with the"
                    + " prompt inside both; or ShareGPT or Alpaca pairs";
    private static final String PROMPTS =
            "prompt, as text or as messages; or messages that end before the answer; or Alpaca instruction + input;"
                    + " other columns, such as answer, go to the reward functions";
    private static final String THUMBS =
            "prompt + completion + label (true or false, 1 or 0), as texts or as messages; or messages, ShareGPT"
                    + " conversations or Alpaca rows with label (or kto_tag); or pairs as for dpo, each of which"
                    + " becomes a thumb up and a thumb down";
    private static final String WITH_REFERENCE =
            "the model, its gradients, two AdamW moments and the frozen reference (none"
                    + " with precompute_ref_log_probs: its answers are kept on disk instead; none with use_peft: it"
                    + " is the model with the adapter off; with sync_ref_model on 16-bit weights, a 32-bit copy more)";
    private static final String ALONE = "the model, its gradients and two AdamW moments; no reference";

    private static final List<Method<?>> ALL = List.of(
            new Method<>(
                    "sft",
                    "supervised fine-tuning: imitate demonstrations",
                    "The model learns to write the answers of the data. It is the first stage of almost every"
                            + " alignment, and enough by itself where good answers can be shown. By default only the"
                            + " answers are learnt and prompts are only read (data.train_on). Every trained token of a"
                            + " step weighs the same, however the batch is split.",
                    """
                    L = - (1/N) Σ log p(y_t | x, y_<t)
                    x: prompt   y: answer   N: trained tokens of the whole accumulated batch""",
                    "prompt + completion; or messages; or text; or ShareGPT conversations; or Alpaca instruction + output",
                    "the model, its gradients and two AdamW moments",
                    "InstructGPT, arXiv 2203.02155, section 3.5",
                    Job.SftJob.class),
            new Method<>(
                    "dpo",
                    "direct preference optimisation: prefer the chosen answer to the rejected one",
                    "The model learns from pairs of answers which of the two people prefer. A reference, the model as it"
                            + " was at the start, keeps it from drifting: a large beta holds it close, a small one lets"
                            + " it go. No reward model and no sampling are needed. Start from a model that was"
                            + " fine-tuned on answers like these; otherwise both answers can become less likely"
                            + " together (watch logps/chosen; adding the sft loss helps).",
                    """
                    L = - E log σ(u),   u = β (D(chosen) - D(rejected))
                    D(y) = log p(y | x) - log p_ref(y | x)
                    at the first step D = 0, so L = log 2 and the accuracy says nothing yet""",
                    PAIRS,
                    WITH_REFERENCE,
                    "arXiv 2305.18290, equation 7",
                    PreferenceJob.DpoJob.class),
            new Method<>(
                    "ipo",
                    "identity preference optimisation: prefer the chosen answer by a finite margin",
                    "Like dpo, but the margin between the two answers is pulled to a size, 1 / (2 beta), and pushed back"
                            + " where it is larger. Take it where every pair was judged once, or by a rule that never"
                            + " errs: there dpo goes on for ever making the margin larger. The margin is counted a"
                            + " token, so long answers do not weigh more; variant: paper counts it over whole"
                            + " answers, for which beta has another size.",
                    """
                    L = E (h - 1/(2β))²,   h = D(chosen) / L(chosen) - D(rejected) / L(rejected)
                    D(y) = log p(y | x) - log p_ref(y | x)   L(y): tokens of y
                    at the first step D = 0, so L = 1/(4β²)""",
                    PAIRS,
                    WITH_REFERENCE,
                    "arXiv 2310.12036, equation 17",
                    PreferenceJob.IpoJob.class),
            new Method<>(
                    "simpo",
                    "simple preference optimisation: make the chosen answer the more probable one, a token, by a margin",
                    "Like dpo without a reference: what is compared is how probable the model finds an answer, a token,"
                            + " which is what sampling goes by, and the chosen answer is to win by a margin (gamma)."
                            + " No second model is held or asked, so nothing holds the first where it was: keep the"
                            + " learning rate low, and watch logps/chosen and the samples for repetition. With alpha"
                            + " the rewards are AlphaPO's.",
                    """
                    L = - E log σ(u),   u = β (a(chosen) - a(rejected)) - γ
                    a(y) = log p(y | x) / L(y)   L(y): tokens of y""",
                    PAIRS,
                    ALONE,
                    "arXiv 2405.14734, equation 6",
                    PreferenceJob.SimPoJob.class),
            new Method<>(
                    "orpo",
                    "odds ratio preference optimisation: imitate the chosen answer and keep the rejected one improbable",
                    "Fine-tuning and preference in one stage: the model learns to write the chosen answers, and a second"
                            + " term, of weight beta, raises their odds over those of the rejected ones. Start from a"
                            + " base model or a lightly tuned one; no sft before it, no reference. Only the answers"
                            + " are imitated, not the prompts. The loss begins near that of sft plus 0.07.",
                    """
                    L = NLL(chosen) - β E log σ(log odds(chosen) - log odds(rejected))
                    odds(y) = P / (1 - P),   P = p(y | x)^(1/L(y))   L(y): tokens of y""",
                    PAIRS,
                    ALONE,
                    "arXiv 2403.07691, equations 6 and 7",
                    PreferenceJob.OrpoJob.class),
            new Method<>(
                    "cpo",
                    "contrastive preference optimisation: prefer the chosen answer and imitate it",
                    "Like dpo with a reference that finds all answers equally probable and so drops out; imitating the"
                            + " chosen answers (cpo_alpha) keeps the model in its place instead. Made for translation,"
                            + " where the chosen answers are better than what imitation alone can reach. With"
                            + " loss_type: simpo it is CPO-SimPO: simpo with imitation beside it.",
                    """
                    L = - E log σ(u) + α NLL(chosen),   u = β (log p(chosen | x) - log p(rejected | x))""",
                    PAIRS,
                    ALONE,
                    "arXiv 2401.08417",
                    PreferenceJob.CpoJob.class),
            new Method<>(
                    "reward",
                    "reward model: score answers as people compare them",
                    "The model learns to give a number to an answer, so that of two answers the one that people prefer"
                            + " has the higher number. It starts from a language model, whose projection to words is"
                            + " replaced by a fresh projection to one score, read at the last token of the answer; a"
                            + " model that is a reward model already goes on. Use it to score answers, or as the reward"
                            + " of reinforcement learning. Only differences mean something, unless"
                            + " center_rewards_coefficient holds the mean near 0. Of ranked lists each answer is computed"
                            + " once, and a long list counts as much as a pair. Compare accuracy with"
                            + " length_baseline_accuracy: a model near it has learnt length.",
                    """
                    bradley_terry: L = E [ - (1-ε) log σ(Δ) - ε log σ(-Δ) + c (r_w + r_l)² ],   Δ = r_w - r_l - μ
                    plackett_luce: L = E 1/C Σ_k [ log Σ_{j≥k} exp r_j - r_k ],   C choices, best answer first
                    r_w, r_l: rewards of the better and the worse answer   μ: the pair's margin, 0 if it has none
                    c: center_rewards_coefficient   ε: label_smoothing
                    of a soft label p the first terms are - p log σ(Δ) - (1-p) log σ(-Δ); of a tie p = 1/2, or it has
                    a probability of its own: ties
                    of a ranking E is the mean over its pairs, then over rankings""",
                    "prompt + chosen + rejected as for dpo, with margin (a number), preference_probability (0 to 1) and"
                            + " tie (true or false) if there are any; or"
                            + " prompt + completions, a list, with ranks (1 is best) or scores",
                    "the model, its gradients and two AdamW moments; with freeze_backbone the model alone",
                    "Bradley and Terry 1952; InstructGPT, arXiv 2203.02155, equation 1",
                    RewardJob.class),
            new Method<>(
                    "kto",
                    "Kahneman-Tversky optimisation: learn from thumbs up and thumbs down",
                    "The model learns from single answers that people found good or bad; no answer needs a counterpart."
                            + " Good answers become more likely and bad ones less likely, measured from a reference point:"
                            + " how far the model has moved on the whole, estimated at each step from prompts with the"
                            + " answers of other prompts. What is already far right, or hopelessly wrong, hardly counts."
                            + " Take steps of 16 rows or more, with good and bad ones in each; where one class outnumbers"
                            + " the other, `check` proposes weights.",
                    """
                    L = E λ (1 - σ(±β (D(y) - z))),   + and λ_D for good answers, - and λ_U for bad ones
                    D(y) = log p(y | x) - log p_ref(y | x)
                    z = max(0, E D(y')),   y': the answer to another prompt than x; no gradient
                    at the first step D = z = 0, so L is half the mean of λ""",
                    THUMBS,
                    "the model, its gradients, two AdamW moments and the frozen reference",
                    "arXiv 2402.01306, equation 7",
                    UnpairedJob.KtoJob.class),
            new Method<>(
                    "bco",
                    "binary classifier optimisation: learn from thumbs by telling good answers from bad ones",
                    "Like kto from single judged answers, but with the loss of a classifier whose logit is the reward, less a"
                            + " running mean of all rewards (delta), which is part of every checkpoint. No mismatched pairs"
                            + " are needed, so any batch size will do; each step reads its rows twice.",
                    """
                    L = - E log σ(r - δ) over good, - E log σ(δ - r) over bad answers,   r = β log(p / p_ref)
                    δ: mean of all r so far, those of this step included""",
                    THUMBS,
                    WITH_REFERENCE,
                    "arXiv 2404.04656",
                    UnpairedJob.BcoJob.class),
            new Method<>(
                    "grpo",
                    "group-relative policy optimisation: write several answers to each prompt and learn from those that earn"
                            + " more than the others",
                    "The model answers each prompt num_generations times, reward functions score the answers, and an answer"
                            + " counts by how far its reward is above the mean of its group; no value function is"
                            + " needed. For rewards that can be checked (reward_funcs: accuracy, format, code and others)"
                            + " or learned ones. The model must succeed now and then: a group whose answers all earn the"
                            + " same teaches nothing (frac_reward_zero_std). The relatives go by loss_type: dr_grpo, dapo,"
                            + " cispo, and GSPO by importance_sampling_level: sequence. A loss near 0 is normal: the"
                            + " advantages of a group add up to 0. Watch reward, completions/clipped_ratio, entropy and"
                            + " the samples. With supervision: process a process_reward_model judges the steps of answers, and"
                            + " a token counts by what its own step and later ones are worth beside all steps of the group;"
                            + " the policy must write steps, as those the model was taught on. Watch prm/mean_score,"
                            + " prm/steps_per_solution and prm/tokens_per_step too: step_mean keeps splitting steps from"
                            + " paying, mask_truncated_completions endless answers, and an accuracy of weight 0 shows"
                            + " whether the answers become right (prm/outcome_correlation).",
                    """
                    L = - (1/N) Σ min(ρ_t Â, clip(ρ_t, 1 - ε_low, 1 + ε_high) Â) + β KL(π || π_ref)
                    Â = (r - mean of its group) / (std of its group + eps)   ρ_t = π(y_t) / π_old(y_t)
                    process: Â_t = Σ (c_j - mean) / (std + eps) over the steps j that end at t or later; mean and std of the
                    scores c of all steps of the group
                    N: tokens of the whole batch (dapo); other loss types weigh tokens otherwise""",
                    PROMPTS,
                    "the model, its gradients, two AdamW moments and the keys and values of the answers that are being"
                            + " written, with a copy of the weights on a processor; the frozen reference only with beta above 0",
                    "arXiv 2402.03300, equation 3; 2503.14476",
                    OnlineJob.GrpoJob.class),
            new Method<>(
                    "rloo",
                    "REINFORCE leave-one-out: like grpo, but an answer is judged by the mean reward of the others to its prompt, undivided",
                    "Several answers to each prompt; the baseline of each is the mean of the others, which keeps the "
                            + "estimate unbiased, and rewards are not divided by their spread. The pull towards the reference "
                            + "is part of the reward. Takes fewer answers a prompt than grpo.",
                    """
                    L = - E min(s Â, clip(s, 1 - ε, 1 + ε) Â),   s = π(y) / π_old(y)
                    Â = R - mean of the R of the other answers,   R = r - β log(π_old(y) / π_ref(y))""",
                    PROMPTS,
                    "the model, its gradients, two AdamW moments, the keys and values of the answers that are being written, with a copy of the weights on a processor, and the frozen reference with beta above 0",
                    "arXiv 2402.14740, equation 8",
                    OnlineJob.RlooJob.class),
            new Method<>(
                    "reinforce",
                    "REINFORCE with a moving baseline: one answer to each prompt, judged by the mean reward so far",
                    "The oldest and simplest of these methods: the log-probability of an answer is raised by how far "
                            + "its reward is above a moving mean. Needs neither groups nor a value function, and learns "
                            + "slowest.",
                    """
                    L = - (1/N) Σ (r - b) log π(y_t),   b := (1 - a) b + a mean(r) after each rollout""",
                    PROMPTS,
                    "the model, its gradients, two AdamW moments and the keys and values of the answers that are being written, with a copy of the weights on a processor",
                    "Williams 1992",
                    OnlineJob.ReinforceJob.class),
            new Method<>(
                    "reinforce_plus_plus",
                    "REINFORCE++: PPO without a value function",
                    "The reward and a KL at every token add up to what each token is worth; that is normalised over "
                            + "the whole rollout, and the loss clips as PPO's does. One answer a prompt will do. variant: "
                            + "baseline subtracts the mean of the group first and puts the KL into the loss.",
                    """
                    L = - (1/N) Σ min(ρ_t Â_t, clip(ρ_t, 1 - ε, 1 + ε) Â_t)
                    Â: A less its mean, over its standard deviation   A_t = Σ_{s ≥ t} γ^(s-t) (r_s - β k1_s)""",
                    PROMPTS,
                    "the model, its gradients, two AdamW moments, the keys and values of the answers that are being written, with a copy of the weights on a processor, and the frozen reference with beta above 0",
                    "arXiv 2501.03262",
                    OnlineJob.ReinforcePlusPlusJob.class),
            new Method<>(
                    "remax",
                    "ReMax: an answer is judged by the reward of the most probable answer to its prompt",
                    "One drawn answer and one greedy answer to each prompt; no group, no value function. The greedy "
                            + "answers cost a second generation.",
                    """
                    L = - E (r(y) - r(y_greedy)) log π(y)""",
                    PROMPTS,
                    "the model, its gradients, two AdamW moments, the keys and values of the answers that are being written, with a copy of the weights on a processor, and the frozen reference with beta above 0",
                    "arXiv 2310.10505, algorithm 1",
                    OnlineJob.ReMaxJob.class),
            new Method<>(
                    "ppo",
                    "proximal policy optimisation: the classical RLHF, with a value function that foresees rewards token by token",
                    "The model writes answers, a reward model or reward functions score them, a KL to the reference "
                            + "is taken off at every token, and a second model, the value function, learns what is still to "
                            + "come, so that each token has an advantage of its own. Updates are clipped. Start from a model "
                            + "that was fine-tuned (sft) with reward_models and value_model from method reward. Watch "
                            + "objective/kl, objective/scores, val/explained_variance (above 0 once the value function works) "
                            + "and the samples. If scores rise and text degenerates, raise kl_coef; if the model unlearns "
                            + "what it could, give it text to go on imitating (ptx_data, PPO-ptx). With process_reward_model "
                            + "and step_rewards each step of an answer pays where it ends, besides the reward of the answer, if "
                            + "other rewards are given; if none weighs anything there is no reward to show, so watch "
                            + "prm/mean_score.",
                    """
                    L = - mean min(ρ_t Â_t, clip(ρ_t, 1 - ε, 1 + ε) Â_t) + vf_coef L_V - entropy_coef H + ptx_coef L_ptx
                    Â: whitened generalised advantages of r_t = - β (log π_old - log π_ref) + [t last] score
                        + [t ends step j] α s_j   s_j: of the scores c by step_rewards, such as softmax(-c/T)_j c_j
                    L_V = 1/2 mean max((V - R)², (V_clipped - R)²)
                    L_ptx = - (1/N) Σ log π(text_t)   N: trained tokens of ptx_data in the step""",
                    PROMPTS,
                    "policy and value function, each with gradients and two AdamW moments; the frozen reference; reward models. With"
                            + " use_peft gradients and moments are of two adapters, on weights that policy, reference and, without"
                            + " value_model, value function share; with vf_backbone_grad the value function is a head alone",
                    "arXiv 1707.06347, equation 7; 1506.02438; 2203.02155",
                    OnlineJob.PpoJob.class),
            new Method<>(
                    "online_dpo",
                    "online DPO: write several answers to each prompt, and learn from the best and the worst as dpo does"
                            + " from pairs",
                    "Like dpo on pairs that the model makes itself: it answers each prompt num_generations times, a reward"
                            + " model, reward functions or a language model as judge score the answers, and the best is preferred to the worst. The"
                            + " pairs are always of the model as it is, so it does not drift away from its data. Prompts"
                            + " whose answers earn the same make no pair (online/tie_rate). By default every step learns"
                            + " from fresh pairs. For iterative DPO let a rollout hold many prompts and be learnt from in"
                            + " many steps (num_mini_batches, num_iterations): generation comes in few large batches, the"
                            + " model is then ahead of the one that wrote, and with sync_ref_model: true,"
                            + " ref_model_mixup_alpha: 1 and ref_model_sync_steps: num_mini_batches · num_iterations each"
                            + " rollout is measured from the model that wrote it. Take a missing_eos_penalty with a reward"
                            + " model. Watch objective/scores, objective/kl, rewards/margins, length/chosen beside"
                            + " length/rejected, and the samples. A judge is asked about each two answers in both orders; watch"
                            + " judge/consistency, how often it says the same in both, judge/first_position_rate, which should"
                            + " be near 0.5, judge/choice_mass, which should be near 1, and reward_length_corr, above 0 where it"
                            + " likes what is long; held-out prompts give judge/win_rate, over the reference's answers to them. Show first on"
                            + " pairs that people judged that it is worth learning from.",
                    """
                    L = - E log σ(u),   u = β (D(best) - D(worst)),   D(y) = log p(y | x) - log p_ref(y | x)
                    best, worst: the answers of p to x with the largest and the smallest r(y) - penalty [y has no end]
                    by a judge: r(y) = mean over the other answers of 1 (preferred to it), 1/2 (tie), 0
                    at the first step D = 0, so L = log 2;   with loss_type: ipo  L = E (u/β - 1/(2β))²""",
                    PROMPTS,
                    "the model, its gradients, two AdamW moments, the keys and values of the answers that are being"
                            + " written, with a copy of the weights on a processor, the frozen reference (none with use_peft: it is the model with the adapter off),"
                            + " and reward models or the judge",
                    "arXiv 2402.04792; iterative: 2312.11456",
                    OnlineJob.OnlineDpoJob.class),
            new Method<>(
                    "raft",
                    "rejection-sampling fine-tuning: write several answers to each prompt and imitate the best",
                    "The simplest way to learn from rewards: sft on the model's own best answers. By default the best of"
                            + " num_generations answers to each prompt is imitated (RAFT), with min_reward the good"
                            + " enough ones, at most keep_per_prompt of each prompt, which is right where an answer can be"
                            + " checked. Bad answers teach nothing, which makes it steady and slow; what the model never"
                            + " gets right it cannot learn (raft/prompts_without). As often practised, rollouts hold many"
                            + " prompts and are learnt from in many steps: num_mini_batches, num_iterations. Nothing holds"
                            + " the model where it was but that it imitates itself; watch entropy, which falls, and the"
                            + " samples. Answers without an end are not imitated (mask_truncated_completions).",
                    """
                    L = - (1/N) Σ_{y kept} Σ_t log p(y_t | x, y_<t)
                    kept: of each prompt the keep_per_prompt answers with the largest r(y), those with r(y) ≥ min_reward
                    N: tokens of the kept answers of the whole accumulated batch""",
                    PROMPTS,
                    "the model, its gradients, two AdamW moments, the keys and values of the answers that are being"
                            + " written, with a copy of the weights on a processor, and reward models; the frozen reference only with beta above 0",
                    "arXiv 2304.06767, algorithm 1; 2203.14465",
                    OnlineJob.RaftJob.class),
            new Method<>(
                    "gdpo",
                    "group distributional preference optimisation: be of as many minds as people are, and voice each well",
                    "For prompts about which people disagree. dpo follows the majority; here an answer opens with the number"
                            + " of a belief, whose probabilities are to be the shares of people who hold it, and behind that"
                            + " statement the answer that voices the belief is preferred to one that voices another. Start"
                            + " from a model that was fine-tuned on answers that open so. Sample such a model: greedy decoding"
                            + " gives the majority's belief for every prompt. Watch belief/js_distance, 0 where the model's"
                            + " beliefs are spread as people's are, and belief/mass, near 1 where every answer opens with a"
                            + " belief. The other method of this name, group reward-decoupled normalisation (arXiv 2601.05242),"
                            + " is method: grpo with reward_aggregation: normalize_then_sum.",
                    """
                    L = w_cal L_cal + w_pref L_pref + w_prefix L_prefix
                    L_cal = E Σ_b p*(b | x) (log p*(b | x) - log q(b | x))
                    L_pref = - E log σ(β (D(chosen) - D(rejected))),   D(y) = log p(y | x, s_b) - log p_ref(y | x, s_b)
                    L_prefix = - E log p(s_b | x) / L(s_b)   L(s_b): tokens of s_b
                    b: belief   p*: its share of people   q: probability of its token as the first of the answer
                    s_b: its statement, such as 4<Somewhat favorable>""",
                    "prompt + belief_id + chosen + rejected; belief_probs or votes, a list with a number for each belief, or"
                            + " neither where each row is a vote; belief_text, group, context, rejected_belief_id if there are"
                            + " any",
                    "the model, its gradients, two AdamW moments and the frozen reference (none with variant:"
                            + " calibration_only)",
                    "arXiv 2412.20299",
                    Job.GdpoJob.class),
            new Method<>(
                    "prm",
                    "process reward model: tell good steps of a solution from bad ones",
                    "The model reads a solution step by step and says at the end of each how likely the step is good. It"
                            + " starts from a language model, whose projection to words is replaced by a fresh one to"
                            + " two classes at every token, as TRL saves and transformers loads it. Labels come from"
                            + " people (true or false) or from sampled continuations (0 to 1). Rows of whole solutions"
                            + " with a label of their outcome are read too: outcome_labels says what it says of steps."
                            + " Use the model to pick among sampled solutions, or as a dense reward. best_of_n/accuracy"
                            + " beside at_random shows on held-out problems with several solutions what the picking is"
                            + " worth.",
                    """
                    L = - (1/n) Σ [ l_j log c_j + (1 - l_j) log(1 - c_j) ],   c_j = softmax(z_j)[good]
                    z_j: two logits at the last token of step j's separator   l_j: its label   n: labelled steps of the
                    whole accumulated batch""",
                    "prompt + completions (a list of steps) + labels (a list of true, false, numbers from 0 to 1, or"
                            + " null); or prompt + completion + label",
                    "the model, its gradients and two AdamW moments; with freeze_backbone the model alone",
                    "arXiv 2211.14275, 2305.20050; soft labels: 2312.08935",
                    SolutionJob.PrmJob.class),
            new Method<>(
                    "orm",
                    "outcome reward model: tell right answers from wrong ones",
                    "The model reads a whole answer and gives the log-odds that it is right. It is saved as a reward model"
                            + " of one score. Several answers to each problem, right and wrong ones, are needed;"
                            + " problems are held out with all their answers. read_at: tokens learns a value of every"
                            + " beginning of an answer too.",
                    """
                    L = - (1/n) Σ [ l log σ(z) + (1 - l) log(1 - σ(z)) ]
                    z: the score at the last token, or at each token of the answer   l: 1 if the answer is right   n: what
                    is read in the whole accumulated batch""",
                    "prompt + completion + label (true or false, 1 or 0), and the other forms that kto reads",
                    "the model, its gradients and two AdamW moments; with freeze_backbone the model alone",
                    "arXiv 2110.14168, 2211.14275",
                    SolutionJob.OrmJob.class));

    private Methods() {}

    /**
     * All methods.
     *
     * @return those that there are, simplest first
     */
    public static List<Method<?>> all() {
        return ALL;
    }

    /**
     * A method by its name.
     *
     * @param name as in {@code method: …}
     * @return the method, if there is one of that name
     */
    public static Optional<Method<?>> find(String name) {
        return ALL.stream().filter(method -> method.name().equals(name)).findFirst();
    }

    /**
     * The settings that runs by any method have, with the same meaning and default.
     *
     * @return the settings, in the order of declaration
     */
    public static Set<SettingInfo> common() {
        Set<SettingInfo> common = new LinkedHashSet<>(ALL.get(0).settings());
        ALL.forEach(method -> common.retainAll(new HashSet<>(method.settings())));
        return common;
    }

    /**
     * The names of all methods, for a sentence.
     *
     * @return names with commas between them
     */
    public static String names() {
        return ALL.stream().map(Method::name).collect(Collectors.joining(", "));
    }

    /**
     * Reads the settings of a run whose {@code method} is among them.
     *
     * @param source YAML, overrides, or both
     * @return the settings
     * @throws PlumbException if the method is missing or unknown, and with one line for each fault in the settings
     */
    public static Job job(YamlSource source) {
        String place = source.name().map(name -> name + ": ").orElse("");
        String name = Binder.peek(source, "method")
                .orElseThrow(() -> new PlumbException(
                        place + "no `method` is given; add one, as in `method: dpo`. There are: " + names() + "."));
        return find(name)
                .orElseThrow(() -> new PlumbException(
                        place + "there is no method '" + name + "'; choose one of these: " + names() + "."))
                .bind(source);
    }
}
