package dev.holdfast.operator.cache;

import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * All objects of one kind as a watch last showed them. The objects are shared: never change one.
 */
public interface Shown<T> {
  @Nullable T find(ResourceID id);

  List<T> all();

  /** The objects that have {@code key} in that index. */
  List<T> withIndex(String index, String key);

  /** The keys of an object in that index. */
  List<String> keysOf(T object, String index);

  /** Listeners must not block: one thread serves all of them. */
  void onChange(Listener<T> listener);

  /** Called with the object before and after each change; null where there is none. */
  @FunctionalInterface
  interface Listener<T> {
    void changed(@Nullable T before, @Nullable T after);
  }
}
