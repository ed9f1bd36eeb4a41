package io.penstock.it.tunnel;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.penstock.api.tunnel.TunnelNames;
import io.penstock.transport.tls.ClientTls;
import io.penstock.transport.tls.Trust;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;

/// An agent of a socket and a few smux frames, which says what a test wants, as fast as it wants.
///
/// It answers every request with an empty 204. The frames are written here by hand, after
/// `docs/protocol/smux.md`, so that nothing of ours keeps it from misbehaving.
final class BareAgent implements AutoCloseable {

  private static final int SYN = 0;
  private static final int FIN = 1;
  private static final int PSH = 2;
  private static final int HEADER_BYTES = 8;
  private static final byte[] NO_CONTENT = "HTTP/1.1 204 No Content\r\n\r\n".getBytes(ISO_8859_1);

  private final SSLSocket socket;
  private final int version;
  private final OutputStream out;
  private final CompletableFuture<Integer> controlStream = new CompletableFuture<>();
  private final CompletableFuture<String> answer = new CompletableFuture<>();
  private final CompletableFuture<Long> ended = new CompletableFuture<>();

  private BareAgent(SSLSocket socket, int version) throws IOException {
    this.socket = socket;
    this.version = version;
    this.out = socket.getOutputStream();
    Thread.ofVirtual().start(this::readFrames);
  }

  /// Connects in our own dialect, as far as the end of the TLS handshake.
  static BareAgent connect(TestGateway gateway) throws IOException {
    return connect(gateway, 2, TunnelNames.ALPN_AGENT);
  }

  /// Connects in the original dialect.
  static BareAgent connectOriginal(TestGateway gateway) throws IOException {
    return connect(gateway, 1);
  }

  private static BareAgent connect(TestGateway gateway, int version, String... protocols)
      throws IOException {
    Socket plain = RawVisit.connect(gateway.tunnel());
    plain.setSoTimeout(0);
    SSLSocket tls =
        (SSLSocket)
            ClientTls.jdkContext(new Trust.CaFile(gateway.ca()))
                .getSocketFactory()
                .createSocket(plain, "localhost", plain.getPort(), true);
    SSLParameters parameters = tls.getSSLParameters();
    parameters.setApplicationProtocols(protocols);
    tls.setSSLParameters(parameters);
    tls.startHandshake();
    return new BareAgent(tls, version);
  }

  /// Connects and is admitted as a certain connection of a certain agent.
  static BareAgent admitted(TestGateway gateway, String route, UUID agent, int connection)
      throws Exception {
    BareAgent bare = connect(gateway);
    bare.write(bare.frame(PSH, bare.control(), greeting(gateway, route, agent, connection)));
    String said = bare.answer.get(30, TimeUnit.SECONDS);
    if (!said.contains("\"ok\":true")) {
      throw new IOException("the gateway answered " + said);
    }
    return bare;
  }

  static byte[] greeting(TestGateway gateway, String route, UUID agent, int connection) {
    return """
    {"token":"%s","domain":"%s","domains":["%s"],"agent":"%s","connection":%d}\
    """
        .formatted(gateway.secret(), route, route, agent, connection)
        .getBytes(ISO_8859_1);
  }

  /// A data frame on the control stream.
  byte[] controlFrame(byte[] data) throws Exception {
    return frame(PSH, control(), data);
  }

  void write(byte[] bytes) throws IOException {
    synchronized (out) {
      out.write(bytes);
      out.flush();
    }
  }

  /// Completes when the gateway has ended the connection, with the [System#nanoTime] of it.
  CompletableFuture<Long> ended() {
    return ended;
  }

  boolean isConnected() {
    return !ended.isDone();
  }

  private int control() throws Exception {
    return controlStream.get(30, TimeUnit.SECONDS);
  }

  private byte[] frame(int command, int stream, byte[] data) {
    return ByteBuffer.allocate(HEADER_BYTES + data.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .put((byte) version)
        .put((byte) command)
        .putShort((short) data.length)
        .putInt(stream)
        .put(data)
        .array();
  }

  private void readFrames() {
    try (var in = new DataInputStream(socket.getInputStream())) {
      byte[] header = new byte[HEADER_BYTES];
      while (true) {
        in.readFully(header);
        ByteBuffer fields = ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN);
        byte[] data = new byte[Short.toUnsignedInt(fields.getShort(2))];
        in.readFully(data);
        take(fields.get(1), fields.getInt(4), data);
      }
    } catch (IOException _) {
      ended.complete(System.nanoTime());
    }
  }

  private void take(int command, int stream, byte[] data) throws IOException {
    boolean isControl = controlStream.getNow(stream) == stream;
    if (command == SYN) {
      controlStream.complete(stream);
    } else if (command == PSH && isControl) {
      answer.complete(new String(data, ISO_8859_1));
    } else if (command == PSH) {
      write(frame(PSH, stream, NO_CONTENT));
    } else if (command == FIN && !isControl) {
      write(frame(FIN, stream, new byte[0]));
    }
  }

  @Override
  public void close() {
    try {
      socket.close();
    } catch (IOException _) {
      // It is gone already.
    }
  }
}
