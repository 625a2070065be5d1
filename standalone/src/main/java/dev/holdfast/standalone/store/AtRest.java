package dev.holdfast.standalone.store;

/** How objects are written to the file: the one place where encryption at rest belongs. */
public interface AtRest {
  byte[] seal(Key key, byte[] json);

  byte[] open(Key key, byte[] sealed);

  /** Whether it was sealed as it has to be; false for a Secret from before there was a key. */
  boolean isSealed(Key key, byte[] stored);

  /** As it is. */
  static AtRest plain() {
    return new AtRest() {
      @Override
      public byte[] seal(Key key, byte[] json) {
        return json;
      }

      @Override
      public byte[] open(Key key, byte[] sealed) {
        return sealed;
      }

      @Override
      public boolean isSealed(Key key, byte[] stored) {
        return true;
      }
    };
  }
}
