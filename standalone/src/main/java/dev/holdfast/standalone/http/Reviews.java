package dev.holdfast.standalone.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.security.Identity;
import dev.holdfast.standalone.security.Rights;
import dev.holdfast.standalone.security.Rule;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** What a client may ask about itself: {@code kubectl auth can-i} and {@code whoami}. */
final class Reviews {
  /** Plural names and kinds, by group. */
  static final Map<String, SortedMap<String, String>> PLURALS =
      Map.of(
          "authentication.k8s.io",
          new TreeMap<>(Map.of("selfsubjectreviews", "SelfSubjectReview")),
          "authorization.k8s.io",
          new TreeMap<>(
              Map.of(
                  "selfsubjectaccessreviews", "SelfSubjectAccessReview",
                  "selfsubjectrulesreviews", "SelfSubjectRulesReview")));

  private Reviews() {}

  /** Answers a review in place. */
  static void answer(String plural, ObjectNode review, Identity identity, Rights rights) {
    if (!review.has("metadata")) {
      review.putObject("metadata");
    }
    ObjectNode status = review.putObject("status");
    switch (plural) {
      case "selfsubjectreviews" -> {
        review
            .withObjectProperty("metadata")
            .put("creationTimestamp", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
        status.set(
            "userInfo", Json.object("username", identity.user(), "groups", identity.groups()));
      }
      case "selfsubjectaccessreviews" -> status.put("allowed", allowed(review, identity, rights));
      default -> rules(review, status, identity, rights);
    }
  }

  private static boolean allowed(ObjectNode review, Identity identity, Rights rights) {
    ObjectNode asked = Json.objectAt(review, "spec", "resourceAttributes");
    if (asked == null) {
      String verb = Json.textAt(review, "spec", "nonResourceAttributes", "verb");
      return (verb.equals("get") || identity instanceof Identity.Admin)
          && Rights.allowPath(
              identity, Json.textAt(review, "spec", "nonResourceAttributes", "path"));
    }
    String subresource = Json.textAt(asked, "subresource");
    return rights.allow(
        identity,
        new Rule.Action(
            Json.textAt(asked, "verb"),
            Json.textAt(asked, "group"),
            Json.textAt(asked, "resource") + (subresource.isEmpty() ? "" : "/" + subresource),
            Json.textAt(asked, "namespace"),
            Json.textAt(asked, "name")));
  }

  private static void rules(
      ObjectNode review, ObjectNode status, Identity identity, Rights rights) {
    List<ObjectNode> resources =
        rights.rules(identity, Json.textAt(review, "spec", "namespace")).stream()
            .map(
                rule ->
                    Json.object(
                        "verbs", rule.verbs(),
                        "apiGroups", rule.groups(),
                        "resources", rule.resources(),
                        "resourceNames", rule.names().isEmpty() ? null : rule.names()))
            .toList();
    ObjectNode paths =
        Json.object(
            "verbs",
            List.of(identity instanceof Identity.Admin ? "*" : "get"),
            "nonResourceURLs",
            Rights.paths(identity));
    status.setAll(
        Json.object(
            "resourceRules", resources, "nonResourceRules", List.of(paths), "incomplete", false));
  }
}
