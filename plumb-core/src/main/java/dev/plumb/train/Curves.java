package dev.plumb.train;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;

/** The charts of a run: which metrics share one, in what order, and what each of them tells. */
final class Curves {
    private record Plot(String title, String about, List<String> metrics, OptionalDouble reference) {
        static Plot of(String title, String about, String... metrics) {
            return new Plot(title, about, List.of(metrics), OptionalDouble.empty());
        }

        Plot against(double value) {
            return new Plot(title, about, metrics, OptionalDouble.of(value));
        }
    }

    private static final List<Plot> KNOWN = List.of(
            Plot.of("Loss", "What training lowers.", "loss"),
            Plot.of(
                            "Preference accuracy",
                            "Share of pairs whose chosen answer scores higher; a tie counts half. The dotted line is guessing.",
                            "rewards/accuracies",
                            "accuracy",
                            "length_baseline_accuracy")
                    .against(0.5),
            Plot.of("Reward margin", "Chosen minus rejected.", "rewards/margins", "margin")
                    .against(0),
            Plot.of(
                            "Rewards",
                            "Both falling while the margin grows: chosen answers too become less likely.",
                            "rewards/chosen",
                            "rewards/rejected")
                    .against(0),
            Plot.of("Log-probabilities", "Mean over answers, of the policy.", "logps/chosen", "logps/rejected"),
            Plot.of("Log-ratios", "Policy over reference.", "logratios/chosen", "logratios/rejected")
                    .against(0),
            Plot.of("Scores", "Over all answers of a step.", "min_reward", "mean_reward", "max_reward"),
            Plot.of(
                            "Calibration",
                            "Distance of accuracy from confidence, and the squared miss; both are best at 0.",
                            "ece",
                            "brier")
                    .against(0),
            Plot.of("Reward", "Mean over sampled answers.", "reward"),
            Plot.of(
                    "Scores of steps",
                    "Mean over steps of sampled answers, and over answers of each one\u2019s worst step.",
                    "prm/mean_score",
                    "prm/min_score"),
            Plot.of(
                    "Reward spread",
                    "Over all answers, and within those to one prompt; nothing is learnt where they have none.",
                    "reward_std",
                    "reward/group_std_mean"),
            Plot.of(
                    "Prompts that teach nothing",
                    "Share whose answers all earned the same: all, those that all did well, and badly.",
                    "frac_reward_zero_std",
                    "dead_groups/all_best",
                    "dead_groups/all_worst",
                    "online/tie_rate"),
            Plot.of(
                            "Win rate",
                            "Share of held-out prompts whose answer the judge prefers to the reference's; a tie counts half.",
                            "judge/win_rate")
                    .against(0.5),
            Plot.of(
                    "What the judge is worth",
                    "Share of pairs of which it says the same in both orders, and that are a tie; of its verdicts those for"
                            + " the answer shown first, best at 0.5; probability of naming either, best near 1.",
                    "judge/consistency",
                    "judge/tie_rate",
                    "judge/first_position_rate",
                    "judge/choice_mass"),
            Plot.of(
                    "Disagreement of reward models",
                    "Where it grows, the policy leaves what they know.",
                    "reward/ensemble_std"),
            Plot.of(
                    "Length of answers",
                    "In tokens: of all, and of those that ended of themselves.",
                    "completions/mean_length",
                    "completions/mean_terminated_length"),
            Plot.of(
                    "Answers cut off",
                    "Share that the length limit ended. Where it is large, rewards measure the limit.",
                    "completions/clipped_ratio"),
            Plot.of(
                            "Reward and length",
                            "Their correlation over answers. Above 0: what is longer earns more.",
                            "reward_length_corr")
                    .against(0),
            Plot.of("KL to the reference", "How far the policy has moved, in nats a token.", "kl")
                    .against(0),
            Plot.of("KL of whole answers", "The same in nats an answer.", "objective/kl")
                    .against(0),
            Plot.of(
                            "Value function",
                            "Share of the variance of returns that it foresees. Below 0 it does harm.",
                            "val/explained_variance")
                    .against(0),
            Plot.of(
                    "Tokens that are clipped",
                    "Share whose probability moved so far since the rollout that they are no longer learnt from.",
                    "clip_ratio/low_mean",
                    "clip_ratio/high_mean",
                    "policy/clipfrac_avg"),
            Plot.of(
                    "Effective sample size",
                    "As a share of the tokens; 1 where all weigh the same. Small: the rollout is too old for the policy.",
                    "ratio/ess"),
            Plot.of(
                    "Sampler and trainer",
                    "How far their log-probabilities of what was drawn are apart, in nats a token; rounding gives less than 0.001.",
                    "sampling/sampling_logp_difference/mean",
                    "sampling/sampling_logp_difference/max"),
            Plot.of("Token accuracy", "Share of trained tokens that were the likeliest.", "mean_token_accuracy"),
            Plot.of("Entropy", "Of the next token, in nats. Near zero: the policy has collapsed.", "entropy"),
            Plot.of("Gradient norm", "Before clipping.", "grad_norm"),
            Plot.of("Learning rate", "", "learning_rate"));

