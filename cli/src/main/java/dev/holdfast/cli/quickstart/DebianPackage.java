package dev.holdfast.cli.quickstart;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;

/**
 * A Debian package that Holdfast needs on its host.
 *
 * @param name as apt knows it
 * @param program a program of it: where that is found, from wherever it came, nothing is installed
 * @param purpose what it is for, in a few words
 */
public record DebianPackage(String name, String program, String purpose) {
  private static final List<DebianPackage> NEEDED =
      List.of(
          new DebianPackage("qemu-system-x86", "qemu-system-x86_64", "runs the machines"),
          new DebianPackage("qemu-utils", "qemu-img", "makes disk images"),
          new DebianPackage("dnsmasq-base", "dnsmasq", "DHCP and DNS of the networks"),
          new DebianPackage("nftables", "nft", "address translation and filters"),
          new DebianPackage("iproute2", "ip", "bridges and taps"),
          new DebianPackage("busybox-static", "busybox", "the demo guest's programs"),
          new DebianPackage("kubernetes-client", "kubectl", "talks to the control plane"));

  /**
   * The packages that must be installed first.
   *
   * @param installed whether a program is on this host
   */
  public static List<DebianPackage> missing(Predicate<String> installed) {
    return NEEDED.stream().filter(needed -> !installed.test(needed.program())).toList();
  }

  /**
   * Finds programs as a shell does.
   *
   * @param searchPath value of the PATH
   */
  public static Predicate<String> programsOn(String searchPath) {
    List<Path> directories =
        Arrays.stream(searchPath.split(":"))
            .filter(directory -> !directory.isEmpty())
            .map(Path::of)
            .toList();
    return program ->
        directories.stream().anyMatch(directory -> Files.isExecutable(directory.resolve(program)));
  }
}
