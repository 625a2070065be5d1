package dev.holdfast.standalone.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.schema.FieldError;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/** The rules of metadata that hold for every kind: apimachinery, pkg/api/validation. */
final class MetadataValidation {
  private static final String SUBDOMAIN =
      "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
  private static final Pattern NAME = Pattern.compile(SUBDOMAIN);
  private static final Pattern QUALIFIED =
      Pattern.compile("([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]");
  private static final int MAX_NAME = 253;
  private static final int MAX_LABEL = 63;
  private static final int MAX_ANNOTATIONS_BYTES = 256 * 1024;

  private static final String QUALIFIED_RULE =
      "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end"
          + " with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex"
          + " used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
  private static final String LABEL_RULE =
      "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or"
          + " '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or"
          + " 'my_value',  or '12345', regex used for validation is"
          + " '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
  private static final String NAME_RULE =
      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or"
          + " '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex"
          + " used for validation is '"
          + SUBDOMAIN
          + "')";

  private final List<FieldError> errors = new ArrayList<>();

  private MetadataValidation() {}

  /** What is wrong with the metadata of an object, whether it is new or not. */
  static List<FieldError> validate(ObjectNode object) {
    MetadataValidation validation = new MetadataValidation();
    JsonNode metadata = object.path("metadata");
    validation.name(metadata);
    metadata
        .path("labels")
        .properties()
        .forEach(
            label -> {
              validation.qualified("metadata.labels", label.getKey());
              validation.labelValue(label.getValue().asText());
            });
    validation.annotations(metadata.path("annotations"));
    metadata
        .path("finalizers")
        .forEach(finalizer -> validation.qualified("metadata.finalizers", finalizer.asText()));
    metadata.path("ownerReferences").forEach(validation::ownerReference);
    return validation.errors;
  }

  /** What is wrong with a change of metadata. */
  static List<FieldError> validateUpdate(ObjectNode object, ObjectNode live) {
    List<FieldError> errors = new ArrayList<>();
    String uid = Metadata.uid(object);
    if (!uid.equals(Metadata.uid(live))) {
      errors.add(FieldError.invalid("metadata.uid", uid, "field is immutable"));
    }
    if (Metadata.terminating(live)) {
      List<String> added = new ArrayList<>(Metadata.finalizers(object));
      added.removeAll(Metadata.finalizers(live));
      if (!added.isEmpty()) {
        errors.add(
            FieldError.forbidden(
                "metadata.finalizers",
                "no new finalizers can be added if the object is being deleted, found new"
                    + " finalizers []string{\"%s\"}".formatted(String.join("\", \"", added))));
      }
    }
    return errors;
  }

  /** What a client should be told of finalizers that are right but unwise. */
  static List<String> warnings(ObjectNode object) {
    return Metadata.finalizers(object).stream()
        .filter(name -> !name.contains("/"))
        .filter(name -> !name.equals(Metadata.ORPHAN) && !name.equals(Metadata.FOREGROUND))
        .filter(name -> !name.equals("kubernetes") && !name.endsWith(".k8s.io"))
        .map(
            ("metadata.finalizers: \"%s\": prefer a domain-qualified finalizer name to avoid"
                    + " accidental conflicts with other finalizer writers")
                ::formatted)
        .toList();
  }

  private void name(JsonNode metadata) {
    String name = metadata.path("name").asText();
    if (name.isEmpty()) {
      errors.add(FieldError.required("metadata.name", "name or generateName is required"));
    } else if (name.length() > MAX_NAME) {
      invalid("metadata.name", name, "must be no more than " + MAX_NAME + " characters");
    } else if (!NAME.matcher(name).matches()) {
      invalid("metadata.name", name, NAME_RULE);
    }
  }

  private void qualified(String field, String key) {
    int slash = key.indexOf('/');
    String prefix = slash < 0 ? "" : key.substring(0, slash);
    String name = key.substring(slash + 1);
    if (slash == 0) {
      invalid(field, key, "prefix part must be non-empty");
    } else if (slash > 0 && !NAME.matcher(prefix).matches()) {
      invalid(field, key, "prefix part " + NAME_RULE);
    }
    if (name.isEmpty()) {
      invalid(field, key, "name part must be non-empty");
    } else if (name.length() > MAX_LABEL) {
      invalid(field, key, "name part must be no more than " + MAX_LABEL + " characters");
    } else if (!QUALIFIED.matcher(name).matches()) {
      invalid(field, key, QUALIFIED_RULE);
    }
  }

  private void labelValue(String value) {
    if (value.length() > MAX_LABEL) {
      invalid("metadata.labels", value, "must be no more than " + MAX_LABEL + " characters");
    } else if (!value.isEmpty() && !QUALIFIED.matcher(value).matches()) {
      invalid("metadata.labels", value, LABEL_RULE);
    }
  }

  private void annotations(JsonNode annotations) {
    long bytes = 0;
    for (var annotation : annotations.properties()) {
      qualified("metadata.annotations", annotation.getKey().toLowerCase(Locale.ROOT));
      bytes += annotation.getKey().length() + annotation.getValue().asText().length();
    }
    if (bytes > MAX_ANNOTATIONS_BYTES) {
      errors.add(FieldError.tooLong("metadata.annotations", MAX_ANNOTATIONS_BYTES));
    }
  }

  private void ownerReference(JsonNode reference) {
    for (String field : List.of("apiVersion", "kind", "name", "uid")) {
      if (Json.textAt(reference, field).isEmpty()) {
        invalid("metadata.ownerReferences." + field, "", "must not be empty");
      }
    }
  }

  private void invalid(String field, String value, String rule) {
    errors.add(FieldError.invalid(field, value, rule));
  }
}