    private final Map<String, Map<MetricsLog.Split, List<double[]>>> points = new LinkedHashMap<>();

    Curves(List<MetricsLog.Entry> entries) {
        for (MetricsLog.Entry entry : entries) {
            entry.values()
                    .forEach((name, value) -> points.computeIfAbsent(name, n -> new LinkedHashMap<>())
                            .computeIfAbsent(entry.split(), s -> new ArrayList<>())
                            .add(new double[] {entry.step(), value}));
        }
    }

    String html() {
        StringBuilder html = new StringBuilder(
                "<p class=\"lead\">Faint lines are single steps, strong ones their running mean;"
                        + " the numbers are where these end. Point at a chart to read a step.</p><div class=\"charts\">");
        Set<String> left = new LinkedHashSet<>(points.keySet());
        left.remove("num_tokens"); // a clock, not a result
        for (Plot plot : KNOWN) {
            List<String> there = plot.metrics().stream().filter(left::contains).toList();
            if (!there.isEmpty()) {
                html.append(figure(plot, there));
                there.forEach(left::remove);
            }
        }
        StringBuilder constant = new StringBuilder();
        for (String name : left) {
            OptionalDouble value = constant(name);
            if (value.isPresent()) {
                constant.append(constant.isEmpty() ? "" : ", ")
                        .append("<code>")
                        .append(Html.escape(name))
                        .append("</code> ")
                        .append(Html.number(value.getAsDouble()));
            } else {
                html.append(figure(Plot.of(name, "", name), List.of(name)));
            }
        }
        html.append("</div>");
        if (!constant.isEmpty()) {
            html.append("<p class=\"note\">The same at every step: ")
                    .append(constant)
                    .append(".</p>");
        }
        return html.toString();
    }

    private OptionalDouble constant(String name) {
        double[] values = points.get(name).values().stream()
                .flatMap(List::stream)
                .mapToDouble(p -> p[1])
                .distinct()
                .toArray();
        return values.length == 1 ? OptionalDouble.of(values[0]) : OptionalDouble.empty();
    }

    private String figure(Plot plot, List<String> metrics) {
        List<Series> series = new ArrayList<>();
        for (String metric : metrics) {
            for (MetricsLog.Split split : MetricsLog.Split.values()) {
                List<double[]> course = points.get(metric).getOrDefault(split, List.of());
                if (!course.isEmpty()) {
                    series.add(series(metrics, metric, split, course));
                }
            }
        }
        return "<figure><figcaption><h3>" + Html.escape(plot.title()) + "</h3><p>" + Html.escape(plot.about())
                + "</p></figcaption>" + LineChart.draw(plot.title(), series, plot.reference()) + "</figure>";
    }

    private static Series series(List<String> metrics, String metric, MetricsLog.Split split, List<double[]> course) {
        String rows = split == MetricsLog.Split.TRAIN ? "training" : "held-out";
        String quantity = metric.substring(metric.lastIndexOf('/') + 1);
        boolean several = metrics.size() > 1;
        int colour = several ? metrics.indexOf(metric) : split == MetricsLog.Split.TRAIN ? 0 : 2;
        String label = !several ? rows : split == MetricsLog.Split.TRAIN ? quantity : quantity + " held-out";
        return new Series(
                label,
                split,
                colour,
                course.stream().mapToDouble(p -> p[0]).toArray(),
                course.stream().mapToDouble(p -> p[1]).toArray());
    }
}
