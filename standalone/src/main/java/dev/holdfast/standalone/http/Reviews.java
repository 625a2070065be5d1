package dev.holdfast.standalone.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.security.Identity;
import dev.holdfast.standalone.security.Rights;
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

  static String singular(String plural) {
    return plural.substring(0, plural.length() - 1);
  }

  /** Answers a review in place. */
  static void answer(String plural, ObjectNode review, Identity identity) {
    if (!review.has("metadata")) {
      review.putObject("metadata");
    }
    ObjectNode status = review.putObject("status");
    switch (plural) {
      case "selfsubjectreviews" -> {
        ObjectNode user = status.putObject("userInfo").put("username", identity.user());
        ArrayNode groups = user.putArray("groups");
        identity.groups().forEach(groups::add);
      }
      case "selfsubjectaccessreviews" -> access(review, status, identity);
      default -> rules(status, identity);
    }
  }

  private static void access(ObjectNode review, ObjectNode status, Identity identity) {
    ObjectNode attributes = Json.objectAt(review, "spec", "resourceAttributes");
    String verb =
        attributes == null
            ? Json.textAt(review, "spec", "nonResourceAttributes", "verb")
            : Json.textAt(attributes, "verb");
    String resource = attributes == null ? "" : Json.textAt(attributes, "resource");
    status.put("allowed", Rights.allow(identity, verb, resource));
  }

  private static void rules(ObjectNode status, Identity identity) {
    ObjectNode rule = status.putArray("resourceRules").addObject();
    ArrayNode verbs = rule.putArray("verbs");
    if (Rights.allow(identity, "*", "*") && Rights.allow(identity, "deletecollection", "*")) {
      verbs.add("*");
    } else {
      for (String verb : List.of("get", "list", "watch", "create", "update", "patch", "delete")) {
        verbs.add(verb);
      }
    }
    rule.putArray("apiGroups").add("*");
    rule.putArray("resources").add("*");
    ObjectNode paths = status.putArray("nonResourceRules").addObject();
    paths.putArray("verbs").add("get");
    paths.putArray("nonResourceURLs").add("*");
    status.put("incomplete", false);
  }
}
