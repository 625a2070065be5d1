package dev.holdfast.node.host.qemu.probe;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.holdfast.crds.machine.Accelerator;
import dev.holdfast.node.host.HostException;
import dev.holdfast.node.host.command.Command;
import dev.holdfast.node.host.command.CommandResult;
import dev.holdfast.node.host.qemu.probe.QemuCapabilities.AcceleratorCapabilities;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * Asks QEMU what it can do, over QMP on a machine without hardware, and proves the accelerators
 * with a guest. Takes 0.5 s, so its result is to be cached.
 */
public final class CapabilityProbe {
  private static final ObjectMapper JSON = JsonMapper.builder().build();

  private static final Duration TIMEOUT = Duration.ofSeconds(20);

  /** Each command's id is its own name. */
  private static final List<String> QUESTIONS =
      List.of(
          "qmp_capabilities", "query-version", "query-machines", "query-cpu-definitions", "quit");

  private static final Pattern Q35 = Pattern.compile("pc-q35-(\\d+)\\.(\\d+)(?:\\.(\\d+))?");

  private final Path binary;
  private final AcceleratorProbe acceleratorProbe;

  public CapabilityProbe(Path binary, AcceleratorProbe acceleratorProbe) {
    this.binary = binary;
    this.acceleratorProbe = acceleratorProbe;
  }

  /**
   * Finds everything out.
   *
   * @throws HostException with reason {@code QemuUnusable} when QEMU does not run at all
   */
  public QemuCapabilities probe() throws HostException {
    Map<String, JsonNode> answers = ask(Accelerator.TCG);
    var accelerators = new ArrayList<AcceleratorCapabilities>();
    for (Accelerator accelerator : Accelerator.values()) {
      AcceleratorVerdict verdict = acceleratorProbe.probe(accelerator);
      List<String> models = List.of();
      if (verdict.usable()) {
        models =
            cpuModels(
                switch (accelerator) {
                  case TCG -> answers;
                  case KVM -> ask(Accelerator.KVM);
                });
      }
      accelerators.add(
          new AcceleratorCapabilities(
              accelerator,
              verdict.usable(),
              verdict.reason(),
              verdict.message(),
              AcceleratorProbe.fullCpuModel(accelerator),
              models));
    }
    return new QemuCapabilities(
        version(answers), machineTypes(answer(answers, "query-machines")), accelerators);
  }

  private Map<String, JsonNode> ask(Accelerator accelerator) throws HostException {
    String name =
        switch (accelerator) {
          case TCG -> "tcg";
          case KVM -> "kvm";
        };
    List<String> arguments =
        List.of(
            binary.toString(),
            "-no-user-config",
            "-nodefaults",
            "-display",
            "none",
            "-machine",
            "none",
            "-accel",
            name,
            "-qmp",
            "stdio");
    var questions = new StringBuilder();
    for (String question : QUESTIONS) {
      questions.append("{\"execute\":\"%1$s\",\"id\":\"%1$s\"}\n".formatted(question));
    }
    Command command =
        Command.of(Unprivileged.command(arguments))
            .withTimeout(TIMEOUT)
            .withInput(questions.toString());
    CommandResult result = command.execute();
    if (!result.succeeded()) {
      throw command.failure("QemuUnusable", result);
    }
    Map<String, JsonNode> answers = new HashMap<>();
    for (String line : result.stdout().lines().toList()) {
      try {
        JsonNode message = JSON.readTree(line);
        if (message.has("id") && message.has("return")) {
          answers.put(message.get("id").asText(), message.get("return"));
        }
      } catch (JsonProcessingException malformed) {
        throw new HostException(
            "QemuUnusable", binary + " answers what is no JSON: " + line, malformed);
      }
    }
    return answers;
  }

  private JsonNode answer(Map<String, JsonNode> answers, String question) throws HostException {
    JsonNode answer = answers.get(question);
    if (answer == null) {
      throw new HostException("QemuUnusable", binary + " does not answer " + question);
    }
    return answer;
  }

  private String version(Map<String, JsonNode> answers) throws HostException {
    JsonNode version = answer(answers, "query-version").path("qemu");
    return "%d.%d.%d"
        .formatted(
            version.path("major").asInt(),
            version.path("minor").asInt(),
            version.path("micro").asInt());
  }

  static List<String> machineTypes(JsonNode machines) {
    return elements(machines)
        .filter(machine -> !machine.path("deprecated").asBoolean())
        .map(machine -> machine.path("name").asText())
        .filter(name -> Q35.matcher(name).matches())
        .sorted(Comparator.comparing(CapabilityProbe::age).reversed())
        .toList();
  }

  /** Orders versions by number: 10.0 after 9.2. */
  private static long age(String machineType) {
    Matcher version = Q35.matcher(machineType);
    if (!version.matches()) {
      return 0;
    }
    long patch = version.group(3) == null ? 0 : Long.parseLong(version.group(3));
    return (Long.parseLong(version.group(1)) * 1000 + Long.parseLong(version.group(2))) * 1000
        + patch;
  }

  private List<String> cpuModels(Map<String, JsonNode> answers) throws HostException {
    return elements(answer(answers, "query-cpu-definitions"))
        .filter(model -> !model.path("deprecated").asBoolean())
        .filter(model -> model.path("unavailable-features").isEmpty())
        .map(model -> model.path("name").asText())
        .sorted()
        .toList();
  }

  private static Stream<JsonNode> elements(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false);
  }
}
