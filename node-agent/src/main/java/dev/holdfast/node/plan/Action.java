package dev.holdfast.node.plan;

import dev.holdfast.crds.storage.VirtualDiskInstanceSpec;
import dev.holdfast.node.plan.HostState.BridgeDefinition;
import dev.holdfast.node.plan.HostState.TapDefinition;

/**
 * One change of the host, as data. Every action may be repeated: done twice it does no more than
 * once.
 */
public sealed interface Action {

  /** Makes a disk image that is not there yet. */
  record CreateImage(VirtualDiskInstanceSpec disk) implements Action {}

  /** Deletes a disk image of ours for good. */
  record DeleteImage(VirtualDiskInstanceSpec disk) implements Action {}

  /** Makes a bridge with address, packet filter and DHCP server, or brings it up to date. */
  record EnsureBridge(BridgeDefinition bridge) implements Action {}

  record RemoveBridge(String name) implements Action {}

  record EnsureTap(TapDefinition tap) implements Action {}

  record RemoveTap(String name) implements Action {}

  /** Gives an image to the user that QEMU runs as. */
  record GrantImage(String path, int uid) implements Action {}

  /** Gives an image back to root. */
  record RevokeImage(String path) implements Action {}

  /** Starts QEMU with stopped CPUs and waits until it answers. */
  record LaunchQemu(Desired.Machine machine) implements Action {}

  /** Lets the virtual CPUs run. */
  record Resume(String uuid) implements Action {}

  /** Stops the virtual CPUs. */
  record Pause(String uuid) implements Action {}

  /** Presses the power button of the guest. */
  record PressPowerButton(String uuid) implements Action {}

  /** Ends QEMU at once and waits until its process is reaped. */
  record KillQemu(String uuid) implements Action {}

  /**
   * Removes what an ended QEMU has left behind: runtime directory and the keeper's memory of it.
   */
  record CleanMachine(String uuid) implements Action {}
}
