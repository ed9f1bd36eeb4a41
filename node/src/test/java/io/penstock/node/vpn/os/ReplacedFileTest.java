package io.penstock.node.vpn.os;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.api.IpPrefix;
import io.penstock.node.vpn.os.ReplacedFile.Restored;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A file that is replaced and restored, with the journal in between.
class ReplacedFileTest {

  private static final String OLD = "nameserver 192.0.2.1\nsearch example\n";

  @TempDir Path directory;

  private Path file;
  private UndoJournal journal;

  @BeforeEach
  void begin() throws IOException {
    file = directory.resolve("resolv.conf");
    journal = new UndoJournal(Files.createDirectory(directory.resolve("state")));
  }

  /// What a later process knows.
  private ReplacedFile afterRestart(ReplacedFile replaced) throws IOException {
    journal.write(List.of(new UndoEntry.File(replaced)));
    return ((UndoEntry.File) journal.read().getFirst()).file();
  }

  private ReplacedFile replace(String ours) throws IOException {
    ReplacedFile replaced = ReplacedFile.of(file, ours);
    replaced.apply();
    assertThat(file).hasContent(ours);
    return afterRestart(replaced);
  }

  @ParameterizedTest
  @ValueSource(strings = {"rw-r--r--", "rw-rw----", "r--------"})
  void a_file_comes_back_with_its_content_and_permissions(String permissions) throws IOException {
    Files.writeString(file, OLD);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(permissions));

    ReplacedFile replaced = replace("ours\n");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo(permissions);

