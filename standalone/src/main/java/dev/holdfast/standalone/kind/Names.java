package dev.holdfast.standalone.kind;

import java.util.List;

/** How a resource is called in paths, manifests and on the command line. */
public record Names(
    String plural,
    String singular,
    String kind,
    String listKind,
    List<String> shortNames,
    List<String> categories) {
  public Names {
    shortNames = List.copyOf(shortNames);
    categories = List.copyOf(categories);
  }
}
