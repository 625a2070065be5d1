package dev.holdfast.standalone.schema.cel;

import static dev.holdfast.standalone.schema.cel.KubernetesCel.integer;
import static dev.holdfast.standalone.schema.cel.KubernetesCel.string;

import com.google.re2j.Matcher;
import com.google.re2j.Pattern;
import dev.cel.common.types.ListType;
import dev.cel.common.types.SimpleType;
import java.util.ArrayList;
import java.util.List;

/** After library/regex.go of apiserver. */
final class TextFunctions {
  private TextFunctions() {}

  static void addTo(Functions functions) {
    functions.member(
        "find",
        "string_find_string",
        SimpleType.STRING,
        string(),
        string(),
        (text, expression) -> {
          Matcher matcher = Pattern.compile(expression).matcher(text);
          return matcher.find() ? matcher.group() : "";
        });
    functions.member(
        "findAll",
        "string_find_all_string",
        ListType.create(SimpleType.STRING),
        string(),
        string(),
        (text, expression) -> findAll(text, expression, -1));
    functions.member(
        "findAll",
        "string_find_all_string_int",
        ListType.create(SimpleType.STRING),
        List.of(string(), string(), integer()),
        arguments -> findAll((String) arguments[0], (String) arguments[1], (Long) arguments[2]));
  }

  /**
   * @param limit negative for all
   */
  private static List<String> findAll(String text, String expression, long limit) {
    List<String> found = new ArrayList<>();
    Matcher matcher = Pattern.compile(expression).matcher(text);
    while ((limit < 0 || found.size() < limit) && matcher.find()) {
      found.add(matcher.group());
    }
    return found;
  }
}
