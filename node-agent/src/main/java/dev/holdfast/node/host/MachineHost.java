package dev.holdfast.node.host;

import dev.holdfast.node.plan.Desired;
import dev.holdfast.node.plan.HostState.Machine;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** QEMU processes of a host. */
public interface MachineHost {

  /** Every machine of which the host shows a process or a runtime directory, by UUID. */
  Map<String, Machine> machines() throws HostException;

  /** One machine, or null where the host shows nothing of it. */
  @Nullable Machine machine(String uuid) throws HostException;

  /** Reads everything afresh, in case an event was missed. */
  void refresh() throws HostException;

  /**
   * Starts QEMU with stopped CPUs and returns when it answers on its monitor.
   *
   * @throws HostException with reason {@code QemuFailed} and QEMU's stderr when it ends or stays
   *     silent
   */
  void launch(Desired.Machine machine) throws HostException;

  void resume(String uuid) throws HostException;

  void pause(String uuid) throws HostException;

  void pressPowerButton(String uuid) throws HostException;

  /**
   * Ends QEMU at once and returns when its process is reaped; does nothing where none runs. QEMU
   * may flush and close its images before.
   */
  void kill(String uuid) throws HostException;

  /**
   * As {@link #kill}, but QEMU writes nothing any more: its disks may be somebody else's by now.
   */
  void killAbruptly(String uuid) throws HostException;

  /**
   * Has the listener told the UUID of a machine whenever something about it has changed by itself:
   * its process ended, its guest changed its state. The listener must not block.
   */
  void onChange(Consumer<String> listener);

  /**
   * Removes the runtime directory of a machine without a process and makes the keeper forget it.
   */
  void clean(String uuid) throws HostException;
}
