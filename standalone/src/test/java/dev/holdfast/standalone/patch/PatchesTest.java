package dev.holdfast.standalone.patch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.patch.PatchException.Kind;
import java.io.UncheckedIOException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PatchesTest {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private static JsonNode json(String text) {
    try {
      return MAPPER.readTree(text.replace('\'', '"'));
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '`',
      value = {
        "MERGE; {'a':{'b':1,'c':2}}; {'a':{'b':null,'d':3}}; {'a':{'c':2,'d':3}}",
        "MERGE; {'a':[1,2]}; {'a':[3]}; {'a':[3]}",
        "MERGE; {'a':1}; {'a':{'b':null,'c':{'d':null}}}; {'a':{'c':{}}}",
        "JSON; {'a':[1,2]}; [{'op':'add','path':'/a/-','value':3}]; {'a':[1,2,3]}",
        "JSON; {'a':1}; [{'op':'test','path':'/a','value':1},{'op':'remove','path':'/a'}]; {}",
        "JSON; {'a':{'b/c':1}}; [{'op':'replace','path':'/a/b~1c','value':2}]; {'a':{'b/c':2}}",
        "STRATEGIC_MERGE; {'a':{'b':1}}; {'a':{'$patch':'replace','c':2}}; {'a':{'c':2}}",
        "STRATEGIC_MERGE; {'a':{'b':1}}; {'a':{'$patch':'delete'}}; {}",
        "STRATEGIC_MERGE; {'a':{'b':1,'c':2}}; {'a':{'$retainKeys':['c'],'c':3}}; {'a':{'c':3}}",
        "STRATEGIC_MERGE; {'metadata':{'finalizers':['a','b']}};"
            + " {'metadata':{'$deleteFromPrimitiveList/finalizers':['a'],'finalizers':['c']}};"
            + " {'metadata':{'finalizers':['c','b']}}",
        "STRATEGIC_MERGE; {'metadata':{'finalizers':['a','b','c']}};"
            + " {'metadata':{'$setElementOrder/finalizers':['c','a']}};"
            + " {'metadata':{'finalizers':['b','c','a']}}",
        "STRATEGIC_MERGE; {'secrets':[{'name':'a'},{'name':'b'},{'name':'c'}]};"
            + " {'secrets':[{'name':'c'},{'name':'d'},{'name':'a'}]};"
            + " {'secrets':[{'name':'b'},{'name':'c'},{'name':'d'},{'name':'a'}]}",
        "STRATEGIC_MERGE; {'secrets':[{'name':'a'},{'name':'b'},{'name':'c'}]};"
            + " {'$setElementOrder/secrets':[{'name':'b'},{'name':'d'}],'secrets':[{'name':'d'}]};"
            + " {'secrets':[{'name':'a'},{'name':'b'},{'name':'d'},{'name':'c'}]}",
        "STRATEGIC_MERGE; {}; {'secrets':[{'name':'b','$patch':'delete'},{'name':'e'}]};"
            + " {'secrets':[{'name':'e'}]}",
        "STRATEGIC_MERGE; {'secrets':[{'name':'a'},{'name':'b'}]};"
            + " {'secrets':[{'name':'b','uid':'u'},{'$patch':'replace'}]};"
            + " {'secrets':[{'name':'b','uid':'u'}]}",
        "STRATEGIC_MERGE; {'secrets':[{'name':'a','x':1},{'name':'b'}]};"
            + " {'secrets':[{'name':'a','y':2},{'name':'b','$patch':'delete'}]};"
            + " {'secrets':[{'name':'a','x':1,'y':2}]}",
        "STRATEGIC_MERGE; {'secrets':[{'name':'a'}]};"
            + " {'$setElementOrder/secrets':[{'name':'b'},{'name':'a'}],'secrets':[{'name':'b'}]};"
            + " {'secrets':[{'name':'b'},{'name':'a'}]}",
      })
  void patches(PatchType type, String live, String patch, String expected) {
    ObjectNode before = (ObjectNode) json(live);

    assertThat(type.apply(before, json(patch))).isEqualTo(json(expected));
    assertThat(before).isEqualTo(json(live));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '`',
      value = {
        "JSON; [{'op':'test','path':'/a','value':2}]; NOT_APPLICABLE",
        "JSON; [{'op':'remove','path':'/b'}]; NOT_APPLICABLE",
        "JSON; [{'op':'replace','path':'/b/c','value':1}]; NOT_APPLICABLE",
        "JSON; [{'op':'frobnicate','path':'/a'}]; MALFORMED",
        "JSON; {'a':1}; MALFORMED",
        "MERGE; [1]; MALFORMED",
        "STRATEGIC_MERGE; {'a':{'$patch':'frobnicate'}}; UNKNOWN_DIRECTIVE",
        "STRATEGIC_MERGE; {'secrets':[{'uid':'u'}]}; UNKNOWN_DIRECTIVE",
      })
  void tellsAMalformedPatchFromOneThatDoesNotFit(PatchType type, String patch, Kind kind) {
    ObjectNode live = (ObjectNode) json("{'a':1}");

    assertThatThrownBy(() -> type.apply(live, json(patch)))
        .isInstanceOfSatisfying(PatchException.class, e -> assertThat(e.kind()).isEqualTo(kind));
  }
}
