package dev.holdfast.keeper.linux;

import java.io.IOException;

/**
 * A pipe for the output of a child: the reading end does not block, the writing end does, as a
 * program expects of its standard error.
 *
 * @param read the keeper's end
 * @param write the child's end, closed in the keeper once the child has it
 */
public record OutputPipe(Descriptor read, Descriptor write) {
  private static final int F_SETFL = 4;

  public static OutputPipe open() throws IOException {
    int[] ends = new int[2];
    if (LibC.pipe2(ends, Descriptor.O_CLOEXEC) != 0) {
      throw LinuxException.last("pipe2");
    }
    var pipe = new OutputPipe(new Descriptor(ends[0]), new Descriptor(ends[1]));
    if (LibC.fcntl(ends[0], F_SETFL, (long) Descriptor.O_NONBLOCK) != 0) {
      LinuxException failure = LinuxException.last("fcntl F_SETFL");
      pipe.close();
      throw failure;
    }
    return pipe;
  }

  public void close() {
    read.close();
    write.close();
  }
}
