package dev.holdfast.system.failover;

import java.io.IOException;

/** What can happen to a host, and what puts an end to it. */
enum Fault {
  HOST_KILLED {
    @Override
    void strike(TestHost host) throws IOException {
      host.signalAll("KILL");
    }
  },
  HOST_FROZEN {
    @Override
    void strike(TestHost host) throws IOException {
      host.signalAll("STOP");
    }
  },
  KEEPER_KILLED {
    @Override
    void strike(TestHost host) throws IOException {
      host.signalKeeper("KILL");
    }
  },
  KEEPER_STOPPED {
    @Override
    void strike(TestHost host) throws IOException {
      host.signalKeeper("STOP");
    }
  },
  AGENT_KILLED {
    @Override
    void strike(TestHost host) throws IOException {
      host.signalAgent("KILL");
    }
  },
  AGENT_STOPPED {
    @Override
    void strike(TestHost host) throws IOException {
      host.signalAgent("STOP");
    }
  },
  MACHINE_KILLED {
    @Override
    void strike(TestHost host) throws IOException {
      host.signalMachines("KILL");
    }
  },
  MACHINE_STOPPED {
    @Override
    void strike(TestHost host) throws IOException {
      host.signalMachines("STOP");
    }
  },
  PARTITION {
    @Override
    void strike(TestHost host) {
      host.cable().cut(true);
    }
  },
  PARTITION_AND_KEEPER_KILLED {
    @Override
    void strike(TestHost host) throws IOException {
      host.cable().cut(true);
      host.signalKeeper("KILL");
    }
  },
  PARTITION_AND_FROZEN {
    @Override
    void strike(TestHost host) throws IOException {
      host.cable().cut(true);
      host.signalAll("STOP");
    }
  };

  abstract void strike(TestHost host) throws IOException;

  /** Lets go on what was stopped, starts what has ended, joins what was cut. */
  void heal(TestHost host) throws IOException {
    host.signalAll("CONT");
    host.cable().cut(false);
    host.repair();
  }
}
