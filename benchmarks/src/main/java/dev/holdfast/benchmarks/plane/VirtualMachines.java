package dev.holdfast.benchmarks.plane;

import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;

/** Requests for VirtualMachines of a namespace, as users and controllers send them. */
final class VirtualMachines {

  private final String namespace;

  VirtualMachines(String namespace) {
    this.namespace = namespace;
  }

  String collection() {
    return "/apis/holdfast.dev/v1alpha1/namespaces/" + namespace + "/virtualmachines";
  }

  private String object(int number) {
    return collection() + "/" + name(number);
  }

  private static String name(int number) {
    return "machine-%05d".formatted(number);
  }

  HttpRequest create(Api api, int number) {
    return api.request(
        "POST", collection() + "?fieldManager=benchmark", Api.JSON, manifest(number, 0));
  }

  /** Goes the whole way, but stores nothing. */
  HttpRequest rehearse(Api api, int number) {
    String path = collection() + "?fieldManager=benchmark&dryRun=All";
    return api.request("POST", path, Api.JSON, manifest(number, 0));
  }

  HttpRequest get(Api api, int number) {
    return api.get(object(number), Api.JSON);
  }

  /** Server-side apply of the whole manifest, with another value in it. */
  HttpRequest apply(Api api, int number, int value) {
    String path = object(number) + "?fieldManager=applier&force=true";
    return api.request("PATCH", path, Api.APPLY, manifest(number, value));
  }

  /** A merge patch of one annotation. */
  HttpRequest merge(Api api, int number, int value) {
    return patch(api, number, "benchmark/value", value);
  }

  /** A merge patch with an annotation that {@link #markIn} finds again in its event. */
  HttpRequest mark(Api api, String mark, int number) {
    return patch(api, number, mark, number);
  }

  private HttpRequest patch(Api api, int number, String annotation, int value) {
    String body = "{\"metadata\":{\"annotations\":{\"%s\":\"%d\"}}}".formatted(annotation, value);
    return api.request("PATCH", object(number), Api.MERGE, body.getBytes(StandardCharsets.UTF_8));
  }

  /** The number in the annotation of an event, or -1. */
  static int markIn(String event, String mark) {
    String before = "\"" + mark + "\":\"";
    int at = event.indexOf(before);
    if (at < 0) {
      return -1;
    }
    int start = at + before.length();
    return Integer.parseInt(event, start, event.indexOf('"', start), 10);
  }

  private byte[] manifest(int number, int value) {
    return """
    {
      "apiVersion": "holdfast.dev/v1alpha1",
      "kind": "VirtualMachine",
      "metadata": {
        "name": "%1$s",
        "namespace": "%2$s",
        "labels": {
          "app.kubernetes.io/name": "shop",
          "app.kubernetes.io/instance": "%1$s",
          "app.kubernetes.io/managed-by": "benchmark"
        },
        "annotations": {"benchmark/revision": "%3$d"}
      },
      "spec": {
        "runStrategy": "Halted",
        "cpu": {"cores": 2},
        "memory": {"guest": "512Mi"},
        "firmware": {
          "kernelBoot": {
            "poolRef": "local",
            "kernel": "demo/vmlinuz",
            "initrd": "demo/initrd.img",
            "commandLine": "console=ttyS0 quiet"
          }
        },
        "disks": [
          {"name": "system", "diskRef": "%1$s-system"},
          {"name": "data", "diskRef": "%1$s-data"}
        ],
        "interfaces": [
          {"name": "eth0", "networkRef": "front"},
          {"name": "eth1", "networkRef": "back"}
        ]
      }
    }
    """
        .formatted(name(number), namespace, value)
        .getBytes(StandardCharsets.UTF_8);
  }
}
