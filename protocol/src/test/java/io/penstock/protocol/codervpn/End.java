package io.penstock.protocol.codervpn;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.penstock.protocol.codervpn.message.ManagerMessage;
import io.penstock.protocol.codervpn.message.TunnelMessage;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/// One speaker in virtual time, with what it has said and told.
final class End<S extends Message, R extends Message> {

  static final long SECOND = 1_000_000_000L;

  final Speaker<S, R> speaker;
  final List<SpeakerEvent<R>> events = new ArrayList<>();

  /// Whatever time it starts, also just before the clock wraps.
  long now = Long.MAX_VALUE - SECOND;

  private static final List<End<?, ?>> MADE = new ArrayList<>();

  private End(Starter<S, R> starter) {
    speaker = starter.start(ByteBufAllocator.DEFAULT, now);
    MADE.add(this);
  }

  /// Closes the ends that a test has made, so that they hold no buffers.
  static final class CloseAll implements AfterEachCallback {
    @Override
    public void afterEach(ExtensionContext context) {
      MADE.forEach(end -> end.speaker.close(SpeakerEnd.Orderly.CLOSED_HERE));
      MADE.clear();
    }
  }

  private interface Starter<S extends Message, R extends Message> {
    Speaker<S, R> start(ByteBufAllocator allocator, long nowNanos);
  }

  static End<TunnelMessage, ManagerMessage> tunnel(SpeakerConfig config) {
    return new End<>((allocator, now) -> Speaker.tunnel(config, allocator, now));
  }

  static End<ManagerMessage, TunnelMessage> manager(SpeakerConfig config) {
    return new End<>((allocator, now) -> Speaker.manager(config, allocator, now));
  }

  /// A tunnel whose headers are exchanged, at the newest version.
  static End<TunnelMessage, ManagerMessage> openTunnel(SpeakerConfig config) {
    return tunnel(config).opened("codervpn manager 1.3\n");
  }

  static End<TunnelMessage, ManagerMessage> openTunnel() {
    return openTunnel(SpeakerConfig.tunnel().build());
  }

  /// A manager whose headers are exchanged, at the newest version.
  static End<ManagerMessage, TunnelMessage> openManager(SpeakerConfig config) {
    return manager(config).opened("codervpn tunnel 1.3\n");
  }

  static End<ManagerMessage, TunnelMessage> openManager() {
    return openManager(SpeakerConfig.manager().header(HeaderChoice.CURRENT).build());
  }

  private End<S, R> opened(String header) {
    receive(header);
    output();
    events.clear();
    return this;
  }

  // ---- input ----

  void receive(String text) {
    receive(latin(text));
  }

  void receive(byte[] bytes) {
    speaker.receive(Unpooled.wrappedBuffer(bytes), now);
    poll();
  }

  void receive(Message message) {
    receive(frame(message));
  }

  void inputEnded() {
    speaker.inputEnded(now);
    poll();
  }

  /// Lets time pass; what is due happens on the way.
  void advance(long nanos) {
    now += nanos;
    speaker.onDeadline(now);
    poll();
  }

  // ---- output ----

  /// All bytes that are to be sent.
  byte[] output() {
    var out = new ByteArrayOutputStream();
    for (ByteBuf next = speaker.transmit(now); next != null; next = speaker.transmit(now)) {
      byte[] bytes = new byte[next.readableBytes()];
      next.readBytes(bytes);
      out.writeBytes(bytes);
      next.release();
    }
    poll();
    return out.toByteArray();
  }

  String outputText() {
    return new String(output(), StandardCharsets.ISO_8859_1);
  }

  private void poll() {
    for (SpeakerEvent<R> event = speaker.pollEvent(); event != null; event = speaker.pollEvent()) {
      events.add(event);
    }
  }

  /// The events since the last call.
  List<SpeakerEvent<R>> takeEvents() {
    poll();
    List<SpeakerEvent<R>> taken = List.copyOf(events);
    events.clear();
    return taken;
  }

  /// Why it is over.
  SpeakerEnd end() {
    poll();
    if (!events.isEmpty() && events.getLast() instanceof SpeakerEvent.Closed<R>(SpeakerEnd end)) {
      return end;
    }
    throw new AssertionError("it is not over: " + events);
  }

  // ---- messages ----

  static byte[] latin(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  static byte[] frame(Message message) {
    byte[] body = message.toByteArray();
    return ByteBuffer.allocate(4 + body.length).putInt(body.length).put(body).array();
  }

  static byte[] concat(byte[]... parts) {
    var all = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      all.writeBytes(part);
    }
    return all.toByteArray();
  }

  /// Cuts frames into the messages of a tunnel.
  static List<TunnelMessage> tunnelMessages(byte[] frames) {
    return messages(frames, TunnelDialect.INSTANCE);
  }

  /// Cuts frames into the messages of a manager.
  static List<ManagerMessage> managerMessages(byte[] frames) {
    return messages(frames, ManagerDialect.INSTANCE);
  }

  private static <M extends Message> List<M> messages(byte[] frames, Dialect<M> dialect) {
    List<M> messages = new ArrayList<>();
    ByteBuffer in = ByteBuffer.wrap(frames);
    try {
      while (in.hasRemaining()) {
        byte[] body = new byte[in.getInt()];
        in.get(body);
        messages.add(dialect.parser().parseFrom(body));
      }
    } catch (InvalidProtocolBufferException e) {
      throw new AssertionError(e);
    }
    return messages;
  }
}
