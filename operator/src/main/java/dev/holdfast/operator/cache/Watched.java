package dev.holdfast.operator.cache;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.dsl.Informable;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import io.fabric8.kubernetes.client.informers.cache.Cache;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * All objects of one kind as the watch last showed them. The objects are shared: never change one.
 */
public final class Watched<T extends HasMetadata> implements Shown<T>, AutoCloseable {
  private final SharedIndexInformer<T> informer;

  Watched(Informable<T> objects, Map<String, Function<T, List<String>>> indexes) {
    informer = objects.runnableInformer(0);
    informer.addIndexers(indexes);
    // Without a handler of its own the informer gives up for ever on the first odd answer.
    informer.exceptionHandler((started, failure) -> true);
  }

  @Override
  public void onChange(Listener<T> listener) {
    informer.addEventHandler(
        new ResourceEventHandler<T>() {
          @Override
          public void onAdd(T object) {
            listener.changed(null, object);
          }

          @Override
          public void onUpdate(T before, T after) {
            listener.changed(before, after);
          }

          @Override
          public void onDelete(T object, boolean finalStateUnknown) {
            listener.changed(object, null);
          }
        });
  }

  @Override
  public @Nullable T find(ResourceID id) {
    return informer
        .getStore()
        .getByKey(Cache.namespaceKeyFunc(id.getNamespace().orElse(null), id.getName()));
  }

  @Override
  public List<T> all() {
    return informer.getStore().list();
  }

  @Override
  public List<T> withIndex(String index, String key) {
    return informer.getIndexer().byIndex(index, key);
  }

  @Override
  public List<String> keysOf(T object, String index) {
    Function<T, List<String>> keys = informer.getIndexer().getIndexers().get(index);
    if (keys == null) {
      throw new IllegalArgumentException("no index " + index);
    }
    return keys.apply(object);
  }

  /** Starts watching; completes when all objects are here. */
  CompletableFuture<Void> start(Consumer<Throwable> onStopped) {
    CompletableFuture<Void> started = informer.start().toCompletableFuture();
    informer
        .stopped()
        .whenComplete(
            (ignored, failure) -> {
              if (failure != null) {
                onStopped.accept(failure);
              }
            });
    return started;
  }

  @Override
  public void close() {
    informer.stop();
  }
}
