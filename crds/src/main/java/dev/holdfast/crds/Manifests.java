package dev.holdfast.crds;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** The CustomResourceDefinition manifests, as YAML. */
public final class Manifests {
  /** Plural names of the kinds, in the order in which they should be applied. */
  public static final List<String> PLURALS =
      List.of(
          "hypervisornodes",
          "storagepools",
          "virtualdiskinstances",
          "virtualdisks",
          "virtualmachineinstances",
          "virtualmachines",
          "virtualnetworks");

  private Manifests() {}

  /** The manifest of the kind with that plural name. */
  public static String yaml(String plural) {
    String resource = "/dev/holdfast/crds/manifests/" + plural + ".yaml";
    try (InputStream in = Manifests.class.getResourceAsStream(resource)) {
      if (in == null) {
        throw new IllegalArgumentException("no kind with the plural name " + plural);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + resource + " from the class path", e);
    }
  }
}
