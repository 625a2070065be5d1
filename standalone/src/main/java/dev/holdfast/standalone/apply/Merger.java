package dev.holdfast.standalone.apply;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.schema.FieldType;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Merges a configuration over a live value; removes nothing. After typed/merge.go of
 * structured-merge-diff.
 */
final class Merger {
  private Merger() {}

  /** Null where nothing is left to say, as two empty containers of which one is absent. */
  static @Nullable JsonNode merge(
      FieldType declared, @Nullable JsonNode live, @Nullable JsonNode config) {
    if (config == null) {
      return walk(Shape.of(declared, live), live, null);
    }
    // Where the kinds differ, the configuration's wins: its walk finds nothing of its kind in live.
    return walk(Shape.of(declared, config), live, config);
  }

  private static @Nullable JsonNode walk(
      FieldType type, @Nullable JsonNode live, @Nullable JsonNode config) {
    return switch (type) {
      case FieldType.Scalar _ -> preferConfig(live, config);
      case FieldType.Struct struct -> {
        JsonNode left = Shape.object(live);
        JsonNode right = Shape.object(config);
        yield struct.atomic() || (Shape.isEmpty(left) && Shape.isEmpty(right))
            ? preferConfig(live, config)
            : mergeObjects(struct, left, right);
      }
      case FieldType.Sequence sequence -> {
        JsonNode left = Shape.array(live);
        JsonNode right = Shape.array(config);
        yield sequence.relationship() == FieldType.Relationship.ATOMIC
                || (Shape.isEmpty(left) && Shape.isEmpty(right))
            ? preferConfig(live, config)
            : new ListMerge(sequence, left, right).merge();
      }
      case FieldType.Deduced _ -> throw new AssertionError("deduced types have a shape");
    };
  }

  private static @Nullable JsonNode preferConfig(
      @Nullable JsonNode live, @Nullable JsonNode config) {
    return config != null ? config : live;
  }

  private static @Nullable JsonNode mergeObjects(
      FieldType.Struct struct, @Nullable JsonNode live, @Nullable JsonNode config) {
    Set<String> names = new LinkedHashSet<>();
    if (live != null) {
      live.fieldNames().forEachRemaining(names::add);
    }
    if (config != null) {
      config.fieldNames().forEachRemaining(names::add);
    }
    ObjectNode result = JsonNodeFactory.instance.objectNode();
    for (String name : names) {
      JsonNode merged =
          merge(
              struct.field(name),
              live == null ? null : live.get(name),
              config == null ? null : config.get(name));
      if (merged != null) {
        result.set(name, merged);
      }
    }
    return result.isEmpty() ? null : result;
  }

  /**
   * Merges two lists with identities: items of both are merged, the order of the configuration wins
   * among them, and its new items come before the next common one.
   */
  private static final class ListMerge {
    private final FieldType.Sequence type;
    private final List<JsonNode> liveItems = new ArrayList<>();
    private final List<PathElement> liveOrder = new ArrayList<>();
    private final List<PathElement> configOrder = new ArrayList<>();
    private final TreeMap<PathElement, JsonNode> liveByKey = new TreeMap<>();
    private final TreeMap<PathElement, JsonNode> configByKey = new TreeMap<>();
    private final Deque<PathElement> shared = new ArrayDeque<>();
    private final TreeSet<PathElement> mergedConfig = new TreeSet<>();
    private final ArrayNode result = JsonNodeFactory.instance.arrayNode();

    ListMerge(FieldType.Sequence type, @Nullable JsonNode live, @Nullable JsonNode config) {
      this.type = type;
      if (live != null) {
        for (JsonNode item : live) {
          PathElement element = Shape.element(type, item);
          // Live duplicates are replaced as a whole, never merged into.
          liveByKey.merge(element, item, (_, _) -> NullNode.instance);
          liveOrder.add(element);
          liveItems.add(item);
        }
      }
      if (config != null) {
        for (JsonNode item : config) {
          PathElement element = Shape.element(type, item);
          if (configByKey.put(element, item) != null) {
            throw new InvalidConfigurationException("duplicate entries for key " + element);
          }
          configOrder.add(element);
        }
      }
      configOrder.stream().filter(liveByKey::containsKey).forEach(shared::add);
    }

    @Nullable JsonNode merge() {
      @Nullable PathElement nextShared = shared.poll();
      int left = 0;
      int right = 0;
      while (left < liveOrder.size() || right < configOrder.size()) {
        if (left < liveOrder.size() && right < configOrder.size()) {
          PathElement element = liveOrder.get(left);
          if (element.compareTo(configOrder.get(right)) == 0) {
            addConfigItem(element);
            left++;
            right++;
            nextShared = shared.poll();
            continue;
          }
          if (configByKey.containsKey(element)
              && nextShared != null
              && nextShared.compareTo(element) != 0) {
            // Common to both, but not the one whose turn it is: it comes where config has it.
            left++;
            continue;
          }
        }
        if (left < liveOrder.size()) {
          PathElement element = liveOrder.get(left);
          if (!configByKey.containsKey(element)) {
            add(Merger.merge(type.item(), liveItems.get(left), null));
            left++;
            continue;
          }
          if (mergedConfig.contains(element)) {
            left++;
          }
        }
        if (right < configOrder.size()) {
          PathElement element = configOrder.get(right);
          addConfigItem(element);
          right++;
          if (nextShared != null && nextShared.compareTo(element) == 0) {
            nextShared = shared.poll();
          }
        }
      }
      return result.isEmpty() ? null : result;
    }

    private void addConfigItem(PathElement element) {
      mergedConfig.add(element);
      add(Merger.merge(type.item(), liveByKey.get(element), configByKey.get(element)));
    }

    private void add(@Nullable JsonNode item) {
      if (item != null) {
        result.add(item);
      }
    }
  }
}
