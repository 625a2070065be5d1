package dev.holdfast.crds;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.crds.machine.VirtualMachine;
import dev.holdfast.crds.machine.VirtualMachineInstance;
import dev.holdfast.crds.network.VirtualNetwork;
import dev.holdfast.crds.node.HypervisorNode;
import dev.holdfast.crds.storage.StoragePool;
import dev.holdfast.crds.storage.VirtualDisk;
import dev.holdfast.crds.storage.VirtualDiskInstance;
import io.fabric8.crdv2.generator.CRDGenerator;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespaced;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinitionVersion;
import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaProps;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Holds the hand-kept manifests and the records against each other: what one side can say, the
 * other understands.
 */
class ManifestContractTest {
  private static final KubernetesSerialization SERIALIZATION = new KubernetesSerialization();

  @TempDir static Path generated;

  /** A kind, by the class that stands for it. */
  record Kind(Class<? extends CustomResource<?, ?>> type) {
    String plural() {
      return HasMetadata.getPlural(type);
    }

    @Override
    public String toString() {
      return type.getSimpleName();
    }
  }

  static Stream<Kind> kinds() {
    return Stream.of(
            HypervisorNode.class,
            StoragePool.class,
            VirtualDisk.class,
            VirtualDiskInstance.class,
            VirtualMachine.class,
            VirtualMachineInstance.class,
            VirtualNetwork.class)
        .map(Kind::new);
  }

  @BeforeAll
  static void generateSchemas() {
    CRDGenerator generator = new CRDGenerator().inOutputDir(generated.toFile());
    for (Kind kind : kinds().toList()) {
      generator.customResourceClasses(List.of(kind.type()));
    }
    generator.generate();
  }

