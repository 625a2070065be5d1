package dev.holdfast.standalone.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.holdfast.standalone.schema.StructuralSchema.InvalidSchemaException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RulesTest {
  private static final YAMLMapper YAML = new YAMLMapper();

  /** A spec with a field of each type; RULE is replaced. */
  private static final String SCHEMA =
      """
      type: object
      properties:
        spec:
          type: object
          x-kubernetes-validations: [{rule: "RULE"}]
          properties:
            text: {type: string}
            other: {type: string}
            count: {type: integer}
            ratio: {type: number}
            flag: {type: boolean}
            amount: {x-kubernetes-int-or-string: true}
            when: {type: string, format: date-time}
            how-long: {type: string, format: duration}
            namespace: {type: string}
            words: {type: array, items: {type: string}}
            numbers: {type: array, items: {type: integer}}
            set: {type: array, x-kubernetes-list-type: set, items: {type: string}}
            map: {type: object, additionalProperties: {type: string}}
            free: {type: object, x-kubernetes-preserve-unknown-fields: true}
            items:
              type: array
              x-kubernetes-list-type: map
              x-kubernetes-list-map-keys: [name]
              items:
                type: object
                required: [name]
                properties: {name: {type: string}, size: {type: integer}}
      """;

  private static final String SPEC =
      """
      spec:
        text: 10Gi
        other: 10.1.2.0/24
        count: 4
        ratio: 2
        flag: true
        amount: 512
        when: "2026-01-02T03:04:05Z"
        how-long: 1h30m
        namespace: default
        words: [b, a, b]
        numbers: [3, 1, 2]
        set: [x, y]
        map: {a.b/c: d}
        items: [{name: one, size: 1}, {name: two, size: 2}]
      """;

  static ObjectNode yaml(String text) {
    try {
      return (ObjectNode) YAML.readTree(text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static StructuralSchema schema(String rule) {
    JsonNode schema = yaml(SCHEMA.replace("\"RULE\"", "true"));
    ((ObjectNode) schema.at("/properties/spec/x-kubernetes-validations/0")).put("rule", rule);
    return StructuralSchema.parse(schema);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "self.count < 8.5",
        "self.ratio == 2.0 && self.ratio < 3",
        "self.count + size(self.words) == 7",
        "has(self.text) && !has(self.free)",
        "quantity(self.text).compareTo(quantity('4Gi')) > 0",
        "quantity(self.text) == quantity('10240Mi') && quantity('1.5Ti') == quantity('1536Gi')",
        "quantity(string(self.amount)).compareTo(quantity('1k')) < 0",
        "quantity('2500m').compareTo(quantity('2.5')) == 0 && quantity('1e3') == quantity('1k')",
        "quantity('2E') == quantity('2e18') && quantity('-.5') == quantity('-500m')",
        "type(self.amount) == int && self.amount < 1024",
        "cidr('10.1.2.3/24').masked() == cidr(self.other) && cidr(self.other).ip().family() == 4",
        "isCIDR('fd00::/64') && !isCIDR('fd00::/129') && !isCIDR('10.0.0.1')",
        "'text'.indexOf('x') == 2",
        "self.text.matches('^[0-9]+Gi$')",
        "self.words.all(w, w in ['a', 'b']) && self.items.exists(i, i.name == 'two')",
        "self.items.map(i, i.size) == [1, 2] && self.items.filter(i, i.size > 1).size() == 1",
        "self.map['a.b/c'] == 'd' && self.map.all(k, k.startsWith('a'))",
        "self.__namespace__ == 'default'",
        "self.when > timestamp('2026-01-01T00:00:00Z')",
        "self.?free.hasValue() == false && self.?text.orValue('') == '10Gi'",
        "cidr(self.other).prefixLength() == 24 && cidr('fd00::1/64').ip().family() == 6",
        "self.text.lowerAscii() == '10gi' && self.words.join('') == 'bab'",
      })
  void holds(String rule) {
    assertThat(schema(rule).validate(yaml(SPEC), null, false, List.of())).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "self.nothing == 1 | undefined field 'nothing'",
        "self.count == 'x' | found no matching overload",
        "self.count | must evaluate to a bool",
        "self.count > | compilation failed",
        "self.free.x == 1 | undefined field 'x'",
        "quantity(self.count).compareTo(quantity('1')) == 0 | found no matching overload",
        "self.how__dash__long == duration('90m') | undefined field 'how__dash__long'",
        "isURL(self.text) | undeclared reference to 'isURL'",
        "ip(self.text).isLoopback() | found no matching overload",
        "self.numbers.max() == 3 | undeclared reference to 'max'",
        "self.text.find('[0-9]+') == '1' | undeclared reference to 'find'",
        "nobody == 1 | undeclared reference",
      })
  void refusesRulesThatDoNotCompile(String rule, String reason) {
    assertThatThrownBy(() -> schema(rule))
        .isInstanceOfSatisfying(
            InvalidSchemaException.class,
            e ->
                assertThat(e.errors())
                    .singleElement()
                    .satisfies(
                        error -> {
                          assertThat(error.field())
                              .isEqualTo(
                                  "openAPIV3Schema.properties[spec].x-kubernetes-validations[0].rule");
                          assertThat(error.message()).contains(reason);
                        }));
  }

  @Test
  void sayWhatFailedWhereTheRuleHasNoMessage() {
    assertThat(schema("self.count > 5").validate(yaml(SPEC), null, false, List.of()))
        .extracting(FieldError::text)
        .containsExactly("spec: Invalid value: failed rule: self.count > 5");
  }

  @Test
  void stopsWhatCostsTooMuchAndSaysSoOnce() {
    String pairs = "self.words.all(x, self.words.all(y, x != y || x == y))";
    ObjectNode object = yaml(SPEC);
    ArrayNode words = ((ObjectNode) object.get("spec")).putArray("words");
    for (int i = 0; i < 200; i++) {
      words.add("word" + i);
    }
    assertThat(schema(pairs).validate(object, null, false, List.of())).isEmpty();
    for (int i = 0; i < 20_000; i++) {
      words.add("more" + i);
    }
    for (String rule : List.of(pairs, pairs + " || true", "self.words.all(x, x in self.words)")) {
      assertThat(schema(rule).validate(object, null, false, List.of()))
          .extracting(FieldError::text)
          .containsExactly(
              "spec: Invalid value: \"object\": validation failed due to running out of cost"
                  + " budget, no further validation rules will be run");
    }
  }

  @Test
  void namesTheKeyThatARuleDidNotFind() {
    assertThat(schema("self.free == self.free").validate(yaml("spec: {}"), null, false, List.of()))
        .extracting(FieldError::text)
        .containsExactly(
            "spec: Invalid value: \"object\": no such key: free evaluating rule: self.free =="
                + " self.free");
  }

  @Test
  void ignoreTheOrderOfSetsAndListMapsInComparisonsWithTheOldValue() {
    StructuralSchema schema = schema("self.set == oldSelf.set && self.items == oldSelf.items");
    ObjectNode old = yaml("spec: {set: [a, b], items: [{name: one}, {name: two, size: 2}]}");

    assertThat(
            schema.validate(
                yaml("spec: {set: [b, a], items: [{name: two, size: 2}, {name: one}]}"),
                old,
                false,
                List.of()))
        .isEmpty();
    assertThat(
            schema.validate(
                yaml("spec: {set: [b], items: [{name: two, size: 2}, {name: one}]}"),
                old,
                false,
                List.of()))
        .hasSize(1);
  }

  @Test
  void toleratesWhatAnUpdateLeftAsItWas() {
    StructuralSchema schema = schema("self.count > 5");

    assertThat(
            schema.validate(yaml("spec: {count: 1}"), yaml("spec: {count: 1}"), false, List.of()))
        .isEmpty();
    assertThat(
            schema.validate(
                yaml("spec: {count: 1, text: a}"), yaml("spec: {count: 1}"), false, List.of()))
        .hasSize(1);
  }

  @Test
  void runsTransitionRulesOnlyWhereThereIsAnOldValueUnlessItIsOptional() {
    StructuralSchema strict = schema("self.text == oldSelf.text");
    assertThat(strict.validate(yaml("spec: {text: a}"), null, false, List.of())).isEmpty();
    assertThat(strict.validate(yaml("spec: {text: a}"), yaml("spec: {text: b}"), false, List.of()))
        .hasSize(1);

    ObjectNode json = yaml(SCHEMA.replace("\"RULE\"", "true"));
    ((ObjectNode) json.at("/properties/spec/x-kubernetes-validations/0"))
        .put("rule", "oldSelf.hasValue() && oldSelf.value().text == self.text")
        .put("optionalOldSelf", true)
        .put("message", "only as it was")
        .put("reason", "FieldValueForbidden")
        .put("fieldPath", ".text");
    StructuralSchema optional = StructuralSchema.parse(json);
    assertThat(
            optional.validate(yaml("spec: {text: a}"), yaml("spec: {text: a}"), false, List.of()))
        .isEmpty();
    assertThat(optional.validate(yaml("spec: {text: a}"), null, false, List.of()))
        .containsExactly(
            new FieldError(
                FieldError.Reason.FieldValueForbidden, "spec.text", "Forbidden: only as it was"));
  }

  @Test
  void correlatesItemsOfListMapsByKey() {
    StructuralSchema schema =
        StructuralSchema.parse(
            yaml(
                """
                type: object
                properties:
                  spec:
                    type: object
                    properties:
                      disks:
                        type: array
                        x-kubernetes-list-type: map
                        x-kubernetes-list-map-keys: [name]
                        items:
                          type: object
                          required: [name]
                          x-kubernetes-validations:
                          - rule: self.size >= oldSelf.size
                            messageExpression: "'from ' + string(oldSelf.size) + ' to ' + string(self.size)"
                            fieldPath: .size
                          properties: {name: {type: string}, size: {type: integer}}
                """));
    ObjectNode old = yaml("spec: {disks: [{name: a, size: 5}, {name: b, size: 9}]}");

    assertThat(
            schema.validate(
                yaml("spec: {disks: [{name: b, size: 4}, {name: c, size: 1}]}"),
                old,
                false,
                List.of()))
        .extracting(FieldError::text)
        .containsExactly("spec.disks[0].size: Invalid value: from 9 to 4");
  }

  @Test
  void refusesOldSelfWhereItemsCannotBeCorrelated() {
    assertThatThrownBy(
            () ->
                StructuralSchema.parse(
                    yaml(
                        """
                        type: object
                        properties:
                          spec:
                            type: array
                            items:
                              type: string
                              x-kubernetes-validations: [{rule: self == oldSelf}]
                        """)))
        .isInstanceOf(InvalidSchemaException.class)
        .hasMessageContaining("uncorrelatable portion of the schema");
  }
}
