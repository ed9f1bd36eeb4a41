package io.penstock.node.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyPairGenerator;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NodeIdentityTest {

  @TempDir private Path home;

  private Path directory;
  private Path file;

  @BeforeEach
  void name() {
    directory = home.resolve("state").resolve("node");
    file = directory.resolve("node.pem");
  }

  @Test
  void an_identity_that_was_kept_is_the_same_the_next_time() throws IOException {
    String first = opened();
    assertThat(opened()).isEqualTo(first);
  }

  @Test
  void directory_and_files_are_for_their_owner_alone() throws IOException {
    opened();
    assertThat(permissions(directory)).isEqualTo("rwx------");
    try (Stream<Path> files = Files.list(directory)) {
      assertThat(files.toList())
          .isNotEmpty()
          .allSatisfy(one -> assertThat(permissions(one)).isEqualTo("rw-------"));
    }
  }

  @Test
  void nothing_but_the_identity_and_its_lock_is_left_behind() throws IOException {
    opened();
    assertThat(directory.toFile().list()).containsExactlyInAnyOrder("node.pem", "lock");
  }

  @Test
  void two_identities_in_memory_are_two_nodes() {
    try (var one = NodeIdentity.ephemeral();
        var other = NodeIdentity.ephemeral()) {
      assertThat(one.id()).isNotEqualTo(other.id());
      assertThat(one.publicKey()).isNotEqualTo(other.publicKey());
    }
  }

  @Test
  void one_directory_is_one_node_at_a_time() throws IOException {
    try (var _ = NodeIdentity.open(directory)) {
      assertThatThrownBy(() -> NodeIdentity.open(directory))
          .isInstanceOf(IdentityInUseException.class)
          .hasMessageContaining(directory.toString());
    }
    opened();
  }

  @Test
  void a_key_that_others_may_read_is_refused_with_the_way_out() throws IOException {
    opened();
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"));
    assertThatThrownBy(() -> NodeIdentity.open(directory))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("chmod 600 " + file)
        .hasMessageContaining("rw-r-----");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    opened();
  }

  @Test
  void a_directory_that_others_may_write_is_refused_with_the_way_out() throws IOException {
    Files.createDirectories(directory);
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxrwx---"));
    assertThatThrownBy(() -> NodeIdentity.open(directory))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("chmod 700 " + directory);
  }

  @Test
  void a_file_that_is_something_else_is_named_and_kept() throws Exception {
    opened();
    String good = Files.readString(file);
    String other =
        StoredIdentity.of(KeyPairGenerator.getInstance("Ed25519").generateKeyPair()).pem();
    for (String bad :
        new String[] {
          "",
          "nothing",
          "\u00e9",
          "x".repeat(20_000),
          good.substring(0, good.length() / 2),
          good.replaceFirst("Penstock node", "node"),
          good.replaceFirst("[A-Za-z0-9+/]{8}\n-----END PRIVATE", "AAAAAAAA\n-----END PRIVATE"),
          good.substring(0, good.indexOf("-----BEGIN PUBLIC"))
              + other.substring(other.indexOf("-----BEGIN PUBLIC"))
        }) {
      Files.writeString(file, bad);
      assertThatThrownBy(() -> NodeIdentity.open(directory))
          .isInstanceOf(IOException.class)
          .hasMessageContaining(file.toString())
          .hasMessageContaining("remove it to become a new node");
      assertThat(Files.readString(file)).isEqualTo(bad);
    }
    Files.writeString(file, good);
    opened();
  }

  @Test
  void the_private_key_is_in_no_text() throws IOException {
    try (var identity = NodeIdentity.open(directory)) {
      assertThat(identity.toString()).contains(identity.id().toString());
      String secret = Files.readString(file).lines().skip(2).findFirst().orElseThrow();
      assertThat(identity.toString()).doesNotContain(secret);
    }
  }

  private String opened() throws IOException {
    try (var identity = NodeIdentity.open(directory)) {
      return identity.id() + " " + identity.publicKey();
    }
  }

  private static String permissions(Path path) {
    try {
      return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
