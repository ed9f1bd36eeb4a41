package io.penstock.it.os;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.StringJoiner;
import java.util.concurrent.CopyOnWriteArrayList;

/// A name server of a test machine, to which every name has one IPv4 address and every address one
/// name, and which writes down what it is asked.
public final class NameServer implements AutoCloseable {

  private static final int PORT = 53;
  private static final int HEADER_BYTES = 12;
  private static final int A = 1;
  private static final int PTR = 12;

  private final DatagramSocket socket;
  private final byte[] address;
  private final byte[] name;
  private final List<String> asked = new CopyOnWriteArrayList<>();

  private NameServer(DatagramSocket socket, byte[] address, byte[] name) {
    this.socket = socket;
    this.address = address;
    this.name = name;
  }

  /// @param at an address of the machine
  /// @param name of two labels
  public static NameServer start(TestMachine machine, String at, String address, String name)
      throws Exception {
    DatagramSocket socket =
        machine
            .namespace()
            .call(() -> new DatagramSocket(new InetSocketAddress(InetAddress.ofLiteral(at), PORT)));
    NameServer server =
        new NameServer(socket, InetAddress.ofLiteral(address).getAddress(), labels(name));
    Thread.ofVirtual().start(server::answer);
    return server;
  }

  private static byte[] labels(String name) {
    ByteBuffer labels = ByteBuffer.allocate(name.length() + 2);
    for (String label : name.split("\\.", -1)) {
      labels.put((byte) label.length()).put(label.getBytes(US_ASCII));
    }
    return labels.array();
  }

  /// The names that were asked for, in order.
  public List<String> asked() {
    return asked;
  }

  private void answer() {
    byte[] buffer = new byte[512];
    while (!socket.isClosed()) {
      DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
      try {
        socket.receive(packet);
        byte[] answer = answer(ByteBuffer.wrap(buffer, 0, packet.getLength()));
        socket.send(new DatagramPacket(answer, answer.length, packet.getSocketAddress()));
      } catch (SocketException _) {
        return; // The test is over.
      } catch (IOException e) {
        asked.add(e.toString());
      }
    }
  }

  /// The query with one record about its name (RFC 1035, section 4.1), or with none.
  private byte[] answer(ByteBuffer query) {
    int end = HEADER_BYTES;
    StringJoiner text = new StringJoiner(".");
    for (; query.get(end) != 0; end += 1 + query.get(end)) {
      text.add(US_ASCII.decode(query.slice(end + 1, query.get(end))));
    }
    asked.add(text.toString());
    int type = query.getShort(end + 1);
    int questionEnd = end + 5;
    byte[] data = type == A ? address : type == PTR ? name : new byte[0];
    ByteBuffer answer = ByteBuffer.allocate(questionEnd + 12 + data.length);
    answer.put(query.slice(0, questionEnd));
    answer.putShort(2, (short) 0x8180);
    answer.putShort(6, (short) (data.length > 0 ? 1 : 0)).putShort(8, (short) 0);
    answer.putShort(10, (short) 0);
    if (data.length > 0) {
      answer.putShort((short) (0xc000 | HEADER_BYTES)).putShort((short) type).putShort((short) 1);
      answer.putInt(0).putShort((short) data.length).put(data);
    }
    return Arrays.copyOf(answer.array(), answer.position());
  }

  @Override
  public void close() {
    socket.close();
  }
}
