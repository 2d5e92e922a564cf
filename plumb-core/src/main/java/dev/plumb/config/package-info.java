/** Settings: from YAML and overrides to records, with all faults at once. */
@org.jspecify.annotations.NullMarked
package dev.plumb.config;
