package dev.holdfast.system.conventions;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaField;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.Lock;

/**
 * Finds static state. A final array counts as a constant, because nothing tells one that is never
 * written from one that is.
 */
final class StaticFields extends ArchCondition<JavaField> {
  private static final List<Class<?>> MUTABLE_TYPES =
      List.of(
          ConcurrentMap.class,
          Queue.class,
          Executor.class,
          Lock.class,
          Thread.class,
          ThreadLocal.class,
          StringBuilder.class);

  /** Packages of classes that exist to be changed, apart from the interfaces in them. */
  private static final List<String> MUTABLE_PREFIXES =
      List.of(
          "java.util.concurrent.atomic.",
          "java.util.ArrayList",
          "java.util.HashMap",
          "java.util.LinkedHashMap",
          "java.util.TreeMap",
          "java.util.HashSet",
          "java.util.LinkedHashSet",
          "java.util.TreeSet",
          "java.util.IdentityHashMap",
          "java.util.WeakHashMap",
          "java.util.BitSet");

  private StaticFields() {
    super("be final and of a type that cannot change");
  }

  static ArchRule areConstants() {
    return fields().that().areStatic().should(new StaticFields());
  }

  @Override
  public void check(JavaField field, ConditionEvents events) {
    boolean constant =
        field.getModifiers().contains(JavaModifier.FINAL) && !isMutable(field.getRawType());
    events.add(
        new SimpleConditionEvent(
            field,
            constant,
            "%s is static state of type %s %s"
                .formatted(
                    field.getFullName(),
                    field.getRawType().getName(),
                    field.getSourceCodeLocation())));
  }

  private static boolean isMutable(JavaClass type) {
    return MUTABLE_TYPES.stream().anyMatch(type::isAssignableTo)
        || MUTABLE_PREFIXES.stream().anyMatch(type.getName()::startsWith);
  }
}
