package dev.holdfast.keeper.protocol;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.deser.std.FromStringDeserializer;
import com.fasterxml.jackson.databind.exc.InvalidTypeIdException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.ser.std.ToStringSerializer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;

/**
 * Lines to messages and back. Unknown fields are skipped, so that either side may be newer than the
 * other.
 */
public final class ProtocolJson {
  /** Nothing in the protocol nests deeper than this; it bounds what a hostile line costs. */
  private static final int DEEPEST_NESTING = 32;

  private final ObjectMapper mapper;

  public ProtocolJson() {
    // Path would be written as a file: URI and Instant not at all.
    var plainStrings =
        new SimpleModule()
            .addSerializer(Path.class, ToStringSerializer.instance)
            .addSerializer(Instant.class, ToStringSerializer.instance)
            .addDeserializer(Path.class, new PlainPath())
            .addDeserializer(Instant.class, new IsoInstant());
    var factory =
        JsonFactory.builder()
            .streamReadConstraints(
                StreamReadConstraints.builder().maxNestingDepth(DEEPEST_NESTING).build())
            .build();
    mapper =
        JsonMapper.builder(factory)
            .addModule(plainStrings)
            .defaultPropertyInclusion(
                JsonInclude.Value.construct(
                    JsonInclude.Include.NON_NULL, JsonInclude.Include.ALWAYS))
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(DeserializationFeature.READ_UNKNOWN_ENUM_VALUES_USING_DEFAULT_VALUE)
            .build();
  }

  public byte[] write(Request.Line line) {
    return writeValue(line);
  }

  public byte[] write(KeeperLine line) {
    return writeValue(line);
  }

  public Request.Line readRequest(byte[] line) throws ProtocolException {
    JsonNode tree = readTree(line);
    JsonNode id = tree.path("id");
    if (!id.canConvertToLong() || !id.isIntegralNumber()) {
      throw new ProtocolException(
          FailureCode.MALFORMED, -1, "a request needs an integer field \"id\"");
    }
    return new Request.Line(
        id.longValue(), convert(tree.path("request"), Request.class, id.longValue()));
  }

  public KeeperLine readKeeperLine(byte[] line) throws ProtocolException {
    JsonNode tree = readTree(line);
    JsonNode event = tree.path("event");
    if (!event.isMissingNode()) {
      return new KeeperLine.EventLine(convert(event, Event.class, -1));
    }
    long replyTo = tree.path("replyTo").asLong(-1);
    return new KeeperLine.ReplyLine(replyTo, convert(tree.path("reply"), Reply.class, replyTo));
  }

  private JsonNode readTree(byte[] line) throws ProtocolException {
    try {
      return mapper.readTree(new String(line, StandardCharsets.UTF_8));
    } catch (JsonProcessingException notJson) {
      throw new ProtocolException(
          FailureCode.MALFORMED,
          -1,
          "the line is not a JSON object: " + notJson.getOriginalMessage());
    }
  }

  private <T> T convert(JsonNode node, Class<T> type, long id) throws ProtocolException {
    if (!node.isObject()) {
      throw new ProtocolException(
          FailureCode.MALFORMED,
          id,
          "the object \""
              + type.getSimpleName().toLowerCase(java.util.Locale.ROOT)
              + "\" is missing");
    }
    try {
      return mapper.treeToValue(node, type);
    } catch (InvalidTypeIdException unknown) {
      String name = unknown.getTypeId();
      FailureCode code = name == null ? FailureCode.MALFORMED : FailureCode.UNKNOWN_REQUEST;
      throw new ProtocolException(
          code,
          id,
          name == null
              ? "the field \"type\" is missing"
              : "type \"" + name + "\" is not known to this version");
    } catch (JsonProcessingException invalid) {
      throw new ProtocolException(FailureCode.MALFORMED, id, invalid.getOriginalMessage());
    }
  }

  /** What is not a message of the protocol, but is written in the same way. */
  public byte[] writeOther(Object value) {
    return writeValue(value);
  }

  /** Reads what {@link #writeOther} has written. */
  public <T> T readOther(byte[] json, Class<T> type) throws JsonProcessingException {
    return mapper.readValue(new String(json, StandardCharsets.UTF_8), type);
  }

  private byte[] writeValue(Object value) {
    try {
      return mapper.writeValueAsBytes(value);
    } catch (JsonProcessingException impossible) {
      throw new IllegalStateException("our own messages can always be written", impossible);
    }
  }

  private static final class PlainPath extends FromStringDeserializer<Path> {
    private static final long serialVersionUID = 1L;

    PlainPath() {
      super(Path.class);
    }

    @Override
    protected Path _deserialize(String value, DeserializationContext context)
        throws java.io.IOException {
      try {
        return Path.of(value);
      } catch (java.nio.file.InvalidPathException invalid) {
        throw context.weirdStringException(value, Path.class, "not a path: " + invalid.getReason());
      }
    }
  }

  private static final class IsoInstant extends FromStringDeserializer<Instant> {
    private static final long serialVersionUID = 1L;

    IsoInstant() {
      super(Instant.class);
    }

    @Override
    protected Instant _deserialize(String value, DeserializationContext context)
        throws java.io.IOException {
      try {
        return Instant.parse(value);
      } catch (DateTimeException invalid) {
        throw context.weirdStringException(value, Instant.class, "not an ISO 8601 instant");
      }
    }
  }
}
