package dev.holdfast.node.host.network;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.holdfast.node.host.HostException;
import dev.holdfast.node.host.command.Command;
import dev.holdfast.node.host.command.CommandResult;
import java.util.HashSet;
import java.util.Set;

/** Our nftables table in the kernel. */
final class PacketFilter {
  private final HostTools tools;
  private final ObjectMapper json = new ObjectMapper();

  PacketFilter(HostTools tools) {
    this.tools = tools;
  }

  /** Replaces our table in one transaction; connections that are tracked go on. */
  void apply(Ruleset rules) throws HostException {
    tools.command("nft", "-f", "-").withInput(rules.text()).run();
  }

  /** What our table holds, as fingerprints; see {@link Ruleset#fingerprints}. */
  Set<String> present() throws HostException {
    Command command = tools.command("nft", "-j", "list", "table", "inet", Ruleset.TABLE);
    CommandResult result = command.execute();
    if (result.stderr().contains("No such file or directory")) {
      return Set.of();
    }
    if (!result.succeeded()) {
      throw command.failure(result);
    }
    try {
      Set<String> found = new HashSet<>();
      for (JsonNode entry : json.readTree(result.stdout()).path("nftables")) {
        addRule(entry.path("rule"), found);
        addElements(entry.path("set"), found);
        addElements(entry.path("map"), found);
      }
      return found;
    } catch (JsonProcessingException e) {
      throw new HostException("CommandFailed", "'" + command + "' wrote no JSON: " + e, e);
    }
  }

  private static void addRule(JsonNode rule, Set<String> found) {
    if (rule.has("comment")) {
      found.add(
          Ruleset.ruleFingerprint(rule.path("chain").asText(), rule.path("comment").asText()));
    }
  }

  private static void addElements(JsonNode set, Set<String> found) {
    for (JsonNode element : set.path("elem")) {
      // A map has pairs of key and verdict; libnftables-json(5).
      JsonNode key = element.isArray() ? element.path(0) : element;
      JsonNode prefix = key.path("prefix");
      found.add(
          Ruleset.elementFingerprint(
              set.path("name").asText(),
              prefix.isMissingNode()
                  ? key.asText()
                  : prefix.path("addr").asText() + "/" + prefix.path("len").asInt()));
    }
  }
}
