package dev.holdfast.standalone.apply;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * A request to change one object, the same for every server: {@link ServedObject} fills in what
 * only one server knows.
 *
 * @param version of the definition, as v1
 * @param subresource empty or status
 * @param query what comes after the question mark
 */
record Write(
    Verb verb, String version, String subresource, String query, JsonNode body, boolean dryRun) {

  enum Verb {
    CREATE("POST", "application/json"),
    REPLACE("PUT", "application/json"),
    MERGE("PATCH", "application/merge-patch+json"),
    JSON_PATCH("PATCH", "application/json-patch+json"),
    APPLY("PATCH", "application/apply-patch+yaml"),
    DELETE("DELETE", "application/json"),
    GET("GET", "");

    final String method;
    final String contentType;

    Verb(String method, String contentType) {
      this.method = method;
      this.contentType = contentType;
    }
  }
}
