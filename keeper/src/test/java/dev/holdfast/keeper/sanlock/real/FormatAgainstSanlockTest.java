package dev.holdfast.keeper.sanlock.real;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.keeper.sanlock.format.BallotBlock;
import dev.holdfast.keeper.sanlock.format.Geometry;
import dev.holdfast.keeper.sanlock.format.HostBitmap;
import dev.holdfast.keeper.sanlock.format.HostStamp;
import dev.holdfast.keeper.sanlock.format.LeaderRecord;
import dev.holdfast.keeper.sanlock.format.LockspaceLayout;
import dev.holdfast.keeper.sanlock.format.ResourceLayout;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What sanlock writes we read, and the reverse, in all sizes. */
class FormatAgainstSanlockTest {
  @TempDir private Path directory = Path.of("");
  private Path ours = Path.of("ours");
  private Path theirs = Path.of("theirs");

  @BeforeEach
  void findSanlock() {
    Sanlock.assumeInstalled();
    ours = directory.resolve("ours");
    theirs = directory.resolve("theirs");
  }

  @ParameterizedTest
  @CsvSource({"512, 1", "4096, 1", "4096, 2", "4096, 4", "4096, 8"})
  void newAreasHaveTheBytesOfSanlocks(int sectorSize, int alignMebibytes) throws Exception {
    Geometry geometry = new Geometry(sectorSize, alignMebibytes);
    int area = geometry.areaBytes();
    try (RandomAccessFile file = new RandomAccessFile(theirs.toFile(), "rw")) {
      file.setLength(3L * area);
    }
    init(geometry, "-o", "5", "-s", "LS1:0:" + theirs + ":0");
    init(geometry, "-r", "LS1:vm1:" + theirs + ":" + area);
    byte[] bytes = Files.readAllBytes(theirs);
    assertThat(Arrays.copyOf(bytes, area)).isEqualTo(LockspaceLayout.blank(geometry, "LS1", 5));
    assertThat(Arrays.copyOfRange(bytes, area, 2 * area))
        .isEqualTo(ResourceLayout.blank(geometry, "LS1", "vm1"));
    assertThat(LeaderRecord.decode(bytes, 0).geometry()).isEqualTo(geometry);
    assertThat(LeaderRecord.decode(bytes, area).geometry()).isEqualTo(geometry);
  }

  @ParameterizedTest
  @CsvSource({"512, 1", "4096, 1", "4096, 2", "4096, 4", "4096, 8"})
  void sanlockReadsWhatWeWrite(int sectorSize, int alignMebibytes) throws Exception {
    Geometry geometry = new Geometry(sectorSize, alignMebibytes);
    int area = geometry.areaBytes();
    int lastHost = geometry.mostHosts();
    byte[] lockspace = LockspaceLayout.blank(geometry, "LS1", 5);
    HostStamp owner = new HostStamp(lastHost, 4, 777);
    put(
        lockspace,
        LockspaceLayout.hostOffset(geometry, lastHost),
        LeaderRecord.unusedHost(geometry, "LS1", 5)
            .usedBy(owner, "node-a", 7)
            .sector(HostBitmap.of(List.of(1, lastHost))));
    byte[] resource = ResourceLayout.blank(geometry, "LS1", "vm1");
    put(
        resource,
        0,
        LeaderRecord.unusedResource(geometry, "LS1", "vm1")
            .committed(12, owner, false, new HostStamp(2, 3, 5))
            .sector());
    put(
        resource,
        ResourceLayout.ballotOffset(geometry, lastHost),
        BallotBlock.begun(4004, 12).votingFor(owner).sector(sectorSize));
    byte[] both = Arrays.copyOf(lockspace, 2 * area);
    System.arraycopy(resource, 0, both, area, area);
    Files.write(ours, both);

    String host =
        Sanlock.direct(sized(geometry, "read_leader", "-s", "LS1:" + lastHost + ":" + ours + ":0"));
    assertThat(host)
        .contains("read_leader done 0")
        .contains("owner_id " + lastHost + "\n")
        .contains("owner_generation 4\n")
        .contains("resource_name node-a\n")
        .contains("timestamp 777\n")
        .contains("io_timeout 7\n");
    String leader =
        Sanlock.direct(sized(geometry, "read_leader", "-r", "LS1:vm1:" + ours + ":" + area));
    assertThat(leader)
        .contains("read_leader done 0")
        .contains("max_hosts " + lastHost + "\n")
        .contains("owner_id " + lastHost + "\n")
        .contains("lver 12\n")
        .contains("timestamp 777\n");
    String dump = Sanlock.direct(sized(geometry, "dump", ours + ":0:" + 2 * area));
    assertThat(dump).containsPattern("LS1 +node-a +0*777 +0*" + lastHost + " +0*4");
    assertThat(dump).containsPattern("LS1 +vm1 +0*777 +0*" + lastHost + " +0*4 +12");
  }

  private static void init(Geometry geometry, String... arguments) {
    String[] all = new String[arguments.length + 1];
    all[0] = "init";
    System.arraycopy(arguments, 0, all, 1, arguments.length);
    assertThat(Sanlock.direct(sized(geometry, all))).contains("init done 0");
  }

  private static String[] sized(Geometry geometry, String... arguments) {
    String[] all = Arrays.copyOf(arguments, arguments.length + 4);
    all[arguments.length] = "-Z";
    all[arguments.length + 1] = Integer.toString(geometry.sectorSize());
    all[arguments.length + 2] = "-A";
    all[arguments.length + 3] = geometry.alignMebibytes() + "M";
    return all;
  }

  private static void put(byte[] area, int offset, byte[] sector) {
    System.arraycopy(sector, 0, area, offset, sector.length);
  }
}
