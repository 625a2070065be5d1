package dev.holdfast.system.chart;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.introspect.Annotated;
import com.fasterxml.jackson.databind.introspect.JacksonAnnotationIntrospector;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import com.marcnuri.helm.Helm;
import com.marcnuri.helm.LintResult;
import com.marcnuri.helm.TemplateCommand;
import dev.holdfast.system.Checkout;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.KubernetesResource;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** The chart of this checkout, rendered by the Helm library. */
public final class HoldfastChart {
  public static final Path FOLDER = Checkout.ROOT.resolve("charts/holdfast");
  public static final String NAMESPACE = "holdfast-system";

  private static final String OLDEST_KUBERNETES = "1.32.0";
  private static final YAMLMapper YAML = strictMapper();

  private HoldfastChart() {}

  static LintResult lint() {
    return new Helm(FOLDER).lint().strict().call();
  }

  /** What Helm finds of CRDs in the chart, one after the other. */
  static String shownCrds() {
    return new Helm(FOLDER).show().crds().call();
  }

  /** The CRDs that the chart ships. */
  public static List<HasMetadata> crds() {
    try (Stream<Path> files = Files.list(FOLDER.resolve("crds"))) {
      return files.sorted().flatMap(file -> parse(Checkout.read(file)).stream()).toList();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot list the CRDs of the chart", e);
    }
  }

  /** Everything but the CRDs, with the values of the chart. */
  public static List<HasMetadata> render() {
    return render(NAMESPACE, Map.of());
  }

  /**
   * Everything but the CRDs.
   *
   * @param values by their path with dots
   * @throws IllegalStateException with Helm's words when the chart refuses
   */
  static List<HasMetadata> render(String namespace, Map<String, String> values) {
    TemplateCommand template =
        new Helm(FOLDER)
            .template()
            .withName("holdfast")
            .withNamespace(namespace)
            .withKubeVersion(OLDEST_KUBERNETES);
    values.forEach(template::set);
    return parse(template.call());
  }

  /** Reads documents into Fabric8's types; a field that its type does not have is an error. */
  private static List<HasMetadata> parse(String documents) {
    KubernetesSerialization kinds = new KubernetesSerialization();
    List<HasMetadata> parsed = new ArrayList<>();
    try (MappingIterator<JsonNode> nodes = YAML.readerFor(JsonNode.class).readValues(documents)) {
      while (nodes.hasNext()) {
        JsonNode node = nodes.next();
        if (node.isObject()) {
          parsed.add(typed(kinds, node));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException("the chart renders what is no YAML:\n" + documents, e);
    }
    return List.copyOf(parsed);
  }

  private static HasMetadata typed(KubernetesSerialization kinds, JsonNode node)
      throws JsonProcessingException {
    String apiVersion = node.path("apiVersion").asText();
    String kind = node.path("kind").asText();
    Class<? extends KubernetesResource> type =
        kinds.getRegisteredKubernetesResource(apiVersion, kind);
    if (type == null) {
      throw new IllegalArgumentException("unknown kind %s of %s".formatted(kind, apiVersion));
    }
    return (HasMetadata) YAML.treeToValue(node, type);
  }

  /** Fabric8's types take unknown fields into a map; without that map they are refused. */
  private static YAMLMapper strictMapper() {
    return YAMLMapper.builder()
        .annotationIntrospector(
            new JacksonAnnotationIntrospector() {
              private static final long serialVersionUID = 1;

              @Override
              public Boolean hasAnySetter(Annotated annotated) {
                return false;
              }
            })
        .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
        .build();
  }
}
