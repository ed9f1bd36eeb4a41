package io.penstock.node.vpn.dns;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.UnaryOperator;

/// A name server on a loopback address, over UDP and TCP, with one function for both.
final class TestNameServer implements AutoCloseable {

  private final DatagramSocket udp;
  private final ServerSocket tcp;
  private final UnaryOperator<byte[]> answer;
  private final List<String> asked = new CopyOnWriteArrayList<>();

  /// @param answer from the bytes of a query; empty ones are not sent
  TestNameServer(UnaryOperator<byte[]> answer) throws IOException {
    this.answer = answer;
    tcp = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    udp = new DatagramSocket(tcp.getLocalPort(), InetAddress.getLoopbackAddress());
    Thread.ofVirtual().start(this::datagrams);
    Thread.ofVirtual().start(this::connections);
  }

  InetSocketAddress address() {
    return (InetSocketAddress) tcp.getLocalSocketAddress();
  }

  /// The carrier and name of each query so far.
  List<String> asked() {
    return asked;
  }

  private Optional<byte[]> answer(String carrier, byte[] query) {
    asked.add(carrier + " " + nameOf(query));
    byte[] answered = answer.apply(query.clone());
    return answered.length == 0 ? Optional.empty() : Optional.of(answered);
  }

  private void datagrams() {
    byte[] buffer = new byte[65_535];
    while (!udp.isClosed()) {
      try {
        DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
        udp.receive(packet);
        byte[] query = Arrays.copyOf(buffer, packet.getLength());
        Optional<byte[]> answered = answer("UDP", query);
        if (answered.isPresent()) {
          udp.send(
              new DatagramPacket(answered.get(), answered.get().length, packet.getSocketAddress()));
        }
      } catch (IOException _) {
        // The test is over.
      }
    }
  }

  private void connections() {
    while (!tcp.isClosed()) {
      try {
        Socket client = tcp.accept();
        Thread.ofVirtual().start(() -> connection(client));
      } catch (IOException _) {
        // The test is over.
      }
    }
  }

  private void connection(Socket client) {
    try (client) {
      DataInputStream in = new DataInputStream(client.getInputStream());
      DataOutputStream out = new DataOutputStream(client.getOutputStream());
      while (true) {
        Optional<byte[]> answered = answer("TCP", in.readNBytes(in.readUnsignedShort()));
        if (answered.isPresent()) {
          out.writeShort(answered.get().length);
          out.write(answered.get());
          out.flush();
        }
      }
    } catch (IOException _) {
      // The client has gone.
    }
  }

  @Override
  public void close() {
    try {
      udp.close();
      tcp.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// A query for A records of a name with an id; one letter may be upper case.
  static byte[] query(int id, String name) {
    ByteBuffer out = ByteBuffer.allocate(512);
    out.putShort((short) id).putShort((short) 0x0100).putShort((short) 1);
    out.putShort((short) 0).putShort((short) 0).putShort((short) 0);
    for (String label : name.split("\\.", -1)) {
      byte[] bytes = label.getBytes(ISO_8859_1);
      out.put((byte) bytes.length).put(bytes);
    }
    out.put((byte) 0).putShort((short) 1).putShort((short) 1);
    return Arrays.copyOf(out.array(), out.position());
  }

  /// The query as a response with bytes behind the question.
  static byte[] response(byte[] query, byte[] records) {
    ByteBuffer out = ByteBuffer.allocate(query.length + records.length);
    out.put(query).put(records);
    out.putShort(2, (short) 0x8180);
    out.putShort(6, (short) 1);
    return out.array();
  }

  private static String nameOf(byte[] query) {
    StringBuilder name = new StringBuilder();
    for (int at = 12; query[at] != 0; at += 1 + query[at]) {
      name.append(name.isEmpty() ? "" : ".");
      name.append(new String(query, at + 1, query[at], ISO_8859_1));
    }
    return name.toString();
  }
}
