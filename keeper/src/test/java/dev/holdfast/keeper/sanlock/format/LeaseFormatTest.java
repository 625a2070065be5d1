package dev.holdfast.keeper.sanlock.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LeaseFormatTest {
  private static final int CASES = 2_000;

  private final Geometry geometry = Geometry.DEFAULT;

  @Test
  void checksumsAreThoseOfSanlock() {
    assertThat(intAt(LeaderRecord.unusedHost(geometry, "LS1", 10).sector(), 168))
        .isEqualTo(0x4DBA1E1E);
    assertThat(intAt(LeaderRecord.unusedResource(geometry, "LS1", "vm1").sector(), 168))
        .isEqualTo(0x2A20D21E);
  }

  @Test
  void anUnusedHostHasTheBytesOfSanlock() {
    byte[] sector = LeaderRecord.unusedHost(geometry, "LS1", 10).sector();
    assertThat(hex(sector, 0, 32))
        .isEqualTo("10202112040003001000000000020000" + "00000000000000000100000000000000");
    assertThat(hex(sector, 56, 4)).isEqualTo("4c533100");
    assertThat(hex(sector, 168, 8)).isEqualTo("1e1eba4d00000a00");
  }

  @Test
  void readsTheBallotBlockThatARealHostWroteForASharedLease() throws LeaseFormatException {
    byte[] sector = new byte[512];
    put(sector, 0, "f18a0c0000000000f18a0c0000000000");
    put(sector, 16, "01000000000000000300000000000000");
    put(sector, 32, "940c0000000000007001000000000000");
    put(sector, 48, "9d4fcab601000000");
    put(sector, 128, "01000000000000000300000000000000");
    BallotBlock block = BallotBlock.decode(sector, 0);
    assertThat(block)
        .isEqualTo(
            new BallotBlock(
                822001, 822001, new HostStamp(1, 3, 3220), 368, true, new ModeBlock(true, 3)));
    assertThat(block.sector(512)).isEqualTo(sector);
  }

  @ParameterizedTest
  @CsvSource({
    "512, 1, 2000, 0x10",
    "4096, 1, 250, 0x10",
    "4096, 2, 500, 0x20",
    "4096, 4, 1000, 0x40",
    "4096, 8, 2000, 0x80"
  })
  void everyGeometryHasItsNumberOfHostsAndItsFlag(
      int sectorSize, int alignMebibytes, int hosts, int flag) throws LeaseFormatException {
    Geometry of = new Geometry(sectorSize, alignMebibytes);
    assertThat(of.mostHosts()).isEqualTo(hosts);
    assertThat(of.alignFlag()).isEqualTo(flag);
    assertThat(Geometry.of(sectorSize, flag | LeaderRecord.SHORT_HOLD)).isEqualTo(of);
    assertThat(LockspaceLayout.hostOffset(of, hosts) + sectorSize)
        .isLessThanOrEqualTo(of.areaBytes());
    assertThat(ResourceLayout.ballotOffset(of, hosts) + sectorSize)
        .isLessThanOrEqualTo(ResourceLayout.usedBytes(of, hosts));
  }

  @Test
  void recordsOfOldVersionsWithoutASizeAreOfTheSizesOfThatTime() throws LeaseFormatException {
    assertThat(Geometry.of(512, 0)).isEqualTo(new Geometry(512, 1));
    assertThat(Geometry.of(4096, 0)).isEqualTo(new Geometry(4096, 8));
  }

  @ParameterizedTest
  @CsvSource({"512, 2", "4096, 3", "4096, 16", "4096, 0", "1024, 1"})
  void otherSizesAreRefused(int sectorSize, int alignMebibytes) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Geometry(sectorSize, alignMebibytes))
        .withMessageContaining("possible are");
  }

  @Test
  void readsOnlyAsMuchOfAResourceAsItsHostsNeed() {
    assertThat(ResourceLayout.usedBytes(geometry, 2)).isEqualTo(4 * 512);
    assertThat(ResourceLayout.usedBytes(geometry, 3)).isEqualTo(8 * 512);
    assertThat(ResourceLayout.usedBytes(geometry, 2000)).isEqualTo(1024 * 1024);
    assertThat(ResourceLayout.usedBytes(new Geometry(4096, 1), 250)).isEqualTo(1024 * 1024);
  }

  @Test
  void everyRecordIsReadAsItWasWritten() throws LeaseFormatException {
    Random random = new Random(20261125);
    for (int i = 0; i < CASES; i++) {
      LeaderRecord leader = leader(random);
      assertThat(LeaderRecord.decode(leader.sector(), 0)).isEqualTo(leader);
      BallotBlock ballot = ballot(random);
      assertThat(BallotBlock.decode(ballot.sector(512), 0)).isEqualTo(ballot);
      HostBitmap bitmap = bitmap(random);
      byte[] sector = leader.sector(bitmap);
      assertThat(HostBitmap.decode(sector, 0)).isEqualTo(bitmap);
      int host = 1 + random.nextInt(2000);
      assertThat(HostBitmap.names(sector, 0, host)).isEqualTo(bitmap.hosts().contains(host));
      RequestRecord request =
          new RequestRecord(random.nextLong(), pick(random, RequestRecord.Demand.values()));
      assertThat(RequestRecord.decode(request.sector(512), 0)).isEqualTo(request);
    }
  }

  @Test
  void aChangedByteUnderTheChecksumIsFound() {
    Random random = new Random(7);
    for (int i = 0; i < CASES; i++) {
      byte[] leader = leader(random).sector();
      leader[random.nextInt(168)] ^= (byte) (1 << random.nextInt(8));
      assertThatThrownBy(() -> LeaderRecord.decode(leader, 0))
          .isInstanceOf(LeaseFormatException.class);
      byte[] ballot = ballot(random).sector(512);
      ballot[random.nextInt(48)] ^= (byte) (1 << random.nextInt(8));
      assertThatThrownBy(() -> BallotBlock.decode(ballot, 0))
          .isInstanceOf(LeaseFormatException.class)
          .hasMessageContaining("damaged");
    }
  }

  @Test
  void namesKeepEveryByteAndMayFillTheirField() throws LeaseFormatException {
    String longest = "\u00ff" + "x".repeat(47);
    LeaderRecord named =
        LeaderRecord.decode(withBytes(56, longest.getBytes(StandardCharsets.ISO_8859_1)), 0);
    assertThat(named.lockspace()).isEqualTo(longest);
    assertThat(named.name()).isEqualTo("vm1");
  }

  @ParameterizedTest
  @CsvSource({"''", "a b", "a:b", "\u00e9", "0123456789012345678901234567890123456789012345678"})
  void namesThatSanlocksCommandsCannotSayAreNotWritten(String name) {
    assertThatIllegalArgumentException().isThrownBy(() -> LeaseName.check(name));
  }

  @Test
  void theFormatOfAnotherMajorVersionIsRefusedAndOfAnotherMinorVersionRead()
      throws LeaseFormatException {
    assertThat(LeaderRecord.decode(withBytes(4, new byte[] {9, 0, 6, 0}), 0).version())
        .isEqualTo(0x60009);
    assertThatThrownBy(() -> LeaderRecord.decode(withBytes(4, new byte[] {4, 0, 7, 0}), 0))
        .hasMessageContaining("version 0x70004");
  }

  @Test
  void aFreedResourceKeepsItsVersionAndItsLastOwner() {
    HostStamp writer = new HostStamp(3, 1, 99);
    LeaderRecord held =
        LeaderRecord.unusedResource(geometry, "LS1", "vm1")
            .committed(5, new HostStamp(2, 4, 77), true, writer);
    assertThat(held.isFree()).isFalse();
    assertThat(held.isShortHold()).isTrue();
    LeaderRecord freed = held.freed(writer);
    assertThat(freed.isFree()).isTrue();
    assertThat(freed.isShortHold()).isFalse();
    assertThat(freed.leaseVersion()).isEqualTo(5);
    assertThat(freed.owner()).isEqualTo(new HostStamp(2, 4, 0));
    assertThat(freed.flags()).isEqualTo(0x10);
  }

  private byte[] withBytes(int offset, byte[] bytes) {
    byte[] sector = LeaderRecord.unusedResource(geometry, "LS1", "vm1").sector();
    System.arraycopy(bytes, 0, sector, offset, bytes.length);
    ByteBuffer.wrap(sector)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(168, LeaseChecksum.ofLeader(sector, 0));
    return sector;
  }

  private static LeaderRecord leader(Random random) {
    boolean host = random.nextBoolean();
    return new LeaderRecord(
        host ? LeaderRecord.Kind.HOST : LeaderRecord.Kind.RESOURCE,
        (host ? 0x30000 : 0x60000) + random.nextInt(0x10000),
        random.nextInt(),
        random.nextBoolean() ? 512 : 4096,
        random.nextLong(),
        random.nextLong(),
        stamp(random),
        random.nextLong(),
        name(random),
        name(random),
        random.nextInt(256),
        random.nextLong(),
        stamp(random));
  }

  private static BallotBlock ballot(Random random) {
    return new BallotBlock(
        random.nextLong(),
        random.nextLong(),
        stamp(random),
        random.nextLong(),
        random.nextBoolean(),
        random.nextBoolean() ? ModeBlock.NONE : new ModeBlock(true, random.nextLong()));
  }

  private static HostStamp stamp(Random random) {
    return new HostStamp(random.nextLong(), random.nextLong(), random.nextLong());
  }

  private static HostBitmap bitmap(Random random) {
    TreeSet<Integer> hosts = new TreeSet<>();
    for (int n = random.nextInt(20); n > 0; n--) {
      hosts.add(1 + random.nextInt(2000));
    }
    return new HostBitmap(hosts);
  }

  private static String name(Random random) {
    StringBuilder name = new StringBuilder();
    for (int n = random.nextInt(LeaseName.LONGEST + 1); n > 0; n--) {
      name.append((char) (1 + random.nextInt(255)));
    }
    return name.toString();
  }

  private static <T> T pick(Random random, T[] from) {
    return from[random.nextInt(from.length)];
  }

  private static int intAt(byte[] bytes, int offset) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt(offset);
  }

  private static String hex(byte[] bytes, int offset, int length) {
    return HexFormat.of().formatHex(Arrays.copyOfRange(bytes, offset, offset + length));
  }

  private static void put(byte[] bytes, int offset, String hex) {
    byte[] what = HexFormat.of().parseHex(hex);
    System.arraycopy(what, 0, bytes, offset, what.length);
  }
}
