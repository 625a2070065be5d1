package dev.holdfast.standalone.torture;

import java.util.List;
import java.util.function.Predicate;

/**
 * What a watcher wants to see, as a request and as a condition.
 *
 * @param collection path of the collection
 * @param query selectors, each with an ampersand before it
 */
record Selection(String collection, String query, Predicate<Thing> includes) {
  private static final String ALL = Thing.PATH + "things";
  private static final String FIRST = Thing.PATH + "namespaces/first/things";

  static final Selection EVERYTHING = new Selection(ALL, "", thing -> true);

  /** All of them include a thing of namespace first, tier gold, node n1 that is not retired. */
  static final List<Selection> VARIOUS =
      List.of(
          EVERYTHING,
          new Selection(FIRST, "", Selection::isFirst),
          new Selection(ALL, "&labelSelector=tier%3Dgold", thing -> thing.tier().equals("gold")),
          new Selection(
              ALL,
              "&labelSelector=tier+in+(gold,silver),!retired",
              thing -> List.of("gold", "silver").contains(thing.tier()) && !thing.retired()),
          new Selection(ALL, "&fieldSelector=spec.node%3Dn1", thing -> thing.node().equals("n1")),
          new Selection(
              FIRST,
              "&fieldSelector=spec.node!%3Dn2",
              thing -> isFirst(thing) && !thing.node().equals("n2")),
          new Selection(
              ALL,
              "&labelSelector=!retired&fieldSelector=spec.node%3Dn1",
              thing -> !thing.retired() && thing.node().equals("n1")),
          new Selection(ALL, "&fieldSelector=metadata.namespace%3Dfirst", Selection::isFirst));

  @Override
  public String toString() {
    return collection + query;
  }

  private static boolean isFirst(Thing thing) {
    return thing.key().startsWith("first/");
  }
}
