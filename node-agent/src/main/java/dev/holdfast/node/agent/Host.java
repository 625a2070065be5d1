package dev.holdfast.node.agent;

import dev.holdfast.crds.machine.VirtualMachineInstanceSpec;
import dev.holdfast.node.host.DiskHost;
import dev.holdfast.node.host.HostException;
import dev.holdfast.node.host.LeaseHost;
import dev.holdfast.node.host.MachineHost;
import dev.holdfast.node.plan.Desired;
import dev.holdfast.node.plan.HostState;
import dev.holdfast.node.plan.HostState.Image;
import java.util.HashMap;
import java.util.Map;

/**
 * The parts of a host, and what they show together.
 *
 * @param networks with a memory that {@link #refresh} clears
 */
record Host(MachineHost machines, DiskHost disks, CachedNetworks networks, LeaseHost leases) {

  /** Forgets what was read and reads it afresh, so that drift is seen. */
  void refresh() throws HostException {
    networks.refresh();
    machines.refresh();
    leases.refresh();
  }

  /** The host as far as a machine with those disks is concerned. */
  HostState observe(VirtualMachineInstanceSpec machine) throws HostException {
    Map<String, Image> images = new HashMap<>();
    for (VirtualMachineInstanceSpec.Disk disk : machine.disksOrEmpty()) {
      images.put(disk.path(), disks.inspect(disk.path()));
    }
    return state(images);
  }

  /** The host as far as a disk image is concerned. */
  HostState observe(Desired.Disk disk) throws HostException {
    return state(Map.of(disk.spec().path(), disks.inspect(disk.spec().path())));
  }

  /** The host without any disk image. */
  HostState observe() throws HostException {
    return state(Map.of());
  }

  private HostState state(Map<String, Image> images) throws HostException {
    // Leases last: a new keeper finds those of a machine only with its process, which is taken over
    // before anything can be said of machines.
    return new HostState(
        machines.machines(), images, networks.bridges(), networks.taps(), leases.leases());
  }
}
