package dev.holdfast.standalone.kind;

import com.fasterxml.jackson.databind.JsonNode;
import dev.holdfast.standalone.json.Json;
import java.util.List;
import java.util.Locale;

/** How a resource is called in paths, manifests and on the command line. */
public record Names(
    String plural,
    String singular,
    String kind,
    String listKind,
    List<String> shortNames,
    List<String> categories) {

  /** The names that a definition gives, and what follows from the kind. */
  static Names of(JsonNode names) {
    String kind = Json.textAt(names, "kind");
    return new Names(
        Json.textAt(names, "plural"),
        textOr(names, "singular", kind.toLowerCase(Locale.ROOT)),
        kind,
        textOr(names, "listKind", kind + "List"),
        List.copyOf(Json.textsAt(names, "shortNames")),
        List.copyOf(Json.textsAt(names, "categories")));
  }

  private static String textOr(JsonNode names, String field, String otherwise) {
    String text = Json.textAt(names, field);
    return text.isEmpty() ? otherwise : text;
  }
}
