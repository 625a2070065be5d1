package dev.holdfast.standalone.kind;

import static org.assertj.core.api.Assertions.assertThatCode;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.schema.StructuralSchema;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class BuiltInKindsTest {
  static Stream<ResourceType> kinds() {
    return Kinds.builtIn(KindRules.NONE).stream();
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void haveSchemasThatADefinitionCouldHave(ResourceType kind) {
    ObjectNode schema = kind.openApi();
    if (schema != null) {
      assertThatCode(() -> StructuralSchema.parse(schema)).doesNotThrowAnyException();
    }
  }
}
