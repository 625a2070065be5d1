package dev.holdfast.node.host.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import org.jspecify.annotations.Nullable;

/**
 * The part of a qcow2 header that says whether an image can be used, read without a fork of
 * qemu-img. Source: QEMU, docs/interop/qcow2.txt; all numbers are big-endian.
 *
 * @param capacityBytes size that the guest sees
 * @param defect why QEMU must not be given this image, or null
 */
record Qcow2Header(long capacityBytes, @Nullable String defect) {
  private static final int LENGTH = 104;
  private static final int MAGIC = 0x514649fb;
  private static final int VERSION_2_LENGTH = 72;

  private static final int VERSION_AT = 4;
  private static final int BACKING_FILE_OFFSET_AT = 8;
  private static final int CLUSTER_BITS_AT = 20;
  private static final int SIZE_AT = 24;
  private static final int CRYPT_METHOD_AT = 32;
  private static final int INCOMPATIBLE_FEATURES_AT = 72;

  private static final long CORRUPT = 1 << 1;
  private static final long EXTERNAL_DATA_FILE = 1 << 2;

  static Qcow2Header read(FileChannel image) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(LENGTH);
    int count;
    do {
      count = image.read(bytes, bytes.position());
    } while (count >= 0 && bytes.hasRemaining());
    bytes.flip();
    if (bytes.limit() < VERSION_2_LENGTH || bytes.getInt(0) != MAGIC) {
      return new Qcow2Header(0, "it has no qcow2 header although its name ends with .qcow2");
    }
    return new Qcow2Header(bytes.getLong(SIZE_AT), defect(bytes));
  }

  /**
   * Backing and data files are names in the image that QEMU would open; whoever could write the
   * image would choose what the guest reads. None of ours has one.
   */
  private static @Nullable String defect(ByteBuffer bytes) {
    int version = bytes.getInt(VERSION_AT);
    if (version != 2 && version != 3) {
      return "its qcow2 version " + version + " is not known";
    }
    if (version == 3 && bytes.limit() < LENGTH) {
      return "its qcow2 header is cut off";
    }
    int clusterBits = bytes.getInt(CLUSTER_BITS_AT);
    if (clusterBits < 9 || clusterBits > 21 || bytes.getLong(SIZE_AT) < 0) {
      return "its qcow2 header is damaged";
    }
    if (bytes.getLong(BACKING_FILE_OFFSET_AT) != 0) {
      return "it has a backing file, which Holdfast did not make";
    }
    if (bytes.getInt(CRYPT_METHOD_AT) != 0) {
      return "it is encrypted";
    }
    long features = version == 3 ? bytes.getLong(INCOMPATIBLE_FEATURES_AT) : 0;
    if ((features & EXTERNAL_DATA_FILE) != 0) {
      return "it keeps its data in another file";
    }
    if ((features & CORRUPT) != 0) {
      return "it is marked corrupt: look at it with 'qemu-img check'";
    }
    return null;
  }
}
