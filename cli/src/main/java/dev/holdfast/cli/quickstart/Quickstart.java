package dev.holdfast.cli.quickstart;

import dev.holdfast.cli.host.Directories;
import dev.holdfast.cli.host.PidFile;
import dev.holdfast.cli.step.Programs;
import dev.holdfast.cli.step.Step;
import dev.holdfast.cli.step.StepException;
import dev.holdfast.crds.storage.StoragePool;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** The steps of the quickstart, and what it shows at the end. */
public final class Quickstart {
  private static final Duration INSTALLATION = Duration.ofMinutes(30);
  private static final Duration GUEST = Duration.ofMinutes(15);
  private static final Duration START = Duration.ofSeconds(60);
  private static final Duration READY = Duration.ofMinutes(2);
  private static final Duration PAGE = Duration.ofSeconds(60);
  private static final Duration KUBECTL = Duration.ofSeconds(30);
  private static final Duration PAUSE = Duration.ofMillis(200);

  private final Path home;
  private final Directories directories;
  private final Programs programs;
  private final InstantSource clock;
  private String objects = "";
  private String page = "";

  /**
   * A quickstart.
   *
   * @param home the checkout, with examples/ and the holdfast script
   * @param programs runs programs with KUBECONFIG set to the administrator's
   */
  public Quickstart(Path home, Directories directories, Programs programs, InstantSource clock) {
    this.home = home;
    this.directories = directories;
    this.programs = programs;
    this.clock = clock;
  }

  /** All steps in order. */
  public List<Step> steps(List<DebianPackage> missing) {
    return List.of(
        new Step("Install missing packages", () -> install(missing)),
        new Step("Make the demo guest", this::makeGuest),
        new Step("Start control plane, operator, node agent and keeper", this::start),
        new Step("Wait for the host to be ready", this::awaitHost),
        new Step("Apply examples/quickstart", this::apply),
        new Step("Wait for the machine to be ready", this::awaitReady),
        new Step("Fetch the page from inside the guest", this::fetchPage));
  }

  /** What the user sees after the last step. */
  public String summary() {
    return """

    $ ./holdfast kubectl get vm,vmi,vdisk,vnet,hvnode
    %s
    The guest says:

    %s
    Everything stays running. Try next:
      ./holdfast kubectl get vm demo --watch
      ./holdfast kubectl delete vm demo
      ./holdfast kubectl apply -f examples/quickstart   # the same disk: the boots go up
      ./holdfast kubectl describe vm demo
      ./holdfast down                                   # stops everything, keeps the data

    """
        .formatted(objects, page.indent(2));
  }

  private String install(List<DebianPackage> missing) throws StepException, InterruptedException {
    if (missing.isEmpty()) {
      return "nothing missing";
    }
    // A mirror of something else may be out of order, and all we need be had even so.
    String outdated = "";
    try {
      programs.run(
          INSTALLATION, List.of("apt-get", "update", "-q", "-o", "APT::Update::Error-Mode=any"));
    } catch (StepException e) {
      outdated = "\nBefore that, the package lists could not be updated:\n" + e.getMessage();
    }
    List<String> command =
        new ArrayList<>(List.of("apt-get", "install", "-q", "-y", "--no-install-recommends"));
    missing.forEach(needed -> command.add(needed.name()));
    try {
      programs.run(INSTALLATION, command);
    } catch (StepException e) {
      throw new StepException(e.getMessage() + outdated, e);
    }
    return missing.stream().map(DebianPackage::name).collect(Collectors.joining(", "));
  }

  private String makeGuest() throws StepException, InterruptedException {
    Path directory = poolDirectory().resolve("boot").resolve("demo");
    String said =
        programs.run(
            GUEST, List.of(examples().resolve("guest/make").toString(), directory.toString()));
    return said.isEmpty() ? "as made before in " + directory : directory.toString();
  }

  /** The pool's manifest says where the files of the guest's kernel belong. */
  private Path poolDirectory() throws StepException {
    Path manifest = examples().resolve("pool.yaml");
    try {
      return Path.of(
          Serialization.unmarshal(Files.readString(manifest), StoragePool.class)
              .getSpec()
              .dir()
              .path());
    } catch (IOException e) {
      throw new StepException("cannot read " + manifest + ": " + e.getMessage(), e);
    }
  }

  private String start() throws StepException, InterruptedException {
    try {
      Optional<ProcessHandle> supervisor = new PidFile(directories.supervisorPid()).running();
      boolean already = supervisor.isPresent();
      if (supervisor.isEmpty()) {
        Files.createDirectories(directories.logs());
        supervisor = Optional.of(startDetached().toHandle());
      }
      long end = clock.millis() + START.toMillis();
      while (!answers()) {
        if (!supervisor.get().isAlive()) {
          throw new StepException("it ended at once:\n" + endOf(directories.upOutput()));
        }
        if (clock.millis() >= end) {
          throw new StepException(
              "the control plane did not answer within "
                  + START.toSeconds()
                  + " s. The end of its log "
                  + directories.upLog()
                  + ":\n"
                  + endOf(directories.upLog()));
        }
        Thread.sleep(PAUSE);
      }
      return already ? "already running" : "log in " + directories.upLog();
    } catch (IOException e) {
      throw new StepException("cannot start it: " + e, e);
    }
  }

