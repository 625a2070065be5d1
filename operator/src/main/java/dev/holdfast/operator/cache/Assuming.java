package dev.holdfast.operator.cache;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A kind that the operator creates objects of: what the watch shows, and in addition what was
 * created but has not come back through the watch yet. Without it two decisions in a row would both
 * be made on a cluster that lacks the first one's result (kube-scheduler calls it assuming a pod).
 */
public final class Assuming<T extends HasMetadata> {
  private final Shown<T> watched;
  private final Map<ResourceID, T> assumed = new ConcurrentHashMap<>();

  Assuming(Shown<T> watched) {
    this.watched = watched;
    watched.onChange(
        (before, after) -> {
          if (after != null) {
            assumed.remove(ResourceID.fromResource(after));
          } else if (before != null) {
            forgetDeleted(before);
          }
        });
  }

  /** Counts the object as existing from now on. To be called before it is created. */
  public void assume(T object) {
    assumed.put(ResourceID.fromResource(object), object);
  }

  /** Replaces an assumed object with what the server made of it. */
  public void confirm(T created) {
    assumed.computeIfPresent(ResourceID.fromResource(created), (id, old) -> created);
  }

  /** Takes an assumption back, because the object could not be created. */
  public void forget(T object) {
    assumed.remove(ResourceID.fromResource(object), object);
  }

  // What is assumed is read before what is shown: an object that the watch shows in between is then
  // found twice, and otherwise would not be found at all.

  public @Nullable T find(ResourceID id) {
    T own = assumed.get(id);
    T shown = watched.find(id);
    return shown != null ? shown : own;
  }

  public List<T> all() {
    List<T> own = unshown(object -> true);
    return join(watched.all(), own);
  }

  /** The objects that have {@code key} in that index. */
  public List<T> withIndex(String index, String key) {
    List<T> own = unshown(object -> watched.keysOf(object, index).contains(key));
    return join(watched.withIndex(index, key), own);
  }

  public void onChange(Shown.Listener<T> listener) {
    watched.onChange(listener);
  }

  private List<T> unshown(Predicate<T> filter) {
    return assumed.values().stream()
        .filter(object -> watched.find(ResourceID.fromResource(object)) == null)
        .filter(filter)
        .toList();
  }

  private List<T> join(List<T> shown, List<T> own) {
    List<T> all = new ArrayList<>(shown);
    for (T object : own) {
      ResourceID id = ResourceID.fromResource(object);
      boolean twice =
          watched.find(id) != null
              && shown.stream().anyMatch(other -> ResourceID.fromResource(other).equals(id));
      if (!twice) {
        all.add(object);
      }
    }
    return all;
  }

  private void forgetDeleted(T gone) {
    assumed.computeIfPresent(
        ResourceID.fromResource(gone),
        (id, object) ->
            gone.getMetadata().getUid().equals(object.getMetadata().getUid()) ? null : object);
  }
}
