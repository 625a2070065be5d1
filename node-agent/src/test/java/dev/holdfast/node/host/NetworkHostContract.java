package dev.holdfast.node.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.holdfast.node.plan.HostState.Bridge;
import dev.holdfast.node.plan.HostState.BridgeDefinition;
import dev.holdfast.node.plan.HostState.Reservation;
import dev.holdfast.node.plan.HostState.Tap;
import dev.holdfast.node.plan.HostState.TapDefinition;
import java.util.Map;
import java.util.Set;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** What every {@link NetworkHost} must do, simulated or real. */
public abstract class NetworkHostContract {
  protected static final Reservation FIRST =
      new Reservation("52:54:00:00:00:01", "192.168.71.11", "first");
  protected static final Reservation SECOND =
      new Reservation("52:54:00:00:00:02", "192.168.71.12", "second");
  protected static final BridgeDefinition RED = red(FIRST);
  protected static final BridgeDefinition BLUE =
      new BridgeDefinition("hfb2b", "192.168.72.0/24", "192.168.72.1", Set.of());
  protected static final TapDefinition TAP = new TapDefinition("hft1a", "hfb1a", 61234, "uuid-1");

  protected static BridgeDefinition red(Reservation... reservations) {
    return new BridgeDefinition("hfb1a", "192.168.71.0/24", "192.168.71.1", Set.of(reservations));
  }

  /** The same host, without networks at first, for the whole of one test. */
  protected abstract NetworkHost host() throws Exception;

  /** Lets somebody else make a bridge with that name and address, given with its prefix length. */
  protected abstract void putForeignBridge(String name, String address) throws Exception;

  /** Lets a part of that bridge fail, such as its DHCP server. */
  protected abstract void breakBridge(String name) throws Exception;

  protected static void assertRefused(String reason, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            HostException.class, e -> assertThat(e.reason()).as(e.getMessage()).isEqualTo(reason));
  }

  private static Bridge complete(BridgeDefinition definition) {
    return new Bridge(definition, true);
  }

  @Test
  void beginsWithNothing() throws Exception {
    assertThat(host().bridges()).isEmpty();
    assertThat(host().taps()).isEmpty();
  }

  @Test
  void makesACompleteNetworkAndKeepsIt() throws Exception {
    host().ensureBridge(RED);
    assertThat(host().bridges()).isEqualTo(Map.of("hfb1a", complete(RED)));

    host().ensureBridge(RED);
    assertThat(host().bridges()).isEqualTo(Map.of("hfb1a", complete(RED)));
  }

  @Test
  void addsAndRemovesReservations() throws Exception {
    host().ensureBridge(RED);

    host().ensureBridge(red(FIRST, SECOND));
    assertThat(host().bridges()).isEqualTo(Map.of("hfb1a", complete(red(FIRST, SECOND))));

    host().ensureBridge(red(SECOND));
    assertThat(host().bridges()).isEqualTo(Map.of("hfb1a", complete(red(SECOND))));
  }

  @Test
  void changesTheAddressOfANetwork() throws Exception {
    host().ensureBridge(RED);
    BridgeDefinition moved =
        new BridgeDefinition("hfb1a", "192.168.74.0/25", "192.168.74.1", Set.of());

    host().ensureBridge(moved);

    assertThat(host().bridges()).isEqualTo(Map.of("hfb1a", complete(moved)));
  }

  @Test
  void repairsABrokenNetwork() throws Exception {
    host().ensureBridge(RED);
    breakBridge("hfb1a");
    assertThat(host().bridges()).isEqualTo(Map.of("hfb1a", new Bridge(RED, false)));

    host().ensureBridge(RED);

    assertThat(host().bridges()).isEqualTo(Map.of("hfb1a", complete(RED)));
  }

  @Test
  void removesOneNetworkAndLeavesTheOther() throws Exception {
    host().ensureBridge(RED);
    host().ensureBridge(BLUE);

    host().removeBridge("hfb1a");
    assertThat(host().bridges()).isEqualTo(Map.of("hfb2b", complete(BLUE)));

    host().removeBridge("hfb1a");
    host().removeBridge("hfb2b");
    assertThat(host().bridges()).isEmpty();
  }

  @Test
  void refusesASubnetThatOverlapsAnAddressOfTheHost() throws Exception {
    putForeignBridge("office", "192.168.71.200/25");

    assertRefused("AddressConflict", () -> host().ensureBridge(RED));

    assertThat(host().bridges()).isEmpty();
  }

  @Test
  void refusesASubnetThatOverlapsAnotherNetworkOfOurs() throws Exception {
    host().ensureBridge(RED);

    assertRefused(
        "AddressConflict",
        () ->
            host()
                .ensureBridge(
                    new BridgeDefinition(
                        "hfb2b", "192.168.71.128/25", "192.168.71.129", Set.of())));

    assertThat(host().bridges()).isEqualTo(Map.of("hfb1a", complete(RED)));
  }

  @Test
  void leavesAForeignBridgeAlone() throws Exception {
    putForeignBridge("hfb1a", "10.9.8.1/24");

    assertRefused("NameConflict", () -> host().ensureBridge(RED));
    host().removeBridge("hfb1a");

    assertThat(host().bridges()).isEmpty();
    // Still there, so still in the way.
    assertRefused("NameConflict", () -> host().ensureBridge(RED));
  }

  @Test
  void plugsATapIntoItsBridgeAndKeepsIt() throws Exception {
    host().ensureBridge(RED);

    host().ensureTap(TAP);
    host().ensureTap(TAP);

    assertThat(host().taps()).isEqualTo(Map.of("hft1a", new Tap(TAP)));
  }

  @Test
  void givesATapToAnotherMachineOrBridge() throws Exception {
    host().ensureBridge(RED);
    host().ensureBridge(BLUE);
    host().ensureTap(TAP);
    TapDefinition ofAnother = new TapDefinition("hft1a", "hfb1a", 61235, "uuid-2");
    TapDefinition elsewhere = new TapDefinition("hft1a", "hfb2b", 61235, "uuid-2");

    host().ensureTap(ofAnother);
    assertThat(host().taps()).isEqualTo(Map.of("hft1a", new Tap(ofAnother)));

    host().ensureTap(elsewhere);
    assertThat(host().taps()).isEqualTo(Map.of("hft1a", new Tap(elsewhere)));
  }

  @Test
  void refusesATapWithoutItsBridge() throws Exception {
    assertRefused("BridgeMissing", () -> host().ensureTap(TAP));

    assertThat(host().taps()).isEmpty();
  }

  @Test
  void removesATapAsOftenAsItIsAsked() throws Exception {
    host().ensureBridge(RED);
    host().ensureTap(TAP);

    host().removeTap("hft1a");
    host().removeTap("hft1a");

    assertThat(host().taps()).isEmpty();
  }

  @Test
  void keepsATapWhoseBridgeIsRemovedAndPlugsItInAgain() throws Exception {
    host().ensureBridge(RED);
    host().ensureTap(TAP);
    host().removeBridge("hfb1a");
    assertThat(host().taps())
        .isEqualTo(Map.of("hft1a", new Tap(new TapDefinition("hft1a", "", 61234, "uuid-1"))));

    host().ensureBridge(RED);
    host().ensureTap(TAP);

    assertThat(host().taps()).isEqualTo(Map.of("hft1a", new Tap(TAP)));
  }
}