  @Test
  void everyManifestHasItsRecords() {
    assertThat(kinds().map(Kind::plural)).containsExactlyInAnyOrderElementsOf(Manifests.PLURALS);
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void theManifestHasTheSamePropertiesTypesAndEnumsAsTheRecords(Kind kind) {
    Map<String, String> written = new TreeMap<>();
    Map<String, String> derived = new TreeMap<>();
    for (String part : List.of("spec", "status")) {
      outline(part, schema(manifest(kind)).getProperties().get(part), written);
      outline(part, schema(generated(kind)).getProperties().get(part), derived);
    }
    // A Condition's status is a string in the records, as it is everywhere in Kubernetes.
    assertThat(written.remove("status.conditions[].status"))
        .isEqualTo("string " + List.of(Condition.FALSE, Condition.TRUE, Condition.UNKNOWN));
    derived.remove("status.conditions[].status");
    assertThat(derived).isEqualTo(written);
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void componentsAreNullableExactlyWhereThePropertyMayBeAbsent(Kind kind) {
    List<String> mistakes = new ArrayList<>();
    Type[] parts =
        ((ParameterizedType) kind.type().getGenericSuperclass()).getActualTypeArguments();
    JSONSchemaProps root = schema(manifest(kind));
    comparePresence("spec", property(root, "spec"), parts[0], mistakes);
    comparePresence("status", property(root, "status"), parts[1], mistakes);
    assertThat(mistakes).isEmpty();
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void namesAndScopeAreTheAnnotatedOnes(Kind kind) {
    CustomResourceDefinition manifest = manifest(kind);
    var names = manifest.getSpec().getNames();
    assertThat(manifest.getMetadata().getName()).isEqualTo(CustomResource.getCRDName(kind.type()));
    assertThat(manifest.getSpec().getGroup()).isEqualTo(Holdfast.GROUP);
    assertThat(names.getPlural()).isEqualTo(kind.plural());
    assertThat(names.getSingular()).isEqualTo(HasMetadata.getSingular(kind.type()));
    assertThat(names.getKind()).isEqualTo(HasMetadata.getKind(kind.type()));
    assertThat(names.getShortNames()).containsExactly(CustomResource.getShortNames(kind.type()));
    assertThat(names.getCategories()).contains("holdfast");
    assertThat(manifest.getSpec().getScope())
        .isEqualTo(Namespaced.class.isAssignableFrom(kind.type()) ? "Namespaced" : "Cluster");
    assertThat(version(manifest).getName()).isEqualTo(Holdfast.VERSION);
    assertThat(version(manifest).getSubresources().getStatus()).isNotNull();
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void everyPropertyHasADescription(Kind kind) {
    List<String> silent = new ArrayList<>();
    JSONSchemaProps root = schema(manifest(kind));
    assertThat(root.getDescription()).isNotBlank();
    for (String part : List.of("spec", "status")) {
      describe(part, property(root, part), silent);
    }
    assertThat(silent).isEmpty();
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void noDefaultIsInsideOfAList(Kind kind) {
    List<String> found = new ArrayList<>();
    listDefaults("spec", property(schema(manifest(kind)), "spec"), false, found);
    assertThat(found).isEmpty();
  }

  private static void outline(
      String path, @Nullable JSONSchemaProps schema, Map<String, String> outline) {
    if (schema == null) {
      return;
    }
    outline.put(path, type(schema) + enumeration(schema));
    if (schema.getItems() != null) {
      outline(path + "[]", schema.getItems().getSchema(), outline);
    }
    if (schema.getAdditionalProperties() != null) {
      outline(path + "{}", schema.getAdditionalProperties().getSchema(), outline);
    }
    if (schema.getProperties() != null) {
      schema.getProperties().forEach((name, next) -> outline(path + "." + name, next, outline));
    }
  }

  private static String type(JSONSchemaProps schema) {
    if (Boolean.TRUE.equals(schema.getXKubernetesIntOrString()) || schema.getAnyOf() != null) {
      return schema.getType() == null ? "int-or-string" : schema.getType();
    }
    return schema.getType();
  }

  private static String enumeration(JSONSchemaProps schema) {
    // Which numbers are allowed a record cannot say.
    if (schema.getEnum() == null || schema.getEnum().isEmpty() || isInteger(schema)) {
      return "";
    }
    return " " + new TreeSet<>(schema.getEnum().stream().map(value -> value.asText()).toList());
  }

  private static boolean isInteger(JSONSchemaProps schema) {
    return "integer".equals(schema.getType());
  }

  private static void comparePresence(
      String path, JSONSchemaProps schema, Type type, List<String> mistakes) {
    if (schema.getItems() != null && type instanceof ParameterizedType list) {
      comparePresence(
          path + "[]", schema.getItems().getSchema(), list.getActualTypeArguments()[0], mistakes);
    }
    if (!(type instanceof Class<?> record) || !record.isRecord()) {
      return;
    }
    for (RecordComponent component : record.getRecordComponents()) {
      String next = path + "." + component.getName();
      JSONSchemaProps property = property(schema, component.getName());
      boolean present =
          schema.getRequired().contains(component.getName()) || property.getDefault() != null;
      boolean nullable = component.getAnnotatedType().isAnnotationPresent(Nullable.class);
      if (present == nullable) {
        mistakes.add(next + (present ? " is always there" : " may be absent"));
      }
      comparePresence(next, property, component.getGenericType(), mistakes);
    }
  }

  private static JSONSchemaProps property(JSONSchemaProps schema, String name) {
    return Objects.requireNonNull(
        schema.getProperties().get(name), () -> "the manifest has no property " + name);
  }

  private static CustomResourceDefinition manifest(Kind kind) {
    return SERIALIZATION.unmarshal(Manifests.yaml(kind.plural()), CustomResourceDefinition.class);
  }

  private static CustomResourceDefinition generated(Kind kind) {
    Path file = generated.resolve(CustomResource.getCRDName(kind.type()) + "-v1.yml");
    try {
      return SERIALIZATION.unmarshal(Files.readString(file), CustomResourceDefinition.class);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static CustomResourceDefinitionVersion version(CustomResourceDefinition definition) {
    assertThat(definition.getSpec().getVersions()).hasSize(1);
    return definition.getSpec().getVersions().getFirst();
  }

  private static JSONSchemaProps schema(CustomResourceDefinition definition) {
    return version(definition).getSchema().getOpenAPIV3Schema();
  }

  private static void describe(String path, JSONSchemaProps schema, List<String> silent) {
    if (schema.getDescription() == null || schema.getDescription().isBlank()) {
      silent.add(path);
    }
    if (schema.getProperties() != null) {
      schema.getProperties().forEach((name, next) -> describe(path + "." + name, next, silent));
    }
    if (schema.getItems() != null && schema.getItems().getSchema().getProperties() != null) {
      schema
          .getItems()
          .getSchema()
          .getProperties()
          .forEach((name, next) -> describe(path + "[]." + name, next, silent));
    }
  }

  private static void listDefaults(
      String path, JSONSchemaProps schema, boolean inList, List<String> found) {
    if (inList && schema.getDefault() != null) {
      found.add(path);
    }
    if (schema.getProperties() != null) {
      schema
          .getProperties()
          .forEach((name, next) -> listDefaults(path + "." + name, next, inList, found));
    }
    if (schema.getItems() != null) {
      listDefaults(path + "[]", schema.getItems().getSchema(), true, found);
    }
  }
}
