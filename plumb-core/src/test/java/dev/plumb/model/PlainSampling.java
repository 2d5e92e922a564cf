package dev.plumb.model;

import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.stream.IntStream;

/** Penalty, temperature and truncation step by step as transformers' processors do them, in 64 bits, for comparison. */
final class PlainSampling {
    private PlainSampling() {}

    static double[] softmax(double[] logits, double temperature) {
        double top = Arrays.stream(logits).max().orElseThrow();
        double[] e = Arrays.stream(logits)
                .map(z -> Math.exp((z - top) / temperature))
                .toArray();
        double sum = Arrays.stream(e).sum();
        return Arrays.stream(e).map(x -> x / sum).toArray();
    }

    /** RepetitionPenaltyLogitsProcessor. */
    static double[] penalised(double[] logits, Collection<Integer> seen, double penalty) {
        double[] out = logits.clone();
        for (int id : new HashSet<>(seen)) {
            out[id] = out[id] < 0 ? out[id] * penalty : out[id] / penalty;
        }
        return out;
    }

    /** TopKLogitsWarper, TopPLogitsWarper and MinPLogitsWarper in their order, renormalised after each; 0 where left out. */
    static double[] truncated(double[] logits, Sampling sampling) {
        double[] p = softmax(logits, sampling.temperature() == 0 ? 1 : sampling.temperature());
        List<Integer> order = IntStream.range(0, p.length)
                .boxed()
                .sorted(Comparator.comparingDouble((Integer i) -> -p[i]))
                .toList();
        int keep = p.length;
        if (sampling.topK() > 0) {
            keep = Math.min(keep, sampling.topK());
        }
        double mass = order.subList(0, keep).stream().mapToDouble(i -> p[i]).sum();
        if (sampling.topP() < 1) {
            double reached = 0;
            int n = 0;
            while (n < keep && reached < sampling.topP()) {
                reached += p[order.get(n++)] / mass;
            }
            keep = n;
        }
        int likely = 0;
        while (likely < keep && p[order.get(likely)] >= sampling.minP() * p[order.get(0)]) {
            likely++;
        }
        List<Integer> kept = order.subList(0, likely);
        double left = kept.stream().mapToDouble(i -> p[i]).sum();
        double[] out = new double[p.length];
        kept.forEach(i -> out[i] = p[i] / left);
        return out;
    }

    static int best(double[] logits) {
        return IntStream.range(0, logits.length)
                .boxed()
                .max(Comparator.comparingDouble(i -> logits[i]))
                .orElseThrow();
    }

    static float[] floats(double[] numbers) {
        float[] out = new float[numbers.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = (float) numbers[i];
        }
        return out;
    }
}
