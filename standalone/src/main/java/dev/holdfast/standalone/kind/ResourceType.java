package dev.holdfast.standalone.kind;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.json.JsonPath;
import dev.holdfast.standalone.schema.StructuralSchema;
import dev.holdfast.standalone.store.Key;
import dev.holdfast.standalone.store.Range;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One resource in one version, as it is served.
 *
 * @param subresources what is written by itself: each with the only field that it writes
 * @param schema made when it is first needed, because compiling CEL rules takes its time
 * @param openApi the schema as published, or null when the kind is not described
 * @param selectableFields field selectors beyond metadata.name and metadata.namespace
 * @param deprecation what a client is warned of with every answer; empty when there is nothing
 * @param view null when objects are served as they are stored
 */
public record ResourceType(
    String group,
    String version,
    Names names,
    boolean namespaced,
    Set<Trait> traits,
    Map<String, String> subresources,
    Supplier<StructuralSchema> schema,
    @Nullable ObjectNode openApi,
    List<PrinterColumn> columns,
    Map<String, JsonPath> selectableFields,
    String deprecation,
    @Nullable View view,
    KindRules rules) {

  private static final Pattern VERSION = Pattern.compile("v(\\d{1,6})(?:(alpha|beta)(\\d{1,6}))?");

  /** As clients prefer them: v2, v1, v1beta1, v1alpha2, v1alpha1, anything else by its name. */
  public static final Comparator<String> BEST_VERSION_FIRST =
      Comparator.<String>comparingLong(version -> -priority(version))
          .thenComparing(Comparator.naturalOrder());

  private static final List<String> VERBS =
      List.of("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch");
  // The order in which the real server lists them for custom resources.
  private static final List<String> CUSTOM_VERBS =
      List.of("delete", "deletecollection", "get", "list", "patch", "create", "update", "watch");

  private static long priority(String version) {
    Matcher matcher = VERSION.matcher(version);
    if (!matcher.matches()) {
      return 0;
    }
    String stage = matcher.group(2);
    long number = Long.parseLong(matcher.group(1)) << 20;
    return stage == null
        ? (3L << 50) + number
        : (stage.equals("beta") ? 2L << 50 : 1L << 50) + number + Long.parseLong(matcher.group(3));
  }

  public boolean has(Trait trait) {
    return traits.contains(trait);
  }

  public String plural() {
    return names.plural();
  }

  public String kind() {
    return names.kind();
  }

  /** {@code v1} or {@code group/version}. */
  public String apiVersion() {
    return group.isEmpty() ? version : group + "/" + version;
  }

  /** As in messages: {@code virtualmachines.holdfast.dev}. */
  public String qualifiedPlural() {
    return group.isEmpty() ? plural() : plural() + "." + group;
  }

  /** As in messages: {@code VirtualMachine.holdfast.dev}. */
  public String qualifiedKind() {
    return group.isEmpty() ? kind() : kind() + "." + group;
  }

  public List<String> verbs() {
    if (has(Trait.CUSTOM)) {
      return CUSTOM_VERBS;
    }
    return has(Trait.NO_DELETE_COLLECTION)
        ? VERBS.stream().filter(verb -> !verb.equals("deletecollection")).toList()
        : VERBS;
  }

  /** Whether writes of the main resource leave the status alone. */
  public boolean hasStatus() {
    return subresources.containsKey("status");
  }

  /** The group under which its objects are kept. */
  public String storageGroup() {
    if (view == null) {
      return group;
    }
    int slash = view.storedApiVersion().indexOf('/');
    return slash < 0 ? "" : view.storedApiVersion().substring(0, slash);
  }

  public Key key(String namespace, String name) {
    return new Key(storageGroup(), plural(), namespaced ? namespace : "", name);
  }

  /** All objects, or those of one namespace when it is not empty. */
  public Range range(String namespace) {
    return Range.of(storageGroup(), plural(), namespaced ? namespace : "");
  }
}
