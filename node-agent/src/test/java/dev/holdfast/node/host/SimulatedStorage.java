package dev.holdfast.node.host;

import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.Lease;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.LeaseMode;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The areas of leases on a storage that several hosts use. */
public final class SimulatedStorage {
  /** Who holds a lease: a machine on a host. */
  public record Holder(String host, String machine) {}

  private static final class Area {
    private final Map<Holder, LeaseMode> holders = new HashMap<>();
    private long version;
  }

  private final Map<String, Area> areas = new HashMap<>();
  private final Set<String> lockspaces = new HashSet<>();

  private static String place(String path, @Nullable Long offset) {
    return path + " at " + offset;
  }

  public synchronized void format(String path, @Nullable Long offset) {
    areas.computeIfAbsent(place(path, offset), p -> new Area());
  }

  public synchronized void formatLockspace(String name) {
    lockspaces.add(name);
  }

  public synchronized boolean isFormatted(String lockspace) {
    return lockspaces.contains(lockspace);
  }

  public synchronized boolean isFormatted(Lease lease) {
    return areas.containsKey(place(lease.path(), lease.offset()));
  }

  private Area area(Lease lease) {
    return areas.computeIfAbsent(place(lease.path(), lease.offset()), p -> new Area());
  }

  public synchronized long version(Lease lease) {
    return area(lease).version;
  }

  /** Somebody who keeps that machine from having the lease. */
  public synchronized Optional<Holder> obstacle(Lease lease, Holder wanted) {
    return area(lease).holders.entrySet().stream()
        .filter(entry -> !entry.getKey().equals(wanted))
        .filter(
            entry -> lease.mode() == LeaseMode.EXCLUSIVE || entry.getValue() == LeaseMode.EXCLUSIVE)
        .map(Map.Entry::getKey)
        .findFirst();
  }

  /** Takes the lease, which is free for that holder; a new acquisition has a new version. */
  public synchronized long take(Lease lease, Holder holder) {
    Area area = area(lease);
    if (area.holders.put(holder, lease.mode()) == null) {
      area.version++;
    }
    return area.version;
  }

  public synchronized void letGo(Lease lease, Holder holder) {
    area(lease).holders.remove(holder);
  }

  public synchronized void letGoOfAll(Holder holder) {
    areas.values().forEach(area -> area.holders.remove(holder));
  }

  public synchronized void letGoOfAll(String host) {
    areas.values().forEach(area -> area.holders.keySet().removeIf(h -> h.host().equals(host)));
  }
}
