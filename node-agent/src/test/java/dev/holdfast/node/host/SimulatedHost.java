package dev.holdfast.node.host;

import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.Disk;
import dev.holdfast.crds.storage.VirtualDiskInstanceSpec;
import dev.holdfast.node.plan.Desired;
import dev.holdfast.node.plan.HostState;
import dev.holdfast.node.plan.HostState.Bridge;
import dev.holdfast.node.plan.HostState.BridgeDefinition;
import dev.holdfast.node.plan.HostState.Guest;
import dev.holdfast.node.plan.HostState.Image;
import dev.holdfast.node.plan.HostState.QemuProcess;
import dev.holdfast.node.plan.HostState.Tap;
import dev.holdfast.node.plan.HostState.TapDefinition;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A host in memory that behaves as the real one and throws an {@link AssertionError} as soon as
 * somebody does what must never be done: a disk in two running machines or without its lease, a
 * machine without its network, the end of a machine that was not to end.
 */
public final class SimulatedHost
    implements DiskHost, NetworkHost, MachineHost, SimulatedLeases.Machines {
  private final Map<String, HostState.Machine> machines = new TreeMap<>();
  private final Map<String, Desired.Machine> launched = new HashMap<>();
  private final Map<String, Image> images = new TreeMap<>();
  private final Map<String, Bridge> bridges = new TreeMap<>();
  private final Map<String, Tap> taps = new TreeMap<>();
  private final List<Consumer<String>> listeners = new ArrayList<>();

  /** Machines whose disk somebody else has had since their QEMU was started. */
  private final Set<String> outdated = new HashSet<>();

  private final SimulatedLeases leases;
  private Map<String, Desired.Machine> wanted = Map.of();
  private Instant now = Instant.EPOCH;
  private long nextProcessId = 100;

  /** A host alone with its storage. */
  public SimulatedHost() {
    this("here", new SimulatedStorage());
  }

  public SimulatedHost(String name, SimulatedStorage storage) {
    leases = new SimulatedLeases(name, storage, this);
  }

  public SimulatedLeases leases() {
    return leases;
  }

  /** Says which machines there may be, so that a grant can be told from a wrong one. */
  public synchronized void want(Map<String, Desired.Machine> machinesByUuid) {
    wanted = Map.copyOf(machinesByUuid);
  }

  /** The whole state as the agent would read it. */
  public synchronized HostState state() {
    return new HostState(machines, images, bridges, taps, leases.leases());
  }

  public synchronized void setTime(Instant time) {
    now = time;
  }

  /** The guest changes its state by itself. */
  public synchronized void guest(String uuid, Guest guest) {
    machines.computeIfPresent(uuid, (u, m) -> with(m, m.process(), guest));
    listeners.forEach(listener -> listener.accept(uuid));
  }

  /** QEMU dies. */
  public synchronized void crash(String uuid) {
    machines.computeIfPresent(
        uuid,
        (u, m) ->
            m.process() instanceof QemuProcess.Running
                ? with(m, new QemuProcess.Exited("killed by signal 9", "", now), Guest.UNKNOWN)
                : m);
    leases.ended(uuid);
    listeners.forEach(listener -> listener.accept(uuid));
  }

  /** A machine of another host has the disk from now on, and writes to it. */
  public synchronized void diskIsWrittenElsewhere(String path) {
    for (Desired.Machine machine : launched.values()) {
      String uuid = machine.spec().uuid();
      boolean attached =
          machine.spec().disksOrEmpty().stream().anyMatch(disk -> disk.path().equals(path));
      if (attached && isRunning(uuid)) {
        must(standsStill(uuid), "lets two machines write to " + path);
        outdated.add(uuid);
      }
    }
  }

  @Override
  public synchronized boolean standsStill(String uuid) {
    HostState.Machine machine = machines.get(uuid);
    return machine == null
        || switch (machine.guest()) {
          case PRELAUNCH, PAUSED, SHUTDOWN, CRASHED, IO_ERROR -> true;
          case RUNNING, UNKNOWN -> !isRunning(uuid);
        };
  }

  /** The keeper restarts and no longer knows of processes that have ended. */
  public synchronized void forgetExits() {
    machines.replaceAll(
        (u, m) ->
            m.process() instanceof QemuProcess.Exited
                ? with(m, new QemuProcess.None(), Guest.UNKNOWN)
                : m);
  }

  /** Somebody else removes a tap device or bridge. */
  public synchronized void loseLink(String name) {
    taps.remove(name);
    bridges.remove(name);
  }

  /** Somebody else puts a file where an image may be wanted. */
  public synchronized void putImage(String path, Image image) {
    images.put(path, image);
  }

  private static HostState.Machine with(HostState.Machine m, QemuProcess process, Guest guest) {
    return new HostState.Machine(m.uuid(), process, guest, m.powerButtonAt());
  }

  @Override
  public synchronized Image inspect(String path) {
    return images.getOrDefault(path, new Image.Absent());
  }

  @Override
  public synchronized void create(VirtualDiskInstanceSpec disk) throws HostException {
    Image image = new Image.Present(disk.format(), disk.capacityBytes(), 0);
    Image old = images.putIfAbsent(disk.path(), image);
    if (old instanceof Image.Present present
        && (present.format() != disk.format() || present.capacityBytes() != disk.capacityBytes())) {
      throw new HostException("ImageConflict", disk.path() + " is something else");
    }
  }

  @Override
  public synchronized void delete(VirtualDiskInstanceSpec disk) {
    must(!isInUse(disk.path(), ""), "deletes an image in use: " + disk.path());
    images.remove(disk.path());
  }

  @Override
  public synchronized void setOwner(String path, int uid) throws HostException {
    if (!(images.get(path) instanceof Image.Present image)) {
      throw new HostException("ImageMissing", path + " is not there");
    }
    must(uid != 0 || !isInUse(path, ""), "takes an image from a running machine: " + path);
    must(
        mayOpen(path, uid == 0 ? image.ownerUid() : uid),
        "grants or revokes an image without its lease: " + path);
    images.put(path, new Image.Present(image.format(), image.capacityBytes(), uid));
  }

  @Override
  public synchronized void share(String path, int group) throws HostException {
    if (!(images.get(path) instanceof Image.Present image)) {
      throw new HostException("ImageMissing", path + " is not there");
    }
    images.put(path, new Image.Present(image.format(), image.capacityBytes(), 0, group));
  }

  @Override
  public void makeParent(String path) {}

  @Override
  public synchronized long preparePool(String path) {
    return 1L << 40;
  }

  @Override
  public synchronized Map<String, Bridge> bridges() {
    return Map.copyOf(bridges);
  }

  @Override
  public synchronized Map<String, Tap> taps() {
    return Map.copyOf(taps);
  }

  @Override
  public synchronized void ensureBridge(BridgeDefinition bridge) {
    bridges.put(bridge.name(), new Bridge(bridge, true));
  }

  @Override
  public synchronized void removeBridge(String name) {
    must(
        taps.values().stream().noneMatch(tap -> tap.definition().bridge().equals(name)),
        "removes a bridge with taps in it: " + name);
    bridges.remove(name);
  }

  @Override
  public synchronized void ensureTap(TapDefinition tap) throws HostException {
    if (!bridges.containsKey(tap.bridge())) {
      throw new HostException("BridgeMissing", tap.bridge() + " is not there");
    }
    taps.put(tap.name(), new Tap(tap));
  }

  @Override
  public synchronized void removeTap(String name) {
    Tap tap = taps.remove(name);
    must(
        tap == null || !isRunning(tap.definition().machineUuid()),
        "removes the tap of a running machine: " + name);
  }

  @Override
  public synchronized Map<String, HostState.Machine> machines() {
    return Map.copyOf(machines);
  }

  @Override
  public synchronized HostState.@Nullable Machine machine(String uuid) {
    return machines.get(uuid);
  }

  @Override
  public void refresh() {}

  @Override
  public synchronized void launch(Desired.Machine machine) {
    String uuid = machine.spec().uuid();
    must(!isRunning(uuid), "launches a machine twice: " + uuid);
    must(machine.wanted(), "launches a machine that is not wanted: " + uuid);
    for (Disk disk : machine.spec().disksOrEmpty()) {
      must(
          images.get(disk.path()) instanceof Image.Present image
              && (disk.group() == null
                  ? image.ownerUid() == machine.spec().uid()
                  : image.group() == disk.group()),
          "launches without the image " + disk.path());
      must(
          disk.group() != null || !isInUse(disk.path(), uuid),
          "gives an image to a second machine: " + disk.path());
      must(leases.mayWrite(uuid, disk), "launches without the lease of " + disk.path());
    }
    outdated.remove(uuid);
    machine
        .spec()
        .interfacesOrEmpty()
        .forEach(
            i -> {
              must(taps.containsKey(i.tap()), "launches without the tap " + i.tap());
              must(bridges.containsKey(i.network().bridge()), "launches without its bridge");
            });
    launched.put(uuid, machine);
    QemuProcess process = new QemuProcess.Running(nextProcessId++, now, "7.2.0");
    machines.put(uuid, new HostState.Machine(uuid, process, Guest.PRELAUNCH, null));
  }

  @Override
  public synchronized void resume(String uuid) throws HostException {
    requireRunning(uuid);
    must(mayWrite(uuid), "resumes a machine without its leases: " + uuid);
    must(!outdated.contains(uuid), "resumes a machine whose disk another has had: " + uuid);
    guest(uuid, Guest.RUNNING);
  }

  @Override
  public synchronized void pause(String uuid) throws HostException {
    requireRunning(uuid);
    guest(uuid, Guest.PAUSED);
  }

  @Override
  public synchronized void pressPowerButton(String uuid) throws HostException {
    HostState.Machine m = requireRunning(uuid);
    machines.put(uuid, new HostState.Machine(uuid, m.process(), m.guest(), now));
  }

  /** The machine that is meant by a grant is the one with that user. */
  private boolean mayOpen(String path, int uid) {
    return wanted.values().stream()
        .filter(machine -> machine.spec().uid() == uid)
        .allMatch(
            machine ->
                machine.spec().disksOrEmpty().stream()
                    .filter(disk -> disk.path().equals(path))
                    .allMatch(disk -> leases.mayWrite(machine.spec().uuid(), disk)));
  }

  private boolean mayWrite(String uuid) {
    Desired.Machine machine = launched.get(uuid);
    return machine == null
        || machine.spec().disksOrEmpty().stream().allMatch(disk -> leases.mayWrite(uuid, disk));
  }

  @Override
  public synchronized void kill(String uuid) {
    must(!outdated.contains(uuid), "lets a QEMU flush to a disk that another has had: " + uuid);
    crash(uuid);
  }

  @Override
  public synchronized void killAbruptly(String uuid) {
    crash(uuid);
  }

  @Override
  public synchronized void clean(String uuid) {
    must(!isRunning(uuid), "cleans up under a running machine: " + uuid);
    machines.remove(uuid);
  }

  @Override
  public synchronized void onChange(Consumer<String> listener) {
    listeners.add(listener);
  }

  private HostState.Machine requireRunning(String uuid) throws HostException {
    HostState.Machine machine = machines.get(uuid);
    if (machine == null || !isRunning(uuid)) {
      throw new HostException("NotRunning", uuid + " is not running");
    }
    return machine;
  }

  @Override
  public synchronized boolean isRunning(String uuid) {
    HostState.Machine machine = machines.get(uuid);
    return machine != null && machine.process() instanceof QemuProcess.Running;
  }

  private boolean isInUse(String path, String except) {
    return launched.values().stream()
        .filter(machine -> !machine.spec().uuid().equals(except))
        .filter(machine -> isRunning(machine.spec().uuid()))
        .anyMatch(
            machine -> machine.spec().disksOrEmpty().stream().anyMatch(d -> d.path().equals(path)));
  }

  private static void must(boolean holds, String otherwise) {
    if (!holds) {
      throw new AssertionError("the plan " + otherwise);
    }
  }
}
