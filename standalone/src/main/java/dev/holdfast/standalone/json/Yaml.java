package dev.holdfast.standalone.json;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.fasterxml.jackson.dataformat.yaml.util.StringQuotingChecker;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.composer.Composer;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.events.Event;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;
import org.yaml.snakeyaml.parser.Parser;
import org.yaml.snakeyaml.parser.ParserImpl;
import org.yaml.snakeyaml.reader.StreamReader;
import org.yaml.snakeyaml.resolver.Resolver;

/** Reads and writes YAML, with the meaning that sigs.k8s.io/yaml gives it: JSON written kindly. */
public final class Yaml {
  private static final Set<Tag> NOT_TEXT = Set.of(Tag.NULL, Tag.BOOL, Tag.INT, Tag.FLOAT);
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
  private static final ObjectMapper WRITER =
      new ObjectMapper(
          YAMLFactory.builder()
              .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
              .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES)
              .enable(YAMLGenerator.Feature.ALWAYS_QUOTE_NUMBERS_AS_STRINGS)
              .stringQuotingChecker(new Quoting())
              .build());

  private Yaml() {}

  /** As Go's writer: a text that reads as a time is quoted, a dot alone is not. */
  private static final class Quoting extends StringQuotingChecker.Default {
    private static final long serialVersionUID = 1;

    @Override
    public boolean needToQuoteName(String name) {
      return !name.equals(".") && super.needToQuoteName(name);
    }

    @Override
    public boolean needToQuoteValue(String value) {
      return super.needToQuoteValue(value) || value.matches("\\d{4}-\\d\\d?-\\d\\d?([Tt\\s].*)?");
    }
  }

  /**
   * Reads one document; JSON is YAML too.
   *
   * @throws MalformedDocumentException when it is not YAML, or grows without bound
   */
  public static ParsedDocument parse(byte[] yaml) {
    LoaderOptions options = new LoaderOptions();
    options.setCodePointLimit(Integer.MAX_VALUE); // the body was limited when it was read
    options.setNestingDepthLimit(200);
    StreamReader reader = new StreamReader(new String(yaml, StandardCharsets.UTF_8));
    try {
      Node root =
          new Composer(new Counting(new ParserImpl(reader, options)), new Resolver(), options)
              .getSingleNode();
      Reading reading = new Reading();
      JsonNode value = root == null ? NODES.nullNode() : reading.read(root);
      return new ParsedDocument(value, reading.duplicates, true);
    } catch (YAMLException e) {
      throw new MalformedDocumentException("yaml: " + e.getMessage());
    }
  }

  /** Reads a document that is part of this program. */
  public static ObjectNode resource(Class<?> beside, String name) {
    try (InputStream in = Objects.requireNonNull(beside.getResourceAsStream(name), name)) {
      return (ObjectNode) parse(in.readAllBytes()).value();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Writes what need not fit in memory; its closing leaves the stream open. */
  public static JsonGenerator generator(OutputStream out) throws IOException {
    return WRITER.writer().without(JsonGenerator.Feature.AUTO_CLOSE_TARGET).createGenerator(out);
  }

  public static byte[] bytes(JsonNode node) {
    return Json.write(WRITER.writer(), node);
  }

  /** Bounds what is read, before it is a tree; an alias is counted when the tree is walked. */
  private record Counting(Parser parser, AtomicInteger events) implements Parser {
    Counting(Parser parser) {
      this(parser, new AtomicInteger());
    }

    @Override
    public boolean checkEvent(Event.ID choice) {
      return parser.checkEvent(choice);
    }

    @Override
    public Event peekEvent() {
      return parser.peekEvent();
    }

    @Override
    public Event getEvent() {
      if (events.incrementAndGet() > 2 * Json.MAX_VALUES) { // a list has two: its begin and end
        throw new MalformedDocumentException("yaml: the document has too many values");
      }
      return parser.getEvent();
    }
  }

  private static final class Reading extends SafeConstructor {
    private final List<String> duplicates = new ArrayList<>();
    private int nodes;

    Reading() {
      super(new LoaderOptions());
    }

    JsonNode read(Node node) {
      if (++nodes > Json.MAX_VALUES) {
        throw new MalformedDocumentException("yaml: document contains excessive aliasing");
      }
      return switch (node) {
        case MappingNode mapping -> readMapping(mapping);
        case SequenceNode sequence -> {
          ArrayNode array = NODES.arrayNode();
          sequence.getValue().forEach(item -> array.add(read(item)));
          yield array;
        }
        case ScalarNode scalar -> readScalar(scalar);
        default -> throw new MalformedDocumentException("yaml: unknown node " + node.getTag());
      };
    }

    private ObjectNode readMapping(MappingNode mapping) {
      noteDuplicates(mapping);
      flattenMapping(mapping); // "<<" merge keys; also keeps only the last of repeated keys
      ObjectNode object = NODES.objectNode();
      for (NodeTuple tuple : mapping.getValue()) {
        if (!(tuple.getKeyNode() instanceof ScalarNode key)) {
          throw new MalformedDocumentException("yaml: a key must be a scalar");
        }
        object.set(key.getValue(), read(tuple.getValueNode()));
      }
      return object;
    }

    private void noteDuplicates(MappingNode mapping) {
      Set<String> seen = new HashSet<>();
      for (NodeTuple tuple : mapping.getValue()) {
        if (tuple.getKeyNode() instanceof ScalarNode key && !seen.add(key.getValue())) {
          int line = key.getStartMark().getLine() + 1;
          duplicates.add("line " + line + ": key \"" + key.getValue() + "\" already set in map");
        }
      }
    }

    private JsonNode readScalar(ScalarNode scalar) {
      return NOT_TEXT.contains(scalar.getTag())
          ? WRITER.valueToTree(constructObject(scalar))
          : NODES.textNode(scalar.getValue());
    }
  }
}
