package dev.holdfast.standalone.schema;

import java.util.List;
import java.util.stream.Collectors;

/** A schema that the API extensions server would refuse in a CustomResourceDefinition. */
public final class InvalidSchemaException extends RuntimeException {
  private final transient List<FieldError> errors;

  public InvalidSchemaException(List<FieldError> errors) {
    super(errors.stream().map(FieldError::text).collect(Collectors.joining(", ")));
    this.errors = List.copyOf(errors);
  }

  /**
   * What is wrong; fields are relative to the schema ({@code openAPIV3Schema.properties[spec]}).
   */
  public List<FieldError> errors() {
    return errors;
  }
}
