package io.penstock.node.up;

import io.penstock.protocol.PeerText;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A tunnel program that runs, whose standard streams are ours.
///
/// What it writes to standard error is read all the time, and the last lines are kept, as they say
/// best why it has ended. Any thread may call this.
final class TunnelProcess implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(TunnelProcess.class);

  /// The end of a stack trace, or what a Java machine says when it has no memory.
  private static final int MAX_LINES = 20;

  private static final int MAX_LINE_CHARS = 300;

  /// A process that a signal ended has that and the signal's number as its status.
  private static final int SIGNAL = 128;

  private static final int KILLED = SIGNAL + 9;

  /// After its end, for what is still in the pipe.
  private static final Duration WORDS_LIMIT = Duration.ofSeconds(1);

  private static final Duration KILL_LIMIT = Duration.ofSeconds(2);

  private final Process process;
  private final Duration endLimit;
  private final Thread reader;

  // Guarded by itself.
  private final Deque<String> lastLines = new ArrayDeque<>();

  private TunnelProcess(Process process, Duration endLimit) {
    this.process = process;
    this.endLimit = endLimit;
    reader = Thread.ofVirtual().name("tunnel-stderr").start(this::readErrors);
  }

  /// Starts one.
  ///
  /// @param endLimit within which it must end by itself in [#close]
  static TunnelProcess start(List<String> command, Duration endLimit) throws IOException {
    try {
      ProcessBuilder builder = new ProcessBuilder(command);
      // It gets its token over the stream.
      builder.environment().remove("PENSTOCK_TOKEN");
      return new TunnelProcess(builder.start(), endLimit);
    } catch (IOException e) {
      throw new IOException("the tunnel process cannot be started: " + e.getMessage(), e);
    }
  }

  private void readErrors() {
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(process.getErrorStream(), StandardCharsets.UTF_8))) {
      StringBuilder line = new StringBuilder();
      for (int c = lines.read(); c >= 0; c = lines.read()) {
        if (c == '\n') {
          keep(line.toString());
          line.setLength(0);
        } else if (line.length() < MAX_LINE_CHARS) {
          line.append((char) c);
        }
      }
      keep(line.toString());
    } catch (IOException _) {
      // It is gone.
    }
  }

  private void keep(String line) {
    if (line.isBlank()) {
      return;
    }
    synchronized (lastLines) {
      lastLines.add(PeerText.printable(line, MAX_LINE_CHARS));
      if (lastLines.size() > MAX_LINES) {
        lastLines.remove();
      }
    }
  }

  InputStream in() {
    return process.getInputStream();
  }

  OutputStream out() {
    return process.getOutputStream();
  }

  long pid() {
    return process.pid();
  }

  /// Why it has ended, if it has, or does within the limit; empty when it still runs.
  String whyEnded(Duration limit) throws InterruptedException {
    if (!process.waitFor(limit)) {
      return "";
    }
    reader.join(WORDS_LIMIT);
    String words;
    synchronized (lastLines) {
      words = String.join("\n  ", lastLines);
    }
    int status = process.exitValue();
    if (status == KILLED) {
      return "the tunnel process was killed";
    }
    String how =
        status > SIGNAL
            ? "was ended by signal " + (status - SIGNAL)
            : "has ended with status " + status;
    return "the tunnel process " + how + (words.isEmpty() ? "" : ", and said:\n  " + words);
  }

  /// Waits until it has ended by itself, and kills it when it does not.
  @Override
  public void close() {
    try {
      if (!process.waitFor(endLimit)) {
        LOG.warn("the tunnel process does not end and is killed pid={}", pid());
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    } finally {
      kill();
    }
  }

  private void kill() {
    if (!process.isAlive()) {
      return;
    }
    try {
      if (!process.destroyForcibly().waitFor(KILL_LIMIT)) {
        LOG.warn("the tunnel process cannot be killed pid={}", pid());
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}
