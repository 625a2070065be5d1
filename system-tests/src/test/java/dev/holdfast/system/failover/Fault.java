package dev.holdfast.system.failover;

import java.io.IOException;

/** What can happen to a host, and what puts an end to it. */
enum Fault {
  HOST_KILLED,
  HOST_FROZEN,
  KEEPER_KILLED,
  KEEPER_STOPPED,
  AGENT_KILLED,
  AGENT_STOPPED,
  MACHINE_KILLED,
  MACHINE_STOPPED,
  PARTITION,
  PARTITION_AND_KEEPER_KILLED,
  PARTITION_AND_FROZEN;

  void strike(TestHost host) throws IOException {
    switch (this) {
      case HOST_KILLED -> host.signalAll("KILL");
      case HOST_FROZEN -> host.signalAll("STOP");
      case KEEPER_KILLED -> host.signalKeeper("KILL");
      case KEEPER_STOPPED -> host.signalKeeper("STOP");
      case AGENT_KILLED -> host.signalAgent("KILL");
      case AGENT_STOPPED -> host.signalAgent("STOP");
      case MACHINE_KILLED -> host.signalMachines("KILL");
      case MACHINE_STOPPED -> host.signalMachines("STOP");
      case PARTITION -> host.cable().cut(true);
      case PARTITION_AND_KEEPER_KILLED -> {
        PARTITION.strike(host);
        KEEPER_KILLED.strike(host);
      }
      case PARTITION_AND_FROZEN -> {
        PARTITION.strike(host);
        HOST_FROZEN.strike(host);
      }
    }
  }

  /** Lets go on what was stopped, starts what has ended, joins what was cut. */
  void heal(TestHost host) throws IOException {
    host.signalAll("CONT");
    host.cable().cut(false);
    host.repair();
  }
}
