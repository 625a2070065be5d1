package dev.holdfast.standalone.schema.cel;

import com.google.common.primitives.UnsignedLong;
import dev.cel.common.types.CelType;
import dev.cel.common.types.ListType;
import dev.cel.common.types.SimpleType;
import dev.cel.common.types.TypeParamType;
import java.time.Duration;
import java.util.Collections;
import java.util.Comparator;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** After library/lists.go of apiserver. */
@SuppressWarnings("rawtypes") // A list's class says nothing of its items; the checker does.
final class ListFunctions {
  private ListFunctions() {}

  static void addTo(Functions functions) {
    Map<String, CelType> comparable = new LinkedHashMap<>();
    comparable.put("int", SimpleType.INT);
    comparable.put("uint", SimpleType.UINT);
    comparable.put("double", SimpleType.DOUBLE);
    comparable.put("bool", SimpleType.BOOL);
    comparable.put("duration", SimpleType.DURATION);
    comparable.put("timestamp", SimpleType.TIMESTAMP);
    comparable.put("string", SimpleType.STRING);
    comparable.put("bytes", SimpleType.BYTES);
    comparable.forEach(
        (name, type) -> {
          Functions.Type<List> list = new Functions.Type<>(ListType.create(type), List.class);
          functions.member(
              "isSorted",
              "list_" + name + "_is_sorted_bool",
              SimpleType.BOOL,
              list,
              ListFunctions::isSorted);
          functions.member(
              "min",
              "list_" + name + "_min_" + name,
              type,
              list,
              items -> Collections.min(nonEmpty(items, "min"), natural()));
          functions.member(
              "max",
              "list_" + name + "_max_" + name,
              type,
              list,
              items -> Collections.max(nonEmpty(items, "max"), natural()));
        });
    for (String name : List.of("int", "uint", "double", "duration")) {
      CelType type = java.util.Objects.requireNonNull(comparable.get(name));
      functions.member(
          "sum",
          "list_" + name + "_sum_" + name,
          type,
          new Functions.Type<>(ListType.create(type), List.class),
          items -> sum(items, name));
    }
    TypeParamType item = TypeParamType.create("T");
    Functions.Type<List> list = new Functions.Type<>(ListType.create(item), List.class);
    Functions.Type<Object> any = new Functions.Type<>(item, Object.class);
    functions.member(
        "indexOf",
        "list_a_index_of_int",
        SimpleType.INT,
        list,
        any,
        (items, value) -> (long) items.indexOf(value));
    functions.member(
        "lastIndexOf",
        "list_a_last_index_of_int",
        SimpleType.INT,
        list,
        any,
        (items, value) -> (long) items.lastIndexOf(value));
  }

  /** Items of one type, which the checker made sure of. */
  @SuppressWarnings("unchecked")
  private static Comparator<Object> natural() {
    return (Comparator) Comparator.naturalOrder();
  }

  @SuppressWarnings("unchecked")
  private static List<Object> nonEmpty(List items, String function) {
    if (items.isEmpty()) {
      throw new IllegalArgumentException(function + " called on empty list");
    }
    return items;
  }

  private static boolean isSorted(List items) {
    Iterator<?> iterator = items.iterator();
    if (!iterator.hasNext()) {
      return true;
    }
    Object previous = iterator.next();
    while (iterator.hasNext()) {
      Object next = iterator.next();
      if (natural().compare(previous, next) > 0) {
        return false;
      }
      previous = next;
    }
    return true;
  }

  private static Object sum(List items, String type) {
    return switch (type) {
      case "int" -> {
        long sum = 0;
        for (Object item : items) {
          sum = Math.addExact(sum, (Long) item);
        }
        yield sum;
      }
      case "uint" -> {
        UnsignedLong sum = UnsignedLong.ZERO;
        for (Object item : items) {
          sum = sum.plus((UnsignedLong) item);
        }
        yield sum;
      }
      case "double" -> {
        double sum = 0;
        for (Object item : items) {
          sum += (Double) item;
        }
        yield sum;
      }
      default -> {
        Duration sum = Duration.ZERO;
        for (Object item : items) {
          sum = sum.plus((Duration) item);
        }
        yield sum;
      }
    };
  }
}
