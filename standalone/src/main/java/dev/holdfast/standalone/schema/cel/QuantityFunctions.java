package dev.holdfast.standalone.schema.cel;

import static dev.holdfast.standalone.schema.cel.KubernetesCel.integer;
import static dev.holdfast.standalone.schema.cel.KubernetesCel.string;

import dev.cel.common.types.OpaqueType;
import dev.cel.common.types.SimpleType;
import java.util.Optional;

/** After library/quantity.go of apiserver. */
final class QuantityFunctions {
  private QuantityFunctions() {}

  static void addTo(Functions functions) {
    var quantity = new Functions.Type<>(OpaqueType.create("kubernetes.Quantity"), Quantity.class);
    functions.global(
        "quantity", "string_to_quantity", quantity.type(), string(), QuantityFunctions::parse);
    functions.global(
        "isQuantity",
        "is_quantity_string",
        SimpleType.BOOL,
        string(),
        text -> Quantity.parse(text).isPresent());
    functions.global(
        "sign", "quantity_sign", SimpleType.INT, quantity, q -> (long) q.value().signum());
    functions.member(
        "isGreaterThan",
        "quantity_is_greater_than",
        SimpleType.BOOL,
        quantity,
        quantity,
        (left, right) -> left.compareTo(right) > 0);
    functions.member(
        "isLessThan",
        "quantity_is_less_than",
        SimpleType.BOOL,
        quantity,
        quantity,
        (left, right) -> left.compareTo(right) < 0);
    functions.member(
        "compareTo",
        "quantity_compare_to",
        SimpleType.INT,
        quantity,
        quantity,
        (left, right) -> (long) left.compareTo(right));
    functions.member(
        "asApproximateFloat",
        "quantity_get_float",
        SimpleType.DOUBLE,
        quantity,
        q -> q.value().doubleValue());
    functions.member(
        "asInteger", "quantity_get_int", SimpleType.INT, quantity, QuantityFunctions::integral);
    functions.member(
        "isInteger", "quantity_is_integer", SimpleType.BOOL, quantity, Quantity::isInteger);
    functions.member("add", "quantity_add", quantity.type(), quantity, quantity, Quantity::plus);
    functions.member(
        "add",
        "quantity_add_int",
        quantity.type(),
        quantity,
        integer(),
        (left, right) -> left.plus(Quantity.of(right)));
    functions.member("sub", "quantity_sub", quantity.type(), quantity, quantity, Quantity::minus);
    functions.member(
        "sub",
        "quantity_sub_int",
        quantity.type(),
        quantity,
        integer(),
        (left, right) -> left.minus(Quantity.of(right)));
  }

  private static Quantity parse(String text) {
    Optional<Quantity> quantity = Quantity.parse(text);
    return quantity.orElseThrow(
        () ->
            new IllegalArgumentException(
                "quantities must match the regular expression"
                    + " '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"));
  }

  private static long integral(Quantity quantity) {
    if (!quantity.isInteger()) {
      throw new IllegalArgumentException("cannot convert value to integer");
    }
    return quantity.value().longValueExact();
  }
}
