package io.penstock.protocol.snaptun;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.util.ArrayList;
import java.util.List;

/// A server's end under virtual time; tests call its inputs and compare its actions.
final class ServerFixture {

  static final long SECOND = 1_000_000_000L;
  static final long START_MILLIS = 1_700_000_000_000L;
  static final long HOUR_MILLIS = 3_600_000;

  private static final long START_NANOS = Long.MAX_VALUE - SECOND / 2; // wraps within most tests

  final ServerTunnel tunnel;
  final List<ServerAction> actions = new ArrayList<>();
  long now = START_NANOS;

  ServerFixture(ServerTunnelConfig config) {
    tunnel = new ServerTunnel(config, now);
  }

  ServerFixture() {
    this(ServerTunnelConfig.builder().build());
  }

  /// One whose tunnel is established and assigned [Texts#V4].
  static ServerFixture established() {
    return established(ServerTunnelConfig.builder().build());
  }

  static ServerFixture established(ServerTunnelConfig config) {
    var server = new ServerFixture(config);
    server.renewFor(HOUR_MILLIS);
    server.assign(Texts.V4);
    server.actions.clear();
    return server;
  }

  /// A renewal from its request to its answer, with a token that is valid from now for so long.
  void renewFor(long millis) {
    request(Texts.RENEW + Texts.TOKEN);
    tunnel.validated(ticket(), new TokenOutcome.Valid(millisNow() + millis), now, millisNow());
    drain();
    tunnel.answerWritten(now);
    drain();
  }

  /// An assignment of an address that is granted, from its request to its answer.
  void assign(AddressRange address) {
    requestAssignment(address);
    validate();
    tunnel.allocated(ticket(), List.of(address), List.of(), now);
    drain();
    tunnel.answerWritten(now);
    drain();
  }

  void requestAssignment(AddressRange... wanted) {
    request(Texts.bytes(Texts.ASSIGN + Texts.TOKEN, Messages.assignRequest(List.of(wanted))));
  }

  void request(String text) {
    request(Texts.bytes(text));
  }

  void request(ByteBuf bytes) {
    tunnel.requestOpened(now);
    tunnel.receive(bytes, now);
    tunnel.requestFinished(now);
    drain();
  }

  void validate() {
    validate(new TokenOutcome.Valid(millisNow() + HOUR_MILLIS));
  }

  void validate(TokenOutcome outcome) {
    tunnel.validated(ticket(), outcome, now, millisNow());
    drain();
  }

  void advance(long nanos) {
    now += nanos;
    tunnel.onDeadline(now);
    drain();
  }

  void drain() {
    for (ServerAction action = tunnel.pollAction(); action != null; action = tunnel.pollAction()) {
      actions.add(action);
    }
  }

  ServerAction last() {
    return actions.getLast();
  }

  /// The status of the last answer.
  int status() {
    return actions.stream()
        .filter(action -> action instanceof ServerAction.Answer)
        .map(action -> ((ServerAction.Answer) action).response().status().code())
        .reduce((_, second) -> second)
        .orElseThrow();
  }

  TunnelEnd end() {
    return ((ServerAction.Close) last()).end();
  }

  long ticket() {
    return switch (last()) {
      case ServerAction.Validate validate -> validate.ticket();
      case ServerAction.Allocate allocate -> allocate.ticket();
      default -> throw new AssertionError(actions);
    };
  }

  long millisNow() {
    return START_MILLIS + (now - START_NANOS) / 1_000_000;
  }

  static ByteBuf encode(ControlResponse response) {
    ByteBuf buffer = response.encode(UnpooledByteBufAllocator.DEFAULT);
    ByteBuf copy = Unpooled.copiedBuffer(buffer);
    buffer.release();
    return copy;
  }
}
