package dev.holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.cli.quickstart.DemoGuestFiles;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.spi.ToolProvider;
import java.util.stream.Stream;

/**
 * A checkout of its own, as the script finds it after a build, in a network namespace of its own:
 * nothing on the machine is touched, and what is left behind can be seen.
 */
final class Installation {
  private static final long MINUTES = 4;

  private final String namespace = "hf-test-" + ProcessHandle.current().pid();
  private final Path root;

  /** What a command printed and how it ended. */
  record Output(int status, String text) {}

  private Installation(Path root) {
    this.root = root;
  }

  static Installation make() throws Exception {
    Path guest = DemoGuestFiles.make();
    // Short, because sockets lie below it; QEMU's user must be able to pass through.
    Path root = Files.createTempDirectory(Path.of("/tmp"), "hf");
    Files.setPosixFilePermissions(root, PosixFilePermissions.fromString("rwx--x--x"));
    Installation installation = new Installation(root);
    installation.makeCheckout();
    installation.copyGuest(guest);
    installation.run(List.of("ip", "netns", "add", installation.namespace));
    installation.inside("ip", "link", "set", "lo", "up");
    return installation;
  }

  private void makeCheckout() throws IOException {
    Path lib = Files.createDirectories(home().resolve("cli/target/lib"));
    Files.copy(
        Path.of("../holdfast"), home().resolve("holdfast"), StandardCopyOption.COPY_ATTRIBUTES);
    int number = 0;
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
      Path target =
          number == 0
              ? home().resolve("cli/target/holdfast-cli-0.jar")
              : lib.resolve(number + ".jar");
      Path source = Path.of(entry).toAbsolutePath();
      if (Files.isDirectory(source)) {
        pack(source, target);
      } else {
        Files.createSymbolicLink(target, source);
      }
      number++;
    }
    copyExamples("quickstart");
    copyExamples("more");
    copyExamples("wrong");
    Files.createFile(home().resolve("cli/target/.built"));
  }

  /** The JVM's class archive takes jars only. */
  private static void pack(Path classes, Path jar) {
    int status =
        ToolProvider.findFirst("jar")
            .orElseThrow()
            .run(System.out, System.err, "-cf", jar.toString(), "-C", classes.toString(), ".");
    assertThat(status).as("jar of %s", classes).isZero();
  }

  private void copyExamples(String name) throws IOException {
    Path from = Path.of("../examples").resolve(name);
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Path to = home().resolve("examples").resolve(name).resolve(from.relativize(file));
        if (Files.isDirectory(file)) {
          Files.createDirectories(to);
        } else if (file.toString().endsWith(".yaml")) {
          Files.writeString(
              to, Files.readString(file).replace("/var/lib/holdfast", data().toString()));
        } else {
          Files.copy(file, to, StandardCopyOption.COPY_ATTRIBUTES);
        }
      }
    }
  }

  private void copyGuest(Path guest) throws IOException {
    Path to = data().resolve("pools/local/boot/demo");
    Files.createDirectories(to);
    Files.setPosixFilePermissions(data(), PosixFilePermissions.fromString("rwx--x--x"));
    for (String file : List.of("vmlinuz", "initrd.img")) {
      Files.copy(guest.resolve(file), to.resolve(file));
    }
  }

  Path home() {
    return root.resolve("home");
  }

  Path data() {
    return root.resolve("data");
  }

  Path run() {
    return root.resolve("run");
  }

  /** The script with that command, in the namespace. */
  Output holdfast(String... arguments) throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(List.of("ip", "netns", "exec", namespace, home() + "/holdfast"));
    command.addAll(List.of(arguments));
    return start(command);
  }

  /** The output of kubectl, which must succeed. */
  String kubectl(String... arguments) throws IOException, InterruptedException {
    Output output = tryKubectl(arguments);
    assertThat(output.status()).as(output.text()).isZero();
    return output.text();
  }

  Output tryKubectl(String... arguments) throws IOException, InterruptedException {
    return holdfast(
        Stream.concat(Stream.of("kubectl"), Stream.of(arguments)).toArray(String[]::new));
  }

  /** The output of a program in the namespace. */
  String inside(String... command) throws IOException, InterruptedException {
    return run(
        Stream.concat(Stream.of("ip", "netns", "exec", namespace), Stream.of(command)).toList());
  }

  /** The page of the demo guest, or what the failure to get it said. */
  String page() throws IOException, InterruptedException {
    String address =
        kubectl("get", "vm", "demo", "-o", "jsonpath={.status.interfaces[0].ipAddress}");
    String uri = "http://" + address + "/";
    return start(List.of("ip", "netns", "exec", namespace, "curl", "-sS", "-m", "5", uri)).text();
  }

  /** Kills the process that this file names first. */
  void kill(Path pidFile) throws IOException {
    long pid = Long.parseLong(Files.readString(pidFile).strip().split(" ", -1)[0]);
    ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
  }

  /** Processes of this installation, by a word of their command line. */
  List<ProcessHandle> processes(String word) {
    return ProcessHandle.allProcesses()
        .filter(process -> process.info().commandLine().orElse("").contains(root.toString()))
        .filter(process -> process.info().commandLine().orElse("").contains(word))
        .toList();
  }

  private String run(List<String> command) throws IOException, InterruptedException {
    Output output = start(command);
    assertThat(output.status()).as("%s: %s", command, output.text()).isZero();
    return output.text();
  }

  private Output start(List<String> command) throws IOException, InterruptedException {
    Path text = Files.createTempFile(root, "output", ".txt");
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put("HOLDFAST_DATA_DIR", data().toString());
    builder.environment().put("HOLDFAST_RUN_DIR", run().toString());
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    Process process = builder.redirectErrorStream(true).redirectOutput(text.toFile()).start();
    boolean ended = process.waitFor(MINUTES, TimeUnit.MINUTES);
    if (!ended) {
      process.destroyForcibly();
    }
    String said = Files.readString(text);
    Files.delete(text);
    assertThat(ended).as("%s ends: %s", command, said).isTrue();
    return new Output(process.exitValue(), said);
  }

  /** Stops and removes everything. */
  void remove() throws Exception {
    try {
      Output down = holdfast("down", "--timeout", "0", "--purge", "--yes");
      assertThat(down.status()).as(down.text()).isZero();
    } finally {
      processes("").forEach(ProcessHandle::destroyForcibly);
      run(List.of("ip", "netns", "delete", namespace));
      deleteTree(root);
    }
  }

  private static void deleteTree(Path directory) throws IOException {
    try (Stream<Path> paths = Files.walk(directory)) {
      for (Path path : paths.sorted((a, b) -> b.compareTo(a)).toList()) {
        Files.delete(Objects.requireNonNull(path));
      }
    }
  }
}
