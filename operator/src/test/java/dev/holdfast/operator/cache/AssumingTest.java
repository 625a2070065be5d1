package dev.holdfast.operator.cache;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Whatever the watch does in the middle of a look: what exists is seen, and once. */
class AssumingTest {
  private static final String BY_LABEL = "label";

  private final PlayedWatch watch = new PlayedWatch();
  private final Assuming<ConfigMap> assuming = new Assuming<>(watch);

  /** Shows and deletes objects at the worst moments. */
  private static final class PlayedWatch implements Shown<ConfigMap> {
    private final Map<String, ConfigMap> store = new TreeMap<>();
    private final List<Listener<ConfigMap>> listeners = new ArrayList<>();
    private Runnable afterReading = () -> {};

    void show(ConfigMap object) {
      store.put(object.getMetadata().getName(), object);
      listeners.forEach(listener -> listener.changed(null, object));
    }

    void delete(ConfigMap object) {
      store.remove(object.getMetadata().getName());
      listeners.forEach(listener -> listener.changed(object, null));
    }

    @Override
    public @Nullable ConfigMap find(ResourceID id) {
      ConfigMap found = store.get(id.getName());
      afterReading.run();
      return found;
    }

    @Override
    public List<ConfigMap> all() {
      List<ConfigMap> found = List.copyOf(store.values());
      afterReading.run();
      return found;
    }

    @Override
    public List<ConfigMap> withIndex(String index, String key) {
      return all().stream().filter(object -> keysOf(object, index).contains(key)).toList();
    }

    @Override
    public List<String> keysOf(ConfigMap object, String index) {
      return List.of(object.getMetadata().getLabels().get(index));
    }

    @Override
    public void onChange(Listener<ConfigMap> listener) {
      listeners.add(listener);
    }
  }

  @Test
  void anAssumedObjectIsThereBeforeTheWatchShowsIt() {
    ConfigMap object = object("a");
    assuming.assume(object);

    assertThat(assuming.find(new ResourceID("a", "default"))).isSameAs(object);
    assertThat(assuming.all()).containsExactly(object);
    assertThat(assuming.withIndex(BY_LABEL, "a")).containsExactly(object);
    assertThat(assuming.withIndex(BY_LABEL, "b")).isEmpty();
  }

  @Test
  void anObjectThatIsShownRightAfterTheWatchWasReadIsSeenOnce() {
    ConfigMap object = object("a");
    assuming.assume(object);
    watch.afterReading = () -> watch.show(object);

    assertThat(assuming.all()).containsExactly(object);

    watch.delete(object);
    assuming.assume(object);
    assertThat(assuming.withIndex(BY_LABEL, "a")).containsExactly(object);

    watch.delete(object);
    assuming.assume(object);
    assertThat(assuming.find(new ResourceID("a", "default"))).isSameAs(object);
  }

  @Test
  void anObjectThatCouldNotBeMadeOrIsDeletedIsGone() {
    ConfigMap refused = object("a");
    assuming.assume(refused);
    assuming.forget(refused);
    ConfigMap deleted = object("b");
    assuming.assume(deleted);
    watch.show(deleted);
    watch.delete(deleted);

    assertThat(assuming.all()).isEmpty();
  }

  private static ConfigMap object(String name) {
    return new ConfigMapBuilder()
        .withNewMetadata()
        .withName(name)
        .withNamespace("default")
        .withUid("uid-" + name)
        .addToLabels(BY_LABEL, name)
        .endMetadata()
        .build();
  }
}
