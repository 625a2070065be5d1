package dev.holdfast.operator.cache;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * A kind that the operator creates objects of: what the watch shows, and in addition what was
 * created but has not come back through the watch yet. Without it two decisions in a row would both
 * be made on a cluster that lacks the first one's result (kube-scheduler calls it assuming a pod).
 */
public final class Assuming<T extends HasMetadata> {
  private final Watched<T> watched;
  private final Map<ResourceID, T> assumed = new ConcurrentHashMap<>();

  Assuming(Watched<T> watched) {
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

  public @Nullable T find(ResourceID id) {
    T shown = watched.find(id);
    return shown != null ? shown : assumed.get(id);
  }

  public List<T> all() {
    List<T> all = new ArrayList<>(watched.all());
    addAssumed(all);
    return all;
  }

  /** The objects that have {@code key} in that index. */
  public List<T> withIndex(String index, String key) {
    List<T> found = new ArrayList<>(watched.withIndex(index, key));
    for (T object : assumed.values()) {
      if (watched.find(ResourceID.fromResource(object)) == null
          && watched.keysOf(object, index).contains(key)) {
        found.add(object);
      }
    }
    return found;
  }

  public void onChange(Watched.Listener<T> listener) {
    watched.onChange(listener);
  }

  private void addAssumed(List<T> all) {
    for (T object : assumed.values()) {
      if (watched.find(ResourceID.fromResource(object)) == null) {
        all.add(object);
      }
    }
  }

  private void forgetDeleted(T gone) {
    assumed.computeIfPresent(
        ResourceID.fromResource(gone),
        (id, object) ->
            gone.getMetadata().getUid().equals(object.getMetadata().getUid()) ? null : object);
  }
}
