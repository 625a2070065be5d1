package dev.holdfast.node.agent;

import dev.holdfast.node.host.HostException;
import dev.holdfast.node.host.NetworkHost;
import dev.holdfast.node.plan.HostState.Bridge;
import dev.holdfast.node.plan.HostState.BridgeDefinition;
import dev.holdfast.node.plan.HostState.Tap;
import dev.holdfast.node.plan.HostState.TapDefinition;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Saves reading all links and packet filters for each machine: what was read is kept, changed along
 * with our own changes, and read afresh after a failure and at each resync.
 */
final class CachedNetworks implements NetworkHost {
  private final NetworkHost host;
  private @Nullable Map<String, Bridge> bridges;
  private @Nullable Map<String, Tap> taps;

  CachedNetworks(NetworkHost host) {
    this.host = host;
  }

  /** Has everything read afresh. */
  synchronized void refresh() {
    bridges = null;
    taps = null;
  }

  @Override
  public synchronized Map<String, Bridge> bridges() throws HostException {
    Map<String, Bridge> known = bridges;
    if (known == null) {
      known = new HashMap<>(host.bridges());
      bridges = known;
    }
    return Map.copyOf(known);
  }

  @Override
  public synchronized Map<String, Tap> taps() throws HostException {
    Map<String, Tap> known = taps;
    if (known == null) {
      known = new HashMap<>(host.taps());
      taps = known;
    }
    return Map.copyOf(known);
  }

  @Override
  public synchronized void ensureBridge(BridgeDefinition bridge) throws HostException {
    Bridge known = bridges().get(bridge.name());
    if (known != null && known.complete() && known.definition().equals(bridge)) {
      return;
    }
    change(() -> host.ensureBridge(bridge));
    if (bridges != null) {
      bridges.put(bridge.name(), new Bridge(bridge, true));
    }
  }

  @Override
  public synchronized void removeBridge(String name) throws HostException {
    change(() -> host.removeBridge(name));
    if (bridges != null) {
      bridges.remove(name);
    }
  }

  @Override
  public synchronized void ensureTap(TapDefinition tap) throws HostException {
    change(() -> host.ensureTap(tap));
    if (taps != null) {
      taps.put(tap.name(), new Tap(tap));
    }
  }

  @Override
  public synchronized void removeTap(String name) throws HostException {
    change(() -> host.removeTap(name));
    if (taps != null) {
      taps.remove(name);
    }
  }

  private interface Change {
    void run() throws HostException;
  }

  private void change(Change change) throws HostException {
    boolean done = false;
    try {
      change.run();
      done = true;
    } finally {
      if (!done) {
        refresh();
      }
    }
  }
}
