package dev.holdfast.node.agent.status;

import dev.holdfast.node.host.DiskHost;
import dev.holdfast.node.host.HostException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Looks at pools without waiting for storage that does not answer: a system call on it can hang
 * until it is back, and that the storage is gone is what has to be told then.
 */
public final class PatientPools {
  private final DiskHost disks;
  private final Duration patience;
  private final Map<String, CompletableFuture<Long>> looking = new ConcurrentHashMap<>();

  /**
   * @param patience until a pool counts as one that does not answer
   */
  public PatientPools(DiskHost disks, Duration patience) {
    this.disks = disks;
    this.patience = patience;
  }

  /**
   * Prepares the pool at that path, as {@link DiskHost#preparePool} does.
   *
   * @return size of its file system in bytes
   * @throws HostException as that, and with reason {@code PoolSilent} when there is no answer in
   *     time; at most one thread for each pool waits on for it
   */
  public long prepare(String path) throws HostException {
    CompletableFuture<Long> answer = looking.computeIfAbsent(path, this::look);
    try {
      long bytes = answer.get(patience.toMillis(), TimeUnit.MILLISECONDS);
      looking.remove(path, answer);
      return bytes;
    } catch (TimeoutException silent) {
      throw new HostException(
          "PoolSilent",
          "The storage of the pool at %s has not answered for %d s or longer; see the kernel's log"
              .formatted(path, patience.toSeconds()),
          silent);
    } catch (ExecutionException failed) {
      looking.remove(path, answer);
      if (failed.getCause() instanceof HostException cause) {
        throw cause;
      }
      throw new IllegalStateException("looking at the pool at " + path, failed);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new HostException(
          "Interrupted", "looking at " + path + " was interrupted", interrupted);
    }
  }

  private CompletableFuture<Long> look(String path) {
    var answer = new CompletableFuture<Long>();
    Thread ignored =
        Thread.ofPlatform()
            .daemon()
            .name("pool " + path)
            .start(
                () -> {
                  try {
                    answer.complete(disks.preparePool(path));
                  } catch (HostException | RuntimeException failed) {
                    answer.completeExceptionally(failed);
                  }
                });
    return answer;
  }
}
