package dev.holdfast.node.host;

class SimulatedLeasesTest extends LeaseHostContract {
  private final SimulatedStorage storage = new SimulatedStorage();
  private final SimulatedLeases here = new SimulatedHost("here", storage).leases();
  private final SimulatedLeases there = new SimulatedHost("there", storage).leases();

  @Override
  protected LeaseHost here() {
    return here;
  }

  @Override
  protected LeaseHost there() {
    return there;
  }

  @Override
  protected String directory() {
    return "/leases";
  }

  @Override
  protected void passTime() {
    here.letLockspacesLive();
    there.letLockspacesLive();
  }
}
