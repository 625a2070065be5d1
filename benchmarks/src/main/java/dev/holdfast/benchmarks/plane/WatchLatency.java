package dev.holdfast.benchmarks.plane;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** How long after a write its event is with each of many watchers. */
final class WatchLatency {
  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final int PATIENCE_SECONDS = 60;

  private final Api api;
  private final VirtualMachines machines;

  WatchLatency(Api api, VirtualMachines machines) {
    this.api = api;
    this.machines = machines;
  }

  /**
   * Milliseconds until the event, for every write and watcher.
   *
   * @param fromStart from when the write was sent
   * @param fromAnswer from when its answer was there; negative when the event was earlier
   */
  record Result(List<Double> fromStart, List<Double> fromAnswer) {}

  /** Watches one namespace, and writes at an even pace that all can follow. */
  Result measure(int watchers, int writes, Duration pace) throws Exception {
    long[] starts = new long[writes];
    long[] answers = new long[writes];
    long[][] events = new long[watchers][writes];
    CountDownLatch seen = new CountDownLatch(watchers);
    List<InputStream> streams = new ArrayList<>();
    String mark = "benchmark/for-" + watchers; // nobody else's, for a write of nothing new is none
    try {
      String revision =
          MAPPER
              .readTree(api.send(api.get(machines.collection() + "?limit=1", Api.JSON)))
              .at("/metadata/resourceVersion")
              .asText();
      String path = machines.collection() + "?watch=true&resourceVersion=" + revision;
      for (int i = 0; i < watchers; i++) {
        InputStream stream = api.open(path);
        streams.add(stream);
        long[] times = events[i];
        Thread.ofVirtual().start(() -> read(stream, mark, times, seen));
      }
      for (int i = 0; i < writes; i++) {
        starts[i] = System.nanoTime();
        var _ = api.send(machines.mark(api, mark, i));
        answers[i] = System.nanoTime();
        long left = starts[i] + pace.toNanos() - System.nanoTime();
        TimeUnit.NANOSECONDS.sleep(Math.max(0, left));
      }
      if (!seen.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        throw new IOException(
            seen.getCount()
                + " watchers have not seen all events after "
                + PATIENCE_SECONDS
                + " s");
      }
    } finally {
      for (InputStream stream : streams) {
        stream.close();
      }
    }
    List<Double> fromStart = new ArrayList<>();
    List<Double> fromAnswer = new ArrayList<>();
    for (long[] times : events) {
      for (int i = 0; i < writes; i++) {
        fromStart.add((times[i] - starts[i]) / 1e6);
        fromAnswer.add((times[i] - answers[i]) / 1e6);
      }
    }
    return new Result(fromStart, fromAnswer);
  }

  private static void read(InputStream stream, String mark, long[] times, CountDownLatch seen) {
    try (var lines = new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8))) {
      int left = times.length;
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        long now = System.nanoTime();
        int number = VirtualMachines.markIn(line, mark);
        if (number >= 0 && times[number] == 0) {
          times[number] = now;
          left--;
        }
        if (left == 0) {
          seen.countDown();
          return;
        }
      }
    } catch (IOException e) {
      // Closed at the end; before that, the missing count tells.
    }
  }
}
