package dev.holdfast.standalone.kubectl;

/**
 * What an invocation gave, without what differs from one run to the next.
 *
 * @param status its exit status
 * @param out its standard output
 * @param err its standard error
 */
record Answer(int status, String out, String err) {
  @Override
  public String toString() {
    return "exit status " + status + "\n" + out + (err.isEmpty() ? "" : "standard error:\n" + err);
  }
}