    assertThat(replaced.restore()).isEqualTo(Restored.DONE);
    assertThat(file).hasContent(OLD);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo(permissions);
    assertThat(replaced.restore()).isEqualTo(Restored.ALREADY);
    assertThat(directory).isDirectoryNotContaining(path -> path.toString().endsWith(".penstock"));
  }

  @Test
  void a_link_comes_back_as_a_link_and_its_target_is_not_touched() throws IOException {
    Path target = Files.writeString(directory.resolve("target"), OLD);
    Files.createSymbolicLink(file, Path.of("target"));

    ReplacedFile replaced = replace("ours\n");
    assertThat(target).hasContent(OLD);
    assertThat(Files.isSymbolicLink(file)).isFalse();

    assertThat(replaced.restore()).isEqualTo(Restored.DONE);
    assertThat(Files.readSymbolicLink(file)).isEqualTo(Path.of("target"));
    assertThat(replaced.restore()).isEqualTo(Restored.ALREADY);
  }

  @Test
  void where_nothing_was_there_is_nothing_again() throws IOException {
    ReplacedFile replaced = replace("ours\n");
    assertThat(replaced.restore()).isEqualTo(Restored.DONE);
    assertThat(file).doesNotExist();
    assertThat(replaced.restore()).isEqualTo(Restored.ALREADY);
  }

  @Test
  void what_somebody_else_has_written_since_stays() throws IOException {
    Files.writeString(file, OLD);
    ReplacedFile replaced = replace("ours\n");
    Files.writeString(file, "theirs\n");
    assertThat(replaced.restore()).isEqualTo(Restored.NOT_OURS);
    assertThat(file).hasContent("theirs\n");

    Files.delete(file);
    assertThat(replaced.restore()).isEqualTo(Restored.NOT_OURS);
    Files.createSymbolicLink(file, Path.of("elsewhere"));
    assertThat(replaced.restore()).isEqualTo(Restored.NOT_OURS);
    assertThat(Files.readSymbolicLink(file)).isEqualTo(Path.of("elsewhere"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"short\n", "longer than what was there before, by some words more\n"})
  void what_a_process_left_that_was_killed_while_it_wrote_in_place_is_recognized(String ours)
      throws IOException {
    Files.writeString(file, OLD);
    ReplacedFile replaced = afterRestart(ReplacedFile.of(file, ours));
    String longer = ours.length() > OLD.length() ? ours : OLD;

    Files.writeString(file, ours + longer.substring(Math.min(ours.length(), longer.length())));
    assertThat(replaced.restore()).isEqualTo(Restored.DONE);
    assertThat(file).hasContent(OLD);

    Files.writeString(file, OLD + longer.substring(Math.min(OLD.length(), longer.length())));
    assertThat(replaced.restore()).isIn(Restored.DONE, Restored.ALREADY);
    assertThat(file).hasContent(OLD);
  }

  @ParameterizedTest
  @ValueSource(strings = {"short\n", "longer than what was there before, by some words more\n"})
  void what_a_full_disk_left_of_writing_in_place_is_recognized(String ours) throws IOException {
    for (int written = 0; written <= ours.length(); written++) {
      Files.writeString(file, OLD);
      ReplacedFile replaced = afterRestart(ReplacedFile.of(file, ours));
      Files.writeString(
          file, ours.substring(0, written) + OLD.substring(Math.min(written, OLD.length())));
      assertThat(replaced.restore()).isNotEqualTo(Restored.NOT_OURS);
      assertThat(file).hasContent(OLD);
    }
  }

  @Test
  void what_a_killed_process_left_beside_the_file_goes() throws IOException {
    Files.writeString(file, OLD);
    ReplacedFile replaced = afterRestart(ReplacedFile.of(file, "ours"));
    Files.writeString(directory.resolve("resolv.conf.penstock"), "half");
    assertThat(replaced.restore()).isEqualTo(Restored.ALREADY);
    assertThat(directory.resolve("resolv.conf.penstock")).doesNotExist();
  }

  @Test
  void a_journal_keeps_routes_and_says_when_it_cannot_be_read() throws IOException {
    List<UndoEntry> entries =
        List.of(
            new UndoEntry.Route(
                new UnderlayRoute(
                    IpPrefix.parse("10.86.9.0/24"), Optional.of("192.0.2.1"), "eth0")),
            new UndoEntry.Route(
                new UnderlayRoute(IpPrefix.parse("fd86::/64"), Optional.empty(), "wlan0")));
    journal.write(entries);
    assertThat(journal.read()).isEqualTo(entries);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(journal.path())))
        .isEqualTo("rw-------");

    Files.writeString(journal.path(), "{");
    assertThatThrownBy(journal::read)
        .isInstanceOf(IOException.class)
        .hasMessageContaining(journal.path().toString());
    Files.writeString(journal.path(), "{\"version\":2}");
    assertThatThrownBy(journal::read).hasMessageContaining("another version");

    journal.write(List.of());
    assertThat(journal.path()).doesNotExist();
    assertThat(journal.read()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"rw-rw----", "rw-r--r--", "rw-----w-"})
  void a_journal_that_others_may_read_or_write_is_not_believed(String permissions)
      throws IOException {
    journal.write(List.of(new UndoEntry.File(ReplacedFile.of(file, "ours"))));
    assertThat(journal.read()).hasSize(1);
    Files.setPosixFilePermissions(journal.path(), PosixFilePermissions.fromString(permissions));
    assertThatThrownBy(journal::read)
        .isInstanceOf(IOException.class)
        .hasMessageContaining("somebody else may have written it")
        .hasMessageContaining("chmod 600 " + journal.path());
  }

  @Test
  void a_link_is_no_journal() throws IOException {
    journal.write(List.of(new UndoEntry.File(ReplacedFile.of(file, "ours"))));
    Path elsewhere = directory.resolve("elsewhere.json");
    Files.move(journal.path(), elsewhere);
    Files.createSymbolicLink(journal.path(), elsewhere);
    assertThatThrownBy(journal::read).hasMessageContaining("somebody else may have written it");
  }

  @ParameterizedTest
  @ValueSource(strings = {"rwxrwx---", "rwx---rwx"})
  void a_directory_in_which_others_may_put_a_journal_is_refused(String permissions)
      throws IOException {
    Path state = journal.path().getParent();
    Files.setPosixFilePermissions(state, PosixFilePermissions.fromString(permissions));
    assertThatThrownBy(journal::read)
        .isInstanceOf(IOException.class)
        .hasMessageContaining("chmod 700 " + state);
  }
}
