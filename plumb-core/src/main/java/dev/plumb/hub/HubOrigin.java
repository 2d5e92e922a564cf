package dev.plumb.hub;

/**
 * What was taken from a hub, exactly enough to take the same again.
 *
 * @param kind {@code model} or {@code dataset}
 * @param id the repository, as in {@code org/name}
 * @param revision what was asked for: a branch, a tag or a commit
 * @param commit the commit that it was, 40 hexadecimal digits
 */
public record HubOrigin(String kind, String id, String revision, String commit) {}
