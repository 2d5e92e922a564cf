package dev.plumb.config;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** Names the setting that a record takes when the file gives a scalar or a list where its mapping is expected. */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface Shorthand {
    /**
     * The key of that setting.
     *
     * @return a key in snake case
     */
    String value();
}
