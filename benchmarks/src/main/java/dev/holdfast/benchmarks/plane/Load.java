package dev.holdfast.benchmarks.plane;

import java.net.http.HttpRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;
import java.util.function.IntPredicate;

/** Sends requests from several clients at once, each the next one when it has its answer. */
final class Load {
  private final Api api;
  private final Plane plane;

  Load(Api api, Plane plane) {
    this.api = api;
    this.plane = plane;
  }

  /**
   * What was reached.
   *
   * @param perSecond answers per second, of all clients
   * @param cpuMillis user and system time of the control plane's processes per answer
   */
  record Result(double perSecond, double cpuMillis) {}

  /** Sends a number of requests, made from 0 up. */
  Result count(int clients, int requests, IntFunction<HttpRequest> request) throws Exception {
    return run(clients, number -> number < requests, request);
  }

  /** Sends requests, made from 0 up, for some time. */
  Result during(int clients, Duration time, IntFunction<HttpRequest> request) throws Exception {
    long end = System.nanoTime() + time.toNanos();
    return run(clients, number -> System.nanoTime() < end, request);
  }

  private Result run(int clients, IntPredicate goOn, IntFunction<HttpRequest> request)
      throws Exception {
    AtomicInteger next = new AtomicInteger();
    AtomicInteger answers = new AtomicInteger();
    double cpu = Processes.cpuMillis(plane.processes());
    long start = System.nanoTime();
    try (ExecutorService executor = Executors.newFixedThreadPool(clients)) {
      List<Future<?>> ends = new ArrayList<>();
      for (int i = 0; i < clients; i++) {
        ends.add(
            executor.submit(
                () -> {
                  int number = next.getAndIncrement();
                  while (goOn.test(number)) {
                    var _ = api.send(request.apply(number));
                    answers.incrementAndGet();
                    number = next.getAndIncrement();
                  }
                  return null;
                }));
      }
      for (Future<?> end : ends) {
        end.get();
      }
    }
    double seconds = (System.nanoTime() - start) / 1e9;
    double took = Processes.cpuMillis(plane.processes()) - cpu;
    return new Result(answers.get() / seconds, took / answers.get());
  }
}
