package dev.holdfast.cli.move;

import dev.holdfast.crds.Holdfast;
import dev.holdfast.crds.Manifests;
import dev.holdfast.crds.machine.VirtualMachine;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.dsl.base.CustomResourceDefinitionContext;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Carries Holdfast's objects from one control plane to another, so that agents find their running
 * machines there again.
 *
 * <p>Instances name their machine or disk as owner by uid, and an instance without its owner is
 * ended: so owners are made first, and each instance with its owner's new uid. UUIDs, MAC addresses
 * and bridges derive from the cluster's id, which is carried over as an annotation. Nothing is
 * written while an operator or agent works on either side, or when anything stands in the way.
 */
public final class Move {
  private static final PatchContext MERGE = PatchContext.of(PatchType.JSON_MERGE);

  private final KubernetesClient from;
  private final KubernetesClient to;
  private final Duration watching;
  private final Consumer<String> progress;

  /** Uids on the new side by those on the old one. */
  private final Map<String, String> uids = new HashMap<>();

  /**
   * @param watching for how long signs of life of operators and agents are awaited; longer than
   *     they are apart
   * @param progress told what has been done
   */
  public Move(
      KubernetesClient from, KubernetesClient to, Duration watching, Consumer<String> progress) {
    this.from = from;
    this.to = to;
    this.watching = watching;
    this.progress = progress;
  }

  /** One object to carry over. */
  private record Item(ResourceDefinitionContext kind, GenericKubernetesResource object) {
    @Override
    public String toString() {
      ObjectMeta metadata = object.getMetadata();
      return metadata.getNamespace() == null
          ? "%s %s".formatted(kind.getKind(), metadata.getName())
          : "%s %s/%s".formatted(kind.getKind(), metadata.getNamespace(), metadata.getName());
    }
  }

  /**
   * Does it all; can be called again after a failure.
   *
   * @throws IOException when something is in the way; then nothing has been written
   */
  public void run() throws IOException, InterruptedException {
    requireIdle();
    List<Item> items = items();
    requireMovable(items);
    String clusterId = clusterId();
    items.stream()
        .map(item -> item.object().getMetadata().getNamespace())
        .filter(Objects::nonNull)
        .distinct()
        .forEach(this::ensureNamespace);
    ensureNamespace(Holdfast.SYSTEM_NAMESPACE);
    to.namespaces()
        .withName(Holdfast.SYSTEM_NAMESPACE)
        .patch(
            MERGE,
            "{\"metadata\":{\"annotations\":{\"%s\":\"%s\"}}}"
                .formatted(Holdfast.CLUSTER_ID, clusterId));
    for (Item item : items) {
      carry(item);
    }
    progress.accept(items.size() + " objects are on the new control plane");
  }

  /** Leases that are renewed are the sign of life of both operators and agents. */
  private void requireIdle() throws IOException, InterruptedException {
    progress.accept(
        "looking for %d s whether an operator or agent is at work".formatted(watching.toSeconds()));
    Map<String, String> before = heartbeats();
    Thread.sleep(watching);
    List<String> alive =
        heartbeats().entrySet().stream()
            .filter(lease -> !lease.getValue().equals(before.get(lease.getKey())))
            .map(Map.Entry::getKey)
            .sorted()
            .toList();
    if (!alive.isEmpty()) {
      throw new IOException(
          "still at work: " + String.join(", ", alive) + ". Stop them first; machines run on");
    }
  }

  private Map<String, String> heartbeats() {
    return Stream.of(from, to)
        .flatMap(
            client ->
                client.leases().inNamespace(Holdfast.SYSTEM_NAMESPACE).list().getItems().stream()
                    .map(
                        lease ->
                            Map.entry(
                                lease.getMetadata().getName() + " at " + client.getMasterUrl(),
                                lease.getMetadata().getResourceVersion())))
        .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
  }

  /** Everything of the old side, owners before what they own. */
  private List<Item> items() {
    return Manifests.PLURALS.stream()
        .sorted(Comparator.comparing((String plural) -> plural.endsWith("instances")))
        .map(
            plural ->
                CustomResourceDefinitionContext.fromCrd(
                    Serialization.unmarshal(
                        Manifests.yaml(plural), CustomResourceDefinition.class)))
        .flatMap(
            kind ->
                from.genericKubernetesResources(kind).inAnyNamespace().list().getItems().stream()
                    .map(object -> new Item(kind, object)))
        .toList();
  }

