package dev.holdfast.keeper.sanlock.real;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.keeper.lease.sanlock.BootTicks;
import dev.holdfast.keeper.linux.DirectFile;
import dev.holdfast.keeper.sanlock.disk.LeaseDisk;
import dev.holdfast.keeper.sanlock.format.Geometry;
import dev.holdfast.keeper.sanlock.lockspace.JoinResult;
import dev.holdfast.keeper.sanlock.lockspace.LeaseTimes;
import dev.holdfast.keeper.sanlock.lockspace.Lockspace;
import dev.holdfast.keeper.sanlock.lockspace.LockspaceSettings;
import dev.holdfast.keeper.sanlock.lockspace.RenewalResult;
import dev.holdfast.keeper.sanlock.resource.ResourceLease;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** A host with our own leases on real storage, T = 1 s. */
final class OurHost implements AutoCloseable {
  static final LeaseTimes TIMES = new LeaseTimes(Duration.ofSeconds(1), LeaseTimes.WATCHDOG_FIRE);

  private final DirectFile file;
  private final Lockspace lockspace;
  private final Thread renewal;
  private final CompletableFuture<@Nullable Void> renewed = new CompletableFuture<>();
  private volatile boolean silent;
  private volatile boolean reachable = true;
  private volatile boolean requested;
  private volatile @Nullable Throwable failure;

  private OurHost(DirectFile file, LockspaceSettings settings) throws Exception {
    this.file = file;
    this.lockspace = new Lockspace(new Disk(), new BootTicks(), settings);
    assertThat(lockspace.join(_ -> {})).isInstanceOf(JoinResult.Joined.class);
    this.renewal =
        Thread.ofPlatform()
            .name("renewal")
            .start(
                () -> {
                  renew();
                  renewed.complete(null);
                });
  }

  static OurHost join(Path storage, String name, int hostId, String hostName) throws Exception {
    return new OurHost(
        DirectFile.open(storage),
        new LockspaceSettings(name, 0, Geometry.DEFAULT, hostId, hostName, TIMES));
  }

  private void renew() {
    try {
      while (!silent) {
        switch (lockspace.renew()) {
          case RenewalResult.Lost(String reason) -> throw new IllegalStateException(reason);
          case RenewalResult.Renewed(var ignored, boolean asked) -> requested |= asked;
        }
        Thread.sleep(TIMES.renewal());
      }
    } catch (InterruptedException end) {
      Thread.currentThread().interrupt();
    } catch (Exception unexpected) {
      failure = unexpected;
    }
  }

  ResourceLease lease(String resource, long offset) {
    return new ResourceLease(
        new Disk(), new BootTicks(), lockspace, resource, offset, new Random(1));
  }

  /** Whether another host has wanted to be heard. */
  boolean isRequested() {
    return requested;
  }

  Lockspace lockspace() {
    return lockspace;
  }

  /** Renews no more, as a host that has died. */
  void fallSilent() {
    silent = true;
    renewal.interrupt();
    renewed.join();
  }

  void check() {
    assertThat(failure).as("renewals").isNull();
  }

  @Override
  public void close() throws IOException {
    boolean renewing = !silent;
    fallSilent();
    if (renewing) {
      lockspace.release();
    }
    file.close();
  }

  /** From here on storage does not answer. */
  void loseStorage() {
    reachable = false;
  }

  /** Storage does what it was asked for meanwhile, too late to renew. */
  void findStorage() {
    synchronized (file) {
      reachable = true;
      file.notifyAll();
    }
    renewed.join();
  }

  private void awaitStorage() throws IOException {
    try {
      while (!reachable) {
        file.wait();
      }
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new IOException(interrupted);
    }
  }

  /** Without timeouts: storage of a test answers, or hangs. */
  private final class Disk implements LeaseDisk {
    @Override
    public byte[] read(long offset, int length, Duration timeout) throws IOException {
      synchronized (file) {
        awaitStorage();
        return file.read(offset, length);
      }
    }

    @Override
    public void write(long offset, byte[] sectors, Duration timeout) throws IOException {
      synchronized (file) {
        awaitStorage();
        file.write(offset, sectors);
      }
    }
  }
}
