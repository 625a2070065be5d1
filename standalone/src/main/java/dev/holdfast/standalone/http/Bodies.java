package dev.holdfast.standalone.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.json.MalformedDocumentException;
import dev.holdfast.standalone.json.ParsedDocument;
import dev.holdfast.standalone.json.Yaml;
import dev.holdfast.standalone.kind.ResourceType;
import dev.holdfast.standalone.kind.Trait;
import dev.holdfast.standalone.patch.PatchType;
import dev.holdfast.standalone.resource.ApiException;
import dev.holdfast.standalone.resource.Decoding;
import java.util.List;
import java.util.Locale;
import org.eclipse.jetty.http.HttpHeader;
import org.jspecify.annotations.Nullable;

/** Reads request bodies by their content types. */
final class Bodies {
  static final String APPLY = "application/apply-patch+yaml";
  private static final String JSON_PATCH = "application/json-patch+json";
  private static final String MERGE_PATCH = "application/merge-patch+json";
  private static final String STRATEGIC_PATCH = "application/strategic-merge-patch+json";
  private static final String OBJECT_TYPES =
      "application/json, application/yaml, application/vnd.kubernetes.protobuf";

  private Bodies() {}

  static String contentType(Exchange exchange) {
    String header = exchange.header(HttpHeader.CONTENT_TYPE);
    int parameters = header.indexOf(';');
    return (parameters < 0 ? header : header.substring(0, parameters))
        .strip()
        .toLowerCase(Locale.ROOT);
  }

  /** The object of a create or an update. */
  static ParsedDocument object(Exchange exchange, ResourceType type) {
    return switch (contentType(exchange)) {
      case "", Exchange.JSON -> Decoding.parse(type, exchange.body(), false);
      case "application/yaml" -> Decoding.parse(type, exchange.body(), true);
      case Protobuf.TYPE -> {
        if (!Protobuf.knows(type.kind()) || type.has(Trait.CUSTOM)) {
          throw ApiException.unsupportedMediaType("application/json, application/yaml");
        }
        yield new ParsedDocument(Protobuf.read(exchange.body()), List.of(), false);
      }
      default -> throw ApiException.unsupportedMediaType(OBJECT_TYPES);
    };
  }

  /** The object of a review, which is of no type that is stored. */
  static ObjectNode review(Exchange exchange) {
    if (contentType(exchange).equals(Protobuf.TYPE)) {
      return Protobuf.read(exchange.body());
    }
    if (parse(exchange.body(), contentType(exchange).endsWith("yaml")).value()
        instanceof ObjectNode review) {
      return review;
    }
    throw ApiException.badRequest("an object is wanted");
  }

  /** DeleteOptions; a missing node when there is no body. */
  static JsonNode deleteOptions(Exchange exchange) {
    byte[] body = exchange.body();
    if (body.length == 0) {
      return MissingNode.getInstance();
    }
    if (contentType(exchange).equals(Protobuf.TYPE)) {
      throw ApiException.unsupportedMediaType("application/json, application/yaml");
    }
    return parse(body, contentType(exchange).endsWith("yaml")).value();
  }

  private static ParsedDocument parse(byte[] body, boolean yaml) {
    try {
      return yaml ? Yaml.parse(body) : Json.parse(body);
    } catch (MalformedDocumentException e) {
      throw ApiException.badRequest(String.valueOf(e.getMessage()));
    }
  }

  /** Which patch a request is, or null for an apply. */
  static @Nullable PatchType patchType(Exchange exchange, ResourceType type) {
    String accepted = JSON_PATCH + ", " + MERGE_PATCH + ", ";
    boolean strategic = type.has(Trait.STRATEGIC_MERGE);
    return switch (contentType(exchange)) {
      case JSON_PATCH -> PatchType.JSON;
      case MERGE_PATCH -> PatchType.MERGE;
      case APPLY -> null;
      case STRATEGIC_PATCH -> {
        if (strategic) {
          yield PatchType.STRATEGIC_MERGE;
        }
        throw ApiException.unsupportedMediaType(accepted + APPLY);
      }
      default ->
          throw ApiException.unsupportedMediaType(
              accepted + (strategic ? STRATEGIC_PATCH + ", " : "") + APPLY);
    };
  }

  static JsonNode patch(Exchange exchange) {
    try {
      return Json.parse(exchange.body()).value();
    } catch (MalformedDocumentException e) {
      throw ApiException.badRequest("error decoding patch: " + e.getMessage());
    }
  }

  /** An applied configuration; JSON is YAML too. */
  static ParsedDocument configuration(Exchange exchange) {
    byte[] body = exchange.body();
    try {
      // JSON is much more common and much faster to read; what is not JSON may be YAML.
      if (body.length > 0 && body[0] == '{') {
        try {
          return Json.parse(body);
        } catch (MalformedDocumentException e) {
          return Yaml.parse(body);
        }
      }
      return Yaml.parse(body);
    } catch (MalformedDocumentException e) {
      throw ApiException.badRequest("error decoding YAML: " + e.getMessage());
    }
  }
}