  private void requireMovable(List<Item> items) throws IOException {
    List<String> obstacles = new ArrayList<>();
    for (Item item : items) {
      ObjectMeta metadata = item.object().getMetadata();
      if (metadata.getDeletionTimestamp() != null) {
        obstacles.add(item + " is being deleted: let operator and agent finish that first");
      }
      GenericKubernetesResource there = found(item);
      if (there != null) {
        uids.put(metadata.getUid(), there.getMetadata().getUid());
        if (!spec(there).equals(spec(item.object()))) {
          obstacles.add(item + " is there already with another spec");
        }
      }
    }
    List<String> moving = items.stream().map(item -> item.object().getMetadata().getUid()).toList();
    for (Item item : items) {
      item.object().getMetadata().getOwnerReferences().stream()
          .filter(owner -> !moving.contains(owner.getUid()))
          .forEach(
              owner ->
                  obstacles.add(
                      "%s belongs to %s %s, which is not there"
                          .formatted(item, owner.getKind(), owner.getName())));
    }
    if (!obstacles.isEmpty()) {
      throw new IOException("nothing was moved: " + String.join("; ", obstacles));
    }
  }

  private @Nullable GenericKubernetesResource found(Item item) throws IOException {
    try {
      return there(item).get();
    } catch (KubernetesClientException e) {
      throw new IOException(
          "%s can't be read at %s (%s): are the kinds of Holdfast installed there?"
              .formatted(item, to.getMasterUrl(), e.getMessage()),
          e);
    }
  }

  private Resource<GenericKubernetesResource> there(Item item) {
    ObjectMeta metadata = item.object().getMetadata();
    var all = to.genericKubernetesResources(item.kind());
    return metadata.getNamespace() == null
        ? all.withName(metadata.getName())
        : all.inNamespace(metadata.getNamespace()).withName(metadata.getName());
  }

  private static Object spec(GenericKubernetesResource object) {
    return Objects.requireNonNullElse(object.get("spec"), Map.of());
  }

  /** The id that identities on the old side derive from. */
  private String clusterId() throws IOException {
    String id = annotated(from);
    if (id == null) {
      id = from.namespaces().withName("kube-system").require().getMetadata().getUid();
    }
    String other = annotated(to);
    boolean hasMachines =
        !to.resources(VirtualMachine.class).inAnyNamespace().list().getItems().isEmpty();
    if (!id.equals(other) && (other != null || hasMachines)) {
      throw new IOException(
          "nothing was moved: %s has machines or an identity of its own; with the one that is moved"
                  .formatted(to.getMasterUrl())
              + " they would get other UUIDs and MAC addresses. Move to a cluster without"
              + " machines");
    }
    return id;
  }

  private static @Nullable String annotated(KubernetesClient client) {
    Namespace own = client.namespaces().withName(Holdfast.SYSTEM_NAMESPACE).get();
    return own == null || own.getMetadata().getAnnotations() == null
        ? null
        : own.getMetadata().getAnnotations().get(Holdfast.CLUSTER_ID);
  }

  private void ensureNamespace(String name) {
    if (to.namespaces().withName(name).get() == null) {
      Namespace namespace = from.namespaces().withName(name).require();
      to.resource(new NamespaceBuilder().withMetadata(bare(namespace)).build()).create();
    }
  }

  private void carry(Item item) {
    GenericKubernetesResource old = item.object();
    GenericKubernetesResource created = there(item).get();
    if (created == null) {
      GenericKubernetesResource copy = copy(item, bare(old));
      copy.setAdditionalProperties(
          old.getAdditionalProperties().entrySet().stream()
              .filter(property -> !property.getKey().equals("status"))
              .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue)));
      created = to.resource(copy).create();
      uids.put(old.getMetadata().getUid(), created.getMetadata().getUid());
    } else if (created.get("status") != null || old.get("status") == null) {
      return; // whole already
    }
    Object status = old.get("status");
    if (status != null) {
      created.setAdditionalProperty("status", status);
      created = to.resource(created).updateStatus();
    }
    // Operator and agent, and whoever applied the object, own of it what they owned before.
    GenericKubernetesResource owned = copy(item, new ObjectMeta());
    owned.getMetadata().setManagedFields(old.getMetadata().getManagedFields());
    there(item).patch(MERGE, to.getKubernetesSerialization().asJson(owned));
  }

  private static GenericKubernetesResource copy(Item item, ObjectMeta metadata) {
    GenericKubernetesResource copy = new GenericKubernetesResource();
    copy.setApiVersion(item.object().getApiVersion());
    copy.setKind(item.object().getKind());
    copy.setMetadata(metadata);
    return copy;
  }

  /** What a client may say of an object, with the new uids of its owners. */
  private ObjectMeta bare(HasMetadata object) {
    ObjectMeta old = object.getMetadata();
    List<OwnerReference> owners =
        old.getOwnerReferences().stream()
            .map(
                owner ->
                    new OwnerReferenceBuilder(owner)
                        .withUid(Objects.requireNonNull(uids.get(owner.getUid())))
                        .build())
            .toList();
    return new ObjectMetaBuilder()
        .withName(old.getName())
        .withNamespace(old.getNamespace())
        .withLabels(old.getLabels())
        .withAnnotations(old.getAnnotations())
        .withFinalizers(old.getFinalizers())
        .withOwnerReferences(owners)
        .build();
  }
}
