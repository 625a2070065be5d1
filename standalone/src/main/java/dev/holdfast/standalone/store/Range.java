package dev.holdfast.standalone.store;

/**
 * A set of keys: all, those of one resource, or those of one resource in one namespace.
 *
 * @param prefix what the paths of its keys begin with
 */
public record Range(String prefix) {
  private static final Range EVERYTHING = new Range("");

  public static Range everything() {
    return EVERYTHING;
  }

  /**
   * The objects of one resource.
   *
   * @param namespace empty for all namespaces (and for cluster-scoped resources)
   */
  public static Range of(String group, String resource, String namespace) {
    String prefix = group + "/" + resource + "/";
    return new Range(namespace.isEmpty() ? prefix : prefix + namespace + "/");
  }

  boolean contains(String path) {
    return path.startsWith(prefix);
  }

  /** The first string that is behind every path of this range; only for a prefix with an end. */
  String end() {
    return prefix.substring(0, prefix.length() - 1) + (char) ('/' + 1);
  }
}
