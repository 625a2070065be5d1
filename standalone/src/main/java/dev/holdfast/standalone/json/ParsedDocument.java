package dev.holdfast.standalone.json;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;

/**
 * A document with the last value of every field, and the fields that were given twice.
 *
 * @param duplicates one text per repeated field, as the API server warns of it
 * @param yaml whether the texts come from YAML, which words its errors differently
 */
public record ParsedDocument(JsonNode value, List<String> duplicates, boolean yaml) {}
