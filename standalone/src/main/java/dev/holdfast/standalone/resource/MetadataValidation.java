package dev.holdfast.standalone.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.schema.FieldError;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/** The rules of metadata that hold for every kind: apimachinery, pkg/api/validation. */
final class MetadataValidation {
  private static final int MAX_ANNOTATIONS_BYTES = 256 * 1024;
  private static final String SHAPE =
      " '.', and must start and end with an alphanumeric character (e.g. %s, regex used for"
          + " validation is '%s')";
  private static final Rule NAME =
      new Rule(
          253,
          "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*",
          "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-'"
              + " or"
              + SHAPE,
          "'example.com'");
  private static final Rule NAMESPACE =
      new Rule(
          63,
          "[a-z0-9]([-a-z0-9]*[a-z0-9])?",
          "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-',"
              + " and must start and end with an alphanumeric character (e.g. %s, regex used for"
              + " validation is '%s')",
          "'my-name',  or '123-abc'");
  private static final Rule QUALIFIED_NAME =
      new Rule(
          63,
          "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]",
          "must consist of alphanumeric characters, '-', '_' or" + SHAPE,
          "'MyName',  or 'my.name',  or '123-abc'");
  private static final Rule LABEL =
      new Rule(
          63,
          "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?",
          "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or"
              + SHAPE,
          "'MyValue',  or 'my_value',  or '12345'");

  private final List<FieldError> errors = new ArrayList<>();

  private MetadataValidation() {}

  /** What a text must be like, and how that is said. */
  private record Rule(int longest, Pattern pattern, String text) {
    Rule(int longest, String pattern, String text, String examples) {
      this(longest, Pattern.compile(pattern), text.formatted(examples, pattern));
    }
  }

  /** What is wrong with the metadata of an object, whether it is new or not. */
  static List<FieldError> validate(ObjectNode object) {
    MetadataValidation validation = new MetadataValidation();
    JsonNode metadata = object.path("metadata");
    String name = metadata.path("name").asText();
    if (name.isEmpty()) {
      validation.errors.add(
          FieldError.required("metadata.name", "name or generateName is required"));
    } else {
      String kind = Json.textAt(object, "apiVersion") + "/" + Json.textAt(object, "kind");
      Rule rule = kind.equals("v1/Namespace") ? NAMESPACE : NAME;
      validation.text("metadata.name", name, "", name, rule);
    }
    for (Map.Entry<String, JsonNode> label : metadata.path("labels").properties()) {
      String value = label.getValue().asText();
      validation.qualified("metadata.labels", label.getKey());
      validation.text("metadata.labels", value, "", value, LABEL);
    }
    validation.annotations(metadata.path("annotations"));
    for (JsonNode finalizer : metadata.path("finalizers")) {
      validation.qualified("metadata.finalizers", finalizer.asText());
    }
    for (JsonNode reference : metadata.path("ownerReferences")) {
      for (String field : List.of("apiVersion", "kind", "name", "uid")) {
        if (Json.textAt(reference, field).isEmpty()) {
          validation.invalid("metadata.ownerReferences." + field, "", "must not be empty");
        }
      }
    }
    return validation.errors;
  }

  /** What is wrong with a change of metadata. */
  static List<FieldError> validateUpdate(ObjectNode object, ObjectNode live) {
    List<FieldError> errors = new ArrayList<>();
    String uid = Metadata.uid(object);
    if (!uid.equals(Metadata.uid(live))) {
      errors.add(FieldError.invalid("metadata.uid", uid, "field is immutable"));
    }
    List<String> added = new ArrayList<>(Metadata.finalizers(object));
    added.removeAll(Metadata.finalizers(live));
    if (Metadata.terminating(live) && !added.isEmpty()) {
      errors.add(
          FieldError.forbidden(
              "metadata.finalizers",
              "no new finalizers can be added if the object is being deleted, found new finalizers"
                  + " []string{\"%s\"}".formatted(String.join("\", \"", added))));
    }
    return errors;
  }

  /** What a client should be told of finalizers that are right but unwise. */
  static List<String> warnings(ObjectNode object) {
    return Metadata.finalizers(object).stream()
        .filter(name -> !name.contains("/") && !name.endsWith(".k8s.io"))
        .filter(name -> !List.of(Metadata.ORPHAN, Metadata.FOREGROUND, "kubernetes").contains(name))
        .map(
            ("metadata.finalizers: \"%s\": prefer a domain-qualified finalizer name to avoid"
                    + " accidental conflicts with other finalizer writers")
                ::formatted)
        .toList();
  }

  private void qualified(String field, String key) {
    int slash = key.indexOf('/');
    if (slash != key.lastIndexOf('/')) {
      String prefix = " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";
      invalid(field, key, "a valid label key " + QUALIFIED_NAME.text() + prefix);
      return;
    }
    if (slash == 0) {
      invalid(field, key, "prefix part must be non-empty");
    } else if (slash > 0) {
      text(field, key, "prefix part ", key.substring(0, slash), NAME);
    }
    String name = key.substring(slash + 1);
    if (name.isEmpty()) {
      invalid(field, key, "name part must be non-empty");
    }
    text(field, key, "name part ", name, QUALIFIED_NAME);
  }

  private void annotations(JsonNode annotations) {
    long bytes = 0;
    for (Map.Entry<String, JsonNode> annotation : annotations.properties()) {
      qualified("metadata.annotations", annotation.getKey().toLowerCase(Locale.ROOT));
      bytes += annotation.getKey().length() + annotation.getValue().asText().length();
    }
    if (bytes > MAX_ANNOTATIONS_BYTES) {
      errors.add(FieldError.tooLong("metadata.annotations", MAX_ANNOTATIONS_BYTES));
    }
  }

  private void text(String field, String value, String part, String text, Rule rule) {
    if (text.length() > rule.longest()) {
      invalid(field, value, part + "must be no more than " + rule.longest() + " characters");
    } else if (!rule.pattern().matcher(text).matches()) {
      invalid(field, value, part + rule.text());
    }
  }

  private void invalid(String field, String value, String rule) {
    errors.add(FieldError.invalid(field, value, rule));
  }
}
