package dev.holdfast.node.host.network;

import dev.holdfast.node.host.command.Command;
import java.util.ArrayList;
import java.util.List;

/**
 * The programs that change a network.
 *
 * @param prefix what comes before each of them, such as {@code nsenter --net=FILE} to work in
 *     another network namespace; empty for the agent's own
 */
record HostTools(List<String> prefix) {
  HostTools {
    prefix = List.copyOf(prefix);
  }

  Command command(List<String> arguments) {
    List<String> all = new ArrayList<>(prefix);
    all.addAll(arguments);
    return Command.of(all);
  }

  Command command(String... arguments) {
    return command(List.of(arguments));
  }
}
