package dev.holdfast.operator.identity;

import dev.holdfast.crds.Holdfast;
import io.fabric8.kubernetes.api.model.Namespace;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.UUID;

/**
 * Derives what must stay the same when a machine or network is deleted and applied again, and must
 * differ between clusters that share a wire.
 *
 * @param clusterId uid of the namespace kube-system, which lives as long as the cluster, unless
 *     machines were moved here with the one of another cluster
 */
public record Identity(String clusterId) {
  /**
   * The identity of a cluster, or of the one that its machines came from.
   *
   * @param own Holdfast's namespace
   */
  public static Identity of(Namespace own, Namespace kubeSystem) {
    Map<String, String> annotations = own.getMetadata().getAnnotations();
    String moved = annotations == null ? null : annotations.get(Holdfast.CLUSTER_ID);
    return new Identity(moved == null ? kubeSystem.getMetadata().getUid() : moved);
  }

  /** SMBIOS UUID of a machine. */
  public String machineUuid(String namespace, String machine) {
    return derive("machine", namespace, machine).toString();
  }

  /**
   * Hardware address of an interface: unicast, locally administered, with the 52:54 that QEMU users
   * know and 32 derived bits. (QEMU's own 52:54:00 leaves 24, of which 10,000 machines would share
   * some.)
   */
  public String macAddress(String namespace, String machine, String networkInterface) {
    String hex = hex(derive("mac", namespace, machine, networkInterface));
    return "52:54:%s:%s:%s:%s"
        .formatted(
            hex.substring(0, 2), hex.substring(2, 4), hex.substring(4, 6), hex.substring(6, 8));
  }

  /** Name of a network's bridge, within the 15 characters of an interface name. */
  public String bridge(String namespace, String network) {
    return "hfb" + hex(derive("bridge", namespace, network)).substring(0, 10);
  }

  /** Name of the tap device of an interface, within the 15 characters of an interface name. */
  public String tap(String namespace, String machine, String networkInterface) {
    return "hft" + hex(derive("tap", namespace, machine, networkInterface)).substring(0, 10);
  }

  /**
   * Name of a lease area of a lockspace, within the 48 characters of sanlock.
   *
   * @param number of the area, from 1
   */
  public String leaseResource(String lockspace, int number) {
    return "hf" + hex(derive("lease", lockspace)).substring(0, 12) + "-" + number;
  }

  /** Where the search for the address of an interface starts; not negative. */
  public int addressSeed(String namespace, String machine, String networkInterface) {
    String hex = hex(derive("address", namespace, machine, networkInterface));
    return Integer.parseInt(hex.substring(0, 7), 16);
  }

  // Kubernetes names have no slash, so the parts cannot run into each other.
  private UUID derive(String... parts) {
    String name = clusterId + "/" + String.join("/", parts);
    return UUID.nameUUIDFromBytes(name.getBytes(StandardCharsets.UTF_8));
  }

  // The first 12 digits of a name-based UUID are hash only: version and variant come after them.
  private static String hex(UUID uuid) {
    return uuid.toString().replace("-", "");
  }
}
