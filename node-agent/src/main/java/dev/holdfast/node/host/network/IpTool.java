package dev.holdfast.node.host.network;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.holdfast.node.host.HostException;
import dev.holdfast.node.host.command.Command;
import dev.holdfast.node.host.command.CommandResult;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads and changes links, addresses and routes with ip(8). */
final class IpTool {
  private final HostTools tools;
  private final ObjectMapper json = new ObjectMapper();

  IpTool(HostTools tools) {
    this.tools = tools;
  }

  /** The links of one kind, such as {@code bridge}; the kernel sorts out the others. */
  List<Link> links(String kind) throws HostException {
    Command command = tools.command("ip", "-json", "-details", "address", "show", "type", kind);
    return links(command, command.run());
  }

  /** Every link that has an IPv4 address. */
  List<Link> addressed() throws HostException {
    Command command = tools.command("ip", "-json", "-4", "address", "show");
    return links(command, command.run());
  }

  @Nullable Link link(String name) throws HostException {
    Command command = tools.command("ip", "-json", "-details", "address", "show", "dev", name);
    CommandResult result = command.execute();
    if (result.stderr().contains("does not exist")) {
      return null;
    }
    if (!result.succeeded()) {
      throw command.failure(result);
    }
    List<Link> links = links(command, result);
    return links.isEmpty() ? null : links.getFirst();
  }

  private List<Link> links(Command command, CommandResult result) throws HostException {
    List<Link> links = new ArrayList<>();
    for (JsonNode link : parse(command, result)) {
      // ip prints an empty object for every link that the filter leaves out.
      if (link.has("ifname")) {
        links.add(Link.of(link));
      }
    }
    return links;
  }

  /**
   * A route of the main table.
   *
   * @param destination {@code default}, an address or a subnet
   */
  record Route(String destination, String device) {}

  List<Route> routes() throws HostException {
    Command command = tools.command("ip", "-json", "-4", "route", "show");
    List<Route> routes = new ArrayList<>();
    for (JsonNode route : parse(command, command.run())) {
      routes.add(new Route(route.path("dst").asText(), route.path("dev").asText()));
    }
    return routes;
  }

  private JsonNode parse(Command command, CommandResult result) throws HostException {
    try {
      String text = result.stdout().strip();
      return json.readTree(text.isEmpty() ? "[]" : text);
    } catch (JsonProcessingException e) {
      throw new HostException("CommandFailed", "'" + command + "' wrote no JSON: " + e, e);
    }
  }

  /**
   * Runs several changes in one process. They are handed over in one piece, so the death of the
   * agent does not part them: a link of ours is never left without its mark.
   */
  void change(String... lines) throws HostException {
    tools.command("ip", "-batch", "-").withInput(String.join("\n", lines) + "\n").run();
  }
}
