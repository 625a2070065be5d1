package dev.holdfast.benchmarks.plane;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.holdfast.benchmarks.plane.Figures.Better;
import dev.holdfast.crds.Manifests;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.function.IntFunction;

/** Everything once, on one control plane that begins empty. */
final class Round {
  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final int[] CLIENTS = {1, 8, 32};
  private static final int FIRST = 1_000; // objects that the second start finds
  private static final int STARTS = 3;
  private static final int LISTS = 5;
  private static final int PAGE = 500; // as kubectl asks for
  private static final Duration PATIENCE = Duration.ofMinutes(1);

  private final Plane plane;
  private final Figures figures;
  private final int objects;
  private final Duration time;
  private final VirtualMachines machines = new VirtualMachines("benchmark");

  /**
   * Prepares a round.
   *
   * @param objects how many machines to create in all
   * @param time how long each kind of request is sent
   */
  Round(Plane plane, Figures figures, int objects, Duration time) {
    this.plane = plane;
    this.figures = figures;
    this.objects = objects;
    this.time = time;
  }

  void run() throws Exception {
    Processes.delete(plane.data());
    try (Api api = start("start, empty")) {
      install(api);
      figures.add("memory, no objects", "MiB", Better.LESS, plane, memory("VmRSS"));
      Load load = new Load(api, plane);
      warmUp(api, load);
      record("create", 1, load.count(1, FIRST, number -> machines.create(api, number)));
    }
    plane.stop();
    for (int i = 1; i < STARTS; i++) {
      start("start, 1,000 objects").close();
      plane.stop();
    }
    try (Api api = start("start, 1,000 objects")) {
      load(api);
      lists(api);
      watches(api, 1, 300, Duration.ofMillis(10));
      watches(api, 100, 100, Duration.ofMillis(50));
      figures.add("memory, after load", "MiB", Better.LESS, plane, memory("VmRSS"));
      figures.add("memory, most", "MiB", Better.LESS, plane, memory("VmHWM"));
      figures.add("disk", "MiB", Better.LESS, plane, Processes.diskMebibytes(plane.data()));
    }
    plane.stop();
  }

  private double memory(String field) {
    return Processes.mebibytes(plane.processes(), field);
  }

  /** From before exec until /readyz has answered with 200. */
  Api start(String name) throws Exception {
    long start = System.nanoTime();
    plane.launch();
    Api api =
        await(
            () -> {
              if (!Files.exists(plane.kubeconfig())) {
                throw new IOException("there is no " + plane.kubeconfig());
              }
              return ready();
            });
    figures.add(name, "ms", Better.LESS, plane, (System.nanoTime() - start) / 1e6);
    figures.add(name, "CPU ms", Better.LESS, plane, Processes.cpuMillis(plane.processes()));
    return api;
  }

  private Api ready() throws IOException, GeneralSecurityException, InterruptedException {
    Api api = new Api(plane.kubeconfig());
    try {
      var _ = api.send(api.get("/readyz", "*/*"));
      return api;
    } catch (IOException e) {
      api.close();
      throw e;
    }
  }

  /** Tries again until it succeeds. */
  private <T> T await(Callable<T> attempt) throws Exception {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (true) {
      try {
        return attempt.call();
      } catch (IOException e) {
        if (System.nanoTime() > deadline) {
          throw e;
        }
        var _ = Processes.cpuMillis(plane.processes()); // fails when one has ended
        Thread.sleep(2);
      }
    }
  }

  private void install(Api api) throws Exception {
    String namespace =
        "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"benchmark\"}}";
    var _ =
        api.send(
            api.request(
                "POST",
                "/api/v1/namespaces",
                Api.JSON,
                namespace.getBytes(StandardCharsets.UTF_8)));
    for (String plural : Manifests.PLURALS) {
      var _ =
          api.send(
              api.request(
                  "POST",
                  "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
                  "application/yaml",
                  Manifests.yaml(plural).getBytes(StandardCharsets.UTF_8)));
    }
    // A real server serves a new kind, and then accepts its first object, some time later.
    var _ = await(() -> api.send(machines.rehearse(api, 0)));
  }

  /** What is measured is neither the first classes nor the first code. */
  private void warmUp(Api api, Load load) throws Exception {
    var _ = load.during(8, time, number -> machines.rehearse(api, objects + number));
  }

  private void record(String verb, int clients, Load.Result result) {
    String name = "%s, %d client%s".formatted(verb, clients, clients == 1 ? "" : "s");
    figures.add(name, "/s", Better.MORE, plane, result.perSecond());
    figures.add(name, "CPU ms", Better.LESS, plane, result.cpuMillis());
  }

  private void load(Api api) throws Exception {
    Load load = new Load(api, plane);
    warmUp(api, load);
    int third = (objects - FIRST) / 3;
    record("create", 8, load.count(8, third, number -> machines.create(api, FIRST + number)));
    int next = FIRST + third;
    record(
        "create",
        32,
        load.count(32, objects - next, number -> machines.create(api, next + number)));
    during(load, "get", number -> machines.get(api, any(number)));
    during(load, "apply", number -> machines.apply(api, any(number), number + 1));
    during(load, "merge patch", number -> machines.merge(api, any(number), number + 1));
  }

  private void during(Load load, String verb, IntFunction<HttpRequest> request) throws Exception {
    for (int clients : CLIENTS) {
      record(verb, clients, load.during(clients, time, request));
    }
  }

  /** Spreads consecutive numbers over all objects; each comes once before any comes again. */
  private int any(int number) {
    return (int) (number * 7919L % objects);
  }

  private void lists(Api api) throws Exception {
    list("list, JSON, whole", api, Api.JSON, 0);
    list("list, JSON, pages of 500", api, Api.JSON, PAGE);
    list("list, Table, whole", api, Api.TABLE, 0);
    list("list, Table, pages of 500", api, Api.TABLE, PAGE);
  }

  private void list(String name, Api api, String accept, int page) throws Exception {
    double cpu = Processes.cpuMillis(plane.processes());
    for (int i = 0; i < LISTS; i++) {
      long start = System.nanoTime();
      String token = "";
      do {
        String path = machines.collection() + "?limit=" + page + "&continue=" + token;
        byte[] body = api.send(api.get(path, accept));
        token = page == 0 ? "" : continuation(body);
      } while (!token.isEmpty());
      figures.add(name, "ms", Better.LESS, plane, (System.nanoTime() - start) / 1e6);
    }
    double took = Processes.cpuMillis(plane.processes()) - cpu;
    figures.add(name, "CPU ms", Better.LESS, plane, took / LISTS);
  }

  private static String continuation(byte[] page) throws IOException {
    JsonNode metadata = MAPPER.readTree(page).path("metadata");
    return metadata.path("continue").asText();
  }

  private void watches(Api api, int watchers, int writes, Duration pace) throws Exception {
    WatchLatency.Result result = new WatchLatency(api, machines).measure(watchers, writes, pace);
    String name = "write to event, %d watcher%s".formatted(watchers, watchers == 1 ? "" : "s");
    for (int percent : new int[] {50, 99}) {
      double part = percent / 100.0;
      figures.add(
          name + ", p" + percent,
          "ms",
          Better.LESS,
          plane,
          Samples.quantile(result.fromStart(), part));
      figures.add(
          name + ", p" + percent,
          "ms after its answer",
          Better.LESS,
          plane,
          Samples.quantile(result.fromAnswer(), part));
    }
  }
}