  /** In a session of its own, so that neither Ctrl-C nor the end of the terminal reaches it. */
  private Process startDetached() throws IOException {
    return new ProcessBuilder(
            "setsid",
            home.resolve("holdfast").toString(),
            "up",
            "--data-dir",
            directories.data().toString(),
            "--run-dir",
            directories.run().toString())
        .redirectInput(new File("/dev/null"))
        .redirectOutput(directories.upOutput().toFile())
        .redirectErrorStream(true)
        .start();
  }

  private boolean answers() throws InterruptedException {
    if (!Files.exists(directories.readyFile())) {
      return false;
    }
    try {
      programs.run(KUBECTL, List.of("kubectl", "get", "--raw", "/readyz"));
      return true;
    } catch (StepException e) {
      // It is starting; the caller gives up in time and shows the log.
      return false;
    }
  }

  private static String endOf(Path log) throws IOException {
    if (!Files.exists(log)) {
      return "(there is no " + log + ")";
    }
    // A guest may write any bytes to its console.
    List<String> lines =
        new String(Files.readAllBytes(log), StandardCharsets.UTF_8).lines().toList();
    return String.join("\n", lines.subList(Math.max(0, lines.size() - 15), lines.size()));
  }

  private String awaitHost() throws StepException, InterruptedException {
    long end = clock.millis() + START.toMillis();
    while (kubectl("get", "hvnode", "-o", "name").isBlank()) {
      if (clock.millis() >= end) {
        throw new StepException(
            "the node agent has not registered this host. Its log: " + directories.upLog());
      }
      Thread.sleep(PAUSE);
    }
    awaitReady("hvnode", "--all");
    return kubectl("get", "hvnode", "-o", "jsonpath={.items[*].metadata.name}").strip()
        + " is ready";
  }

  private String apply() throws StepException, InterruptedException {
    return kubectl("apply", "-f", examples().toString()).strip().replace("\n", ", ");
  }

  private String awaitReady() throws StepException, InterruptedException {
    awaitReady("-f", examples().toString());
    objects = kubectl("get", "vm,vmi,vdisk,vnet,hvnode");
    return "all objects are ready";
  }

  private void awaitReady(String... what) throws StepException, InterruptedException {
    List<String> wait = new ArrayList<>(List.of("kubectl", "wait", "--for=condition=Ready"));
    wait.add("--timeout=" + READY.toSeconds() + "s");
    wait.addAll(List.of(what));
    try {
      programs.run(READY.plus(KUBECTL), wait);
    } catch (StepException e) {
      throw new StepException("not ready:\n" + notReady(what), e);
    }
  }

  /** One line for each object that is not ready, with its own reason. */
  private String notReady(String... what) throws StepException, InterruptedException {
    List<String> get = new ArrayList<>(List.of("get"));
    for (String word : what) {
      if (!word.equals("--all")) {
        get.add(word);
      }
    }
    get.add("-o");
    get.add(
        "jsonpath={range .items[*]}{.kind} {.metadata.name}: "
            + "{range .status.conditions[?(@.type==\"Ready\")]}{.status} {.reason}: {.message}{end}"
            + "{\"\\n\"}{end}");
    return kubectl(get.toArray(String[]::new))
        .lines()
        .filter(line -> !line.contains(": True "))
        .map(line -> "  " + line)
        .collect(Collectors.joining("\n"));
  }

  private String fetchPage() throws StepException, InterruptedException {
    String address =
        kubectl("get", "vm", "demo", "-o", "jsonpath={.status.interfaces[0].ipAddress}");
    if (address.isBlank()) {
      throw new StepException("status.interfaces of the machine names no address");
    }
    URI uri = URI.create("http://" + address.strip() + "/");
    try {
      page = GuestPage.fetch(uri, PAGE, clock);
    } catch (StepException e) {
      throw new StepException(e.getMessage() + "\n" + console(), e);
    }
    return uri.toString();
  }

  /** What the guest wrote to its serial console last, and where the rest of that is. */
  private String console() throws StepException, InterruptedException {
    String uuid = kubectl("get", "vm", "demo", "-o", "jsonpath={.status.uuid}").strip();
    Path console = directories.machines().resolve(uuid).resolve("run").resolve("console.log");
    try {
      return "The end of its console " + console + ":\n" + endOf(console);
    } catch (IOException e) {
      return "Its console cannot be read: " + e;
    }
  }

  private String kubectl(String... arguments) throws StepException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("kubectl"));
    command.addAll(List.of(arguments));
    return programs.run(KUBECTL, command);
  }

  private Path examples() {
    return home.resolve("examples/quickstart");
  }
}
