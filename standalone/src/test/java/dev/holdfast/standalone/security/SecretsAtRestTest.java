package dev.holdfast.standalone.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.holdfast.standalone.security.SecretsAtRest.UnreadableSecretException;
import dev.holdfast.standalone.store.AtRest;
import dev.holdfast.standalone.store.Key;
import dev.holdfast.standalone.store.Listing;
import dev.holdfast.standalone.store.ObjectStore;
import dev.holdfast.standalone.store.StoreOptions;
import dev.holdfast.standalone.store.StoredObject;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SecretsAtRestTest {
  private static final Key LOGIN = new Key("", "secrets", "default", "login");
  private static final byte[] JSON =
      "{\"data\":{\"password\":\"aHVudGVyMg==\"}}".getBytes(StandardCharsets.UTF_8);

  @TempDir private Path directory;
  private SecretsAtRest atRest;

  @BeforeEach
  void open() throws IOException {
    atRest = SecretsAtRest.open(directory.resolve("secrets.key"));
  }

  @Test
  void opensWhatItHasSealedAlsoAfterARestart() throws IOException {
    byte[] sealed = atRest.seal(LOGIN, JSON);

    assertThat(new String(sealed, StandardCharsets.ISO_8859_1)).doesNotContain("aHVudGVyMg==");
    assertThat(atRest.open(LOGIN, sealed)).isEqualTo(JSON);
    assertThat(SecretsAtRest.open(directory.resolve("secrets.key")).open(LOGIN, sealed))
        .isEqualTo(JSON);
    assertThat(Files.getPosixFilePermissions(directory.resolve("secrets.key")))
        .isEqualTo(PosixFilePermissions.fromString("rw-------"));
  }

  @Test
  void sealsTheSameContentsInAnotherWayEachTime() {
    assertThat(atRest.seal(LOGIN, JSON)).isNotEqualTo(atRest.seal(LOGIN, JSON));
  }

  @Test
  void opensNothingThatWasAlteredCutOffOrIsAnotherSecret() {
    byte[] sealed = atRest.seal(LOGIN, JSON);
    int format = "holdfast:aesgcm:v1:".length();
    for (int at = format; at < sealed.length; at++) {
      byte[] altered = sealed.clone();
      altered[at] ^= 1;
      unreadable(atRest, LOGIN, altered);
      unreadable(atRest, LOGIN, Arrays.copyOf(sealed, at));
    }
    unreadable(atRest, new Key("", "secrets", "default", "other"), sealed);
  }

  @Test
  void opensNothingWithAnotherKey() throws IOException {
    unreadable(
        SecretsAtRest.open(directory.resolve("another.key")), LOGIN, atRest.seal(LOGIN, JSON));
  }

  private static void unreadable(SecretsAtRest atRest, Key key, byte[] sealed) {
    assertThatThrownBy(() -> atRest.open(key, sealed))
        .isInstanceOf(UnreadableSecretException.class)
        .hasMessageContaining("Secret default/" + key.name());
  }

  @Test
  void leavesEverythingElseAndWhatWasNeverSealedAsItIs() {
    Key map = new Key("", "configmaps", "default", "login");
    Key custom = new Key("example.dev", "secrets", "default", "login");

    assertThat(atRest.seal(map, JSON)).isEqualTo(JSON);
    assertThat(atRest.open(map, JSON)).isEqualTo(JSON);
    assertThat(atRest.seal(custom, JSON)).isEqualTo(JSON);
    assertThat(atRest.open(LOGIN, JSON)).isEqualTo(JSON);
  }

  @Test
  void aSecretFromBeforeThereWasAKeyIsSealedByTheNextStart() throws IOException {
    Path file = directory.resolve("objects.mv");
    ObjectStore.write(
        file,
        AtRest.plain(),
        new Listing(
            9,
            List.of(
                new StoredObject(LOGIN, 3, JSON),
                new StoredObject(new Key("", "configmaps", "default", "m"), 4, JSON))));
    Files.delete(directory.resolve("secrets.key"));

    for (int start = 0; start < 2; start++) {
      try (ObjectStore store =
          ObjectStore.open(
              file,
              SecretsAtRest.open(directory.resolve("secrets.key")),
              StoreOptions.of(64 << 20))) {
        assertThat(store.revision()).isEqualTo(9);
        assertThat(store.get(LOGIN))
            .satisfies(
                login -> {
                  assertThat(login.revision()).isEqualTo(3);
                  assertThat(login.json()).isEqualTo(JSON);
                });
      }
      String bytes = Files.readString(file, StandardCharsets.ISO_8859_1);
      assertThat(bytes.split("aHVudGVyMg==", -1)).as("only the ConfigMap is in clear").hasSize(2);
    }
    assertThat(directory.resolve("objects.mv.new")).doesNotExist();
  }

  @Test
  void allWhoMakeTheKeyAtOnceHaveTheSame() throws Exception {
    Path file = directory.resolve("raced.key");
    List<Future<SecretsAtRest>> racers;
    try (var executor = Executors.newFixedThreadPool(8)) {
      racers = executor.invokeAll(Collections.nCopies(64, () -> SecretsAtRest.open(file)));
    }
    byte[] sealed = racers.getFirst().get().seal(LOGIN, JSON);

    for (Future<SecretsAtRest> racer : racers) {
      assertThat(racer.get().open(LOGIN, sealed)).isEqualTo(JSON);
    }
  }

  @Test
  void refusesAFileThatIsNoKey() throws IOException {
    Path file = directory.resolve("short.key");
    Files.writeString(file, "short");

    assertThatThrownBy(() -> SecretsAtRest.open(file))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("short.key has 5 bytes, but a key has 32");
  }
}
