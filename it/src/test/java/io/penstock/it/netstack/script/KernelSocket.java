package io.penstock.it.netstack.script;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.unix.Socket;
import io.penstock.testkit.script.ScriptBytes;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/// One connection of the kernel, and what a script may tell it or ask of it.
///
/// The socket never waits. Error numbers are those of Linux on all processors but MIPS and SPARC.
final class KernelSocket implements AutoCloseable {

  private static final int NO_ERROR = 0;
  private static final int ENETUNREACH = 101;
  private static final int ECONNRESET = 104;
  private static final int ETIMEDOUT = 110;
  private static final int ECONNREFUSED = 111;
  private static final int EHOSTUNREACH = 113;
  private static final int EPIPE = 32;

  private final Socket socket;
  private final int peerPort;
  private final ByteBuffer leftOver = ByteBuffer.allocateDirect(1 << 16).limit(0);
  private long written;
  private long read;
  private long toldBytes;
  private final Set<String> told = new TreeSet<>();
  private boolean open = true;
  private int error;

  KernelSocket(Socket socket, int peerPort) {
    this.socket = socket;
    this.peerPort = peerPort;
  }

  static KernelSocket connect(Socket socket, InetSocketAddress to) throws IOException {
    socket.connect(to);
    return new KernelSocket(socket, to.getPort());
  }

  // ---- calls ----

  void write(int bytes) throws IOException {
    ByteBuffer data = ByteBuffer.allocateDirect(bytes).put(ScriptBytes.of(written, bytes)).flip();
    assertThat(socket.write(data, 0, bytes)).as("bytes written").isEqualTo(bytes);
    written += bytes;
  }

  void read(int bytes) throws IOException {
    ByteBuffer data = ByteBuffer.allocateDirect(bytes);
    while (data.hasRemaining() && leftOver.hasRemaining()) {
      data.put(leftOver.get());
    }
    if (data.hasRemaining()) {
      int got = socket.read(data, data.position(), data.limit());
      assertThat(got).as("bytes read").isEqualTo(data.remaining());
    }
    byte[] actual = new byte[bytes];
    data.rewind().get(actual);
    assertThat(actual).isEqualTo(ScriptBytes.of(read, bytes));
    read += bytes;
  }

  void finish() throws IOException {
    socket.shutdown(false, true);
  }

  void abort() throws IOException {
    socket.setSoLinger(0);
    close();
  }

  @Override
  public void close() throws IOException {
    if (open) {
      open = false;
      socket.close();
    }
  }

  void setNoDelay(boolean on) throws IOException {
    socket.setTcpNoDelay(on);
  }

  void setKeepAlive(int idleSeconds) throws IOException {
    TcpOption.KEEP_IDLE.set(socket, idleSeconds);
    socket.setKeepAlive(true);
  }

  void setUserTimeout(int millis) throws IOException {
    TcpOption.USER_TIMEOUT.set(socket, millis);
  }

  // ---- questions ----

  TcpInfo info() throws IOException {
    return TcpInfo.of(socket);
  }

  String state() throws IOException {
    return KernelTable.toPort(peerPort).map(KernelTable.Row::state).orElse("CLOSED");
  }

  /// The error of the socket, which the kernel tells once.
  private int error() throws IOException {
    if (open && error == NO_ERROR) {
      error = socket.getSoError();
    }
    return error;
  }

  /// Whether the connection ended for this reason, as far as the kernel tells a program.
  void assertClosed(String reason) throws IOException {
    String state = state();
    if (!open) {
      // Nobody is told any more; what remains is whether it is gone.
      assertThat(state).isIn("CLOSED", "TIME_WAIT");
      return;
    }
    List<Integer> errors =
        switch (reason) {
          case "finished" -> List.of(NO_ERROR);
          case "reset" -> List.of(ECONNRESET, EPIPE);
          case "refused" -> List.of(ECONNREFUSED);
          case "unreachable" -> List.of(ECONNREFUSED, EHOSTUNREACH, ENETUNREACH);
          case "connect_timeout", "user_timeout", "keep_alive_timeout" -> List.of(ETIMEDOUT);
          default -> throw new IllegalArgumentException("no reason " + reason);
        };
    assertThat(state).isIn("CLOSED", "TIME_WAIT");
    assertThat(error()).as("error").isIn(errors);
  }

  void assertOpen() throws IOException {
    assertThat(error()).as("error").isZero();
    assertThat(state()).isNotIn("CLOSED", "TIME_WAIT");
  }

  int unreadBytes() throws IOException {
    var row = KernelTable.toPort(peerPort);
    if (row.isPresent() && !row.get().state().equals("TIME_WAIT")) {
      return row.get().unreadBytes() - (isFinished(row.get().state()) ? 1 : 0);
    }
    drain();
    return leftOver.remaining();
  }

  private static boolean isFinished(String state) {
    return Set.of("CLOSE_WAIT", "LAST_ACK", "CLOSING", "TIME_WAIT").contains(state);
  }

  /// Takes what is left of a connection that is over: nothing else tells how much it is.
  private void drain() throws IOException {
    error();
    leftOver.compact();
    int got = 1;
    while (got > 0 && leftOver.hasRemaining()) {
      got = socket.read(leftOver, leftOver.position(), leftOver.limit());
      leftOver.position(leftOver.position() + Math.max(0, got));
    }
    leftOver.flip();
  }

  /// What is new, by the words of scripts.
  Set<String> takeNews() throws IOException {
    Set<String> news = new TreeSet<>();
    String state = state();
    boolean over = state.equals("CLOSED") || state.equals("TIME_WAIT");
    if (!over && !state.startsWith("SYN")) {
      addOnce(news, "connected");
    }
    int unread = unreadBytes();
    if (read + unread > toldBytes) {
      news.add("readable");
      toldBytes = read + unread;
    }
    if (isFinished(state)) {
      addOnce(news, "finished");
    }
    if (over) {
      addOnce(news, "closed");
    }
    if (news.isEmpty()) {
      news.add("nothing");
    }
    return news;
  }

  private void addOnce(Set<String> news, String word) {
    if (told.add(word)) {
      news.add(word);
    }
  }
}
