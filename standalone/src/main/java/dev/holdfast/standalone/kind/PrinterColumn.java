package dev.holdfast.standalone.kind;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.function.Function;

/**
 * One column of {@code kubectl get}.
 *
 * @param type OpenAPI type
 * @param age whether the value is a time that is shown as the time since then
 * @param priority 0 is always shown, more only with {@code -o wide}
 * @param value what to show of an object; null or missing shows nothing
 */
public record PrinterColumn(
    String name,
    String type,
    String format,
    String description,
    int priority,
    boolean age,
    Function<ObjectNode, JsonNode> value) {}
