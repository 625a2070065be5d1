package dev.holdfast.keeper.sanlock.dump;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.keeper.sanlock.dump.LeaseDump.Host;
import dev.holdfast.keeper.sanlock.dump.LeaseDump.LockspaceArea;
import dev.holdfast.keeper.sanlock.dump.LeaseDump.Owner;
import dev.holdfast.keeper.sanlock.dump.LeaseDump.ResourceArea;
import dev.holdfast.keeper.sanlock.dump.LeaseDump.State;
import dev.holdfast.keeper.sanlock.format.BallotBlock;
import dev.holdfast.keeper.sanlock.format.Geometry;
import dev.holdfast.keeper.sanlock.format.HostBitmap;
import dev.holdfast.keeper.sanlock.format.HostStamp;
import dev.holdfast.keeper.sanlock.format.LeaderRecord;
import dev.holdfast.keeper.sanlock.format.LockspaceLayout;
import dev.holdfast.keeper.sanlock.format.ModeBlock;
import dev.holdfast.keeper.sanlock.format.ResourceLayout;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LeaseScannerTest {
  private static final HostStamp OWNER = new HostStamp(3, 12, 99);

  @ParameterizedTest
  @CsvSource({"512, 1", "4096, 1", "4096, 2", "4096, 4", "4096, 8"})
  void findsLockspacesAndResourcesByThemselves(int sectorSize, int alignMebibytes)
      throws IOException {
    Geometry geometry = new Geometry(sectorSize, alignMebibytes);
    int area = geometry.areaBytes();
    byte[] storage = storage(geometry);

    LeaseDump dump = scan(storage);

    assertThat(dump.lockspaces())
        .containsExactly(
            new LockspaceArea("LS1", 0, geometry, List.of(new Host(3, "node-a", 12, 99, 7))));
    assertThat(dump.resources())
        .containsExactly(
            new ResourceArea(
                "LS1",
                "held",
                2L * area,
                geometry,
                State.EXCLUSIVE,
                5,
                new Owner(3, 12),
                List.of()),
            new ResourceArea(
                "LS1",
                "shared",
                3L * area,
                geometry,
                State.SHARED,
                6,
                new Owner(3, 12),
                List.of(new Owner(2, 4))));
    assertThat(dump.problems()).isEmpty();
  }

  @Test
  void tellsWhatIsDamagedAndGoesOn() throws IOException {
    byte[] storage = storage(Geometry.DEFAULT);
    storage[2 * Geometry.DEFAULT.areaBytes() + 60] ^= 1;

    LeaseDump dump = scan(storage);

    assertThat(dump.problems())
        .singleElement()
        .asString()
        .startsWith("at 2097152: ")
        .contains("damaged");
    assertThat(dump.resources()).extracting(ResourceArea::name).containsExactly("shared");
  }

  @Test
  void aTableHasEveryHostAndResource() throws IOException {
    StringWriter text = new StringWriter();
    DumpTable.print(scan(storage(Geometry.DEFAULT)), new PrintWriter(text));
    assertThat(text.toString())
        .isEqualToNormalizingNewlines(
            """
            Lockspace LS1 at 0 (sectors of 512 bytes, areas of 1 MiB)
            HOST-ID   HOST     GENERATION   IO-TIMEOUT   STATE
            3         node-a   12           7s           renewed at 99

            OFFSET    LOCKSPACE   RESOURCE   STATE       VERSION   OWNER   SHARED-BY
            2097152   LS1         held       exclusive   5         3/12
            3145728   LS1         shared     shared      6         3/12    2/4
            """);
  }

  private static LeaseDump scan(byte[] storage) throws IOException {
    return LeaseScanner.scan(
        (offset, length) -> Arrays.copyOfRange(storage, (int) offset, (int) offset + length),
        storage.length);
  }

  /** A lockspace, an empty area, a resource that is held, one that is shared. */
  private static byte[] storage(Geometry geometry) {
    int area = geometry.areaBytes();
    byte[] storage = new byte[4 * area];
    put(storage, 0, LockspaceLayout.blank(geometry, "LS1", 5));
    put(
        storage,
        LockspaceLayout.hostOffset(geometry, 3),
        LeaderRecord.unusedHost(geometry, "LS1", 5)
            .usedBy(OWNER, "node-a", 7)
            .sector(HostBitmap.NONE));
    put(storage, 2 * area, ResourceLayout.blank(geometry, "LS1", "held"));
    put(
        storage,
        2 * area,
        LeaderRecord.unusedResource(geometry, "LS1", "held")
            .committed(5, OWNER, false, OWNER)
            .sector());
    put(storage, 3 * area, ResourceLayout.blank(geometry, "LS1", "shared"));
    put(
        storage,
        3 * area,
        LeaderRecord.unusedResource(geometry, "LS1", "shared")
            .committed(6, OWNER, true, OWNER)
            .freed(OWNER)
            .sector());
    put(
        storage,
        3 * area + ResourceLayout.ballotOffset(geometry, 2),
        BallotBlock.begun(2002, 6).released(new ModeBlock(true, 4)).sector(geometry.sectorSize()));
    return storage;
  }

  private static void put(byte[] storage, int offset, byte[] bytes) {
    System.arraycopy(bytes, 0, storage, offset, bytes.length);
  }
}
