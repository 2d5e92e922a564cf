package dev.plumb.config;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Describes one setting where it is declared: a component of a configuration record. The YAML key, the {@code key=value}
 * override, the text of {@code explain}, the reference page and the range check all come from it. The key is the
 * component's name in snake case.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
public @interface Setting {
    /**
     * One or two sentences: what it does, in which unit, and what a larger value changes.
     *
     * @return the sentences
     */
    String doc();

    /**
     * The default in YAML; empty means that the setting is required, unless its type is {@code Optional}, a
     * list or a map, which are empty then, or a record, whose own settings take their defaults.
     *
     * @return the default as YAML text
     */
    String byDefault() default "";

    /**
     * Where the default or the formula comes from: a paper with its equation, a tool, or a measurement.
     *
     * @return the source, empty if there is nothing to cite
     */
    String source() default "";

    /**
     * The smallest allowed number.
     *
     * @return the bound, included unless {@link #aboveMin()}
     */
    double min() default Double.NEGATIVE_INFINITY;

    /**
     * The largest allowed number.
     *
     * @return the bound, included unless {@link #belowMax()}
     */
    double max() default Double.POSITIVE_INFINITY;

    /**
     * Whether {@link #min()} itself is not allowed.
     *
     * @return true for a strict bound
     */
    boolean aboveMin() default false;

    /**
     * Whether {@link #max()} itself is not allowed.
     *
     * @return true for a strict bound
     */
    boolean belowMax() default false;
}
