package dev.holdfast.standalone.store;

/**
 * Where an object is stored.
 *
 * @param group API group; empty for the core group
 * @param resource plural name of the resource
 * @param namespace empty for cluster-scoped objects
 */
public record Key(String group, String resource, String namespace, String name) {

  /** The key as one string, whose order is the order of lists: namespace and name as bytes. */
  public String path() {
    return namespace.isEmpty()
        ? group + "/" + resource + "/" + name
        : group + "/" + resource + "/" + namespace + "/" + name;
  }

  public static Key parse(String path) {
    String[] parts = path.split("/", -1);
    return parts.length == 3
        ? new Key(parts[0], parts[1], "", parts[2])
        : new Key(parts[0], parts[1], parts[2], parts[3]);
  }
}
