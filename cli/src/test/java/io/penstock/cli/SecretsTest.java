package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIOException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SecretsTest {

  @TempDir private Path directory;

  private CommandRun command;

  @BeforeEach
  void prepare() {
    command = new CommandRun(directory);
  }

  @Test
  void aFileMayEndInALineBreak() throws IOException {
    Path file = Files.writeString(directory.resolve("token"), "s3cret\n");
    assertThat(new Secrets(command.console()).fromFile(file)).isEqualTo("s3cret");
  }

  @Test
  void aDashMeansStandardInput() throws IOException {
    command.input("s3cret\n");
    assertThat(new Secrets(command.console()).fromFile(Path.of("-"))).isEqualTo("s3cret");
  }

  @Test
  void aFlagWorksButWarnsWithoutRepeatingTheSecret() {
    Secrets secrets = new Secrets(command.console());
    assertThat(secrets.fromFlag("s3cret", "--token", "--token-file")).isEqualTo("s3cret");
    assertThat(command.err()).contains("warning", "--token-file").doesNotContain("s3cret");
  }

  @Test
  void anEmptyVariableIsNoToken() {
    command.variable("T", "");
    assertThat(new Secrets(command.console()).fromVariable("T")).isEmpty();
  }

  @Test
  void whatIsNoTokenIsRefusedWithoutRepeatingIt() throws IOException {
    Path file = Files.writeString(directory.resolve("token"), "two words");
    assertThatExceptionOfType(Failure.class)
        .isThrownBy(() -> new Secrets(command.console()).fromFile(file))
        .withMessageContaining(file.toString())
        .withMessageNotContaining("two words");
  }

  @Test
  void aHugeFileIsNotReadToItsEnd() throws IOException {
    Path file = Files.write(directory.resolve("token"), new byte[1 << 20]);
    assertThatIOException()
        .isThrownBy(() -> new Secrets(command.console()).fromFile(file))
        .withMessageContaining("too large");
  }
}
