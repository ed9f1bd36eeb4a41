package io.penstock.protocol.snaptun;

import io.netty.buffer.ByteBuf;
import io.penstock.protocol.Engine;
import io.penstock.protocol.Timers;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/// The server's end of one tunnel: it reads requests, one stream after another, decides what they
/// do, and says when the tunnel is over.
///
/// **Order.** The first request must renew the session and the second ask for an address; then any
/// may come. Requests are answered one at a time: the driver opens the next with [#requestOpened]
/// only when [#wantsRequest].
///
/// **Outside work.** Tokens and addresses are judged by others, who may take their time. Each such
/// action has a ticket; an answer that comes when its ticket is no longer wanted changes nothing.
///
/// **Time.** Session expiry and all limits run whatever a stream does. Times are nanoseconds of a
/// monotonic clock, and Unix milliseconds where a token's expiry is compared with today.
///
/// Deviates from the original: an expired session ends also while a request is stuck; a request
/// that does not come whole in time is dropped and the next is read; a peer that does not take its
/// answer is given up after the send timeout.
///
/// Not thread-safe, except [#states].
public final class ServerTunnel implements Engine {

  private enum Phase {
    IDLE,
    READING,
    VALIDATING,
    ALLOCATING,
    ANSWERING,
    ENDED
  }

  private enum Timer {
    /// When establishing has taken too long; armed until the tunnel is established.
    ACCEPT,
    /// When a request of an established tunnel has taken too long.
    REQUEST,
    /// When an answer was not taken.
    SEND,
    /// When the session ends.
    EXPIRY
  }

  /// What is tried for a peer that names nothing: any IPv4 address, then any IPv6 address.
  private static final List<AddressRange> ANY =
      List.of(AddressRange.ipv4(IsdAs.WILDCARD, 0), AddressRange.ipv6(IsdAs.WILDCARD, 0, 0));

  private final ServerTunnelConfig config;
  private final TunnelStates states = new TunnelStates();
  private final Timers<Timer> timers = new Timers<>(Timer.values());
  private final Queue<ServerAction> actions = new ArrayDeque<>(4);

  private Phase phase = Phase.IDLE;
  private long ticket;
  private @Nullable ControlRequestReader reader;
  private @Nullable ControlRequest request;
  private @Nullable TunnelEnd endAfterAnswer;

  /// Starts with the accept timeout running.
  public ServerTunnel(ServerTunnelConfig config, long nowNanos) {
    this.config = config;
    timers.arm(Timer.ACCEPT, nowNanos, config.acceptTimeoutNanos());
  }

  // Inputs: the current request's stream.

  /// Whether the next request may be opened.
  public boolean wantsRequest() {
    return phase == Phase.IDLE;
  }

  /// The peer opened the stream of the next request.
  public void requestOpened(long nowNanos) {
    if (phase != Phase.IDLE) {
      throw new IllegalStateException("a request while " + phase);
    }
    phase = Phase.READING;
    reader = new ControlRequestReader();
    if (!timers.isArmed(Timer.ACCEPT)) {
      timers.arm(Timer.REQUEST, nowNanos, config.requestTimeoutNanos());
    }
  }

  /// Takes bytes of the current request; the buffer is released.
  public void receive(ByteBuf in, long nowNanos) {
    if (phase == Phase.READING && reader != null) {
      read(reader.receive(in));
    } else {
      in.release();
    }
  }

  /// The current request's stream came to its FIN.
  public void requestFinished(long nowNanos) {
    if (phase == Phase.READING && reader != null) {
      read(reader.finish());
    }
  }

  /// The current request's stream broke before its FIN.
  public void requestFailed(long nowNanos) {
    if (phase == Phase.READING) {
      end(new TunnelEnd.FaultyRequest(RequestFault.READ_ERROR));
    }
  }

  // Inputs: outside work that was asked for.

  /// Takes the judgement on the token of [ServerAction.Validate] and says whether it was still
  /// wanted.
  public boolean validated(long ticket, TokenOutcome outcome, long nowNanos, long nowMillis) {
    if (phase != Phase.VALIDATING || ticket != this.ticket || request == null) {
      return false;
    }
    switch (outcome) {
      case TokenOutcome.Invalid invalid -> fail(invalid.status(), nowNanos);
      case TokenOutcome.Valid(long expiryMillis) ->
          perform(request, expiryMillis, nowNanos, nowMillis);
    }
    return true;
  }

  /// Takes what came of [ServerAction.Allocate] and says whether it was still wanted.
  ///
  /// @param granted the addresses, concrete, in the order in which they were wanted
  /// @param refused those not given
  public boolean allocated(
      long ticket, List<AddressRange> granted, List<Refusal> refused, long nowNanos) {
    if (phase != Phase.ALLOCATING
        || ticket != this.ticket
        || !(request
            instanceof ControlRequest.AddressAssignment(_, var wanted, boolean tellRefusals))) {
      return false;
    }
    // A peer that goes in nothing beyond the original gets exactly the original's bytes.
    List<Refusal> told = tellRefusals || wanted.size() > 1 ? refused : List.of();
    if (granted.isEmpty()) {
      answer(new ControlResponse.Failed(ControlResponse.Status.BAD_REQUEST, told), nowNanos);
    } else {
      states.assign(granted);
      actions.add(new ServerAction.Assigned(List.copyOf(granted)));
      answer(new ControlResponse.Assigned(granted, told), nowNanos);
    }
    return true;
  }

  /// The answer and its FIN were handed to QUIC.
  public void answerWritten(long nowNanos) {
    if (phase != Phase.ANSWERING) {
      return;
    }
    if (endAfterAnswer != null) {
      end(endAfterAnswer);
      return;
    }
    idle();
    if (timers.isArmed(Timer.ACCEPT) && states.current().state() instanceof TunnelState.Assigned) {
      timers.disarm(Timer.ACCEPT);
      actions.add(ServerAction.Simple.ESTABLISHED);
    }
  }

  /// The answer could not be sent.
  public void answerFailed(long nowNanos) {
    if (phase == Phase.ANSWERING) {
      end(endAfterAnswer != null ? endAfterAnswer : TunnelEnd.ServerEnd.SEND_FAILED);
    }
  }

  // Inputs: the connection.

  /// The connection ended from the other side, or broke.
  public void connectionEnded(TunnelEnd end) {
    end(end);
  }

  // Commands.

  /// Ends the tunnel and tells the peer so; does nothing if it has ended.
  public void close(long applicationCode, String reason) {
    end(new TunnelEnd.ClosedHere(applicationCode, reason));
  }

  // Time and output.

  @Override
  public long nextDeadlineNanos() {
    return timers.next();
  }

  @Override
  public void onDeadline(long nowNanos) {
    if (timers.fire(Timer.EXPIRY, nowNanos)) {
      end(TunnelEnd.ServerEnd.SESSION_EXPIRED);
    }
    if (timers.fire(Timer.SEND, nowNanos)) {
      end(endAfterAnswer != null ? endAfterAnswer : TunnelEnd.ServerEnd.SEND_TIMEOUT);
    }
    if (timers.fire(Timer.ACCEPT, nowNanos)) {
      end(TunnelEnd.ServerEnd.ACCEPT_TIMEOUT);
    }
    if (timers.fire(Timer.REQUEST, nowNanos)) {
      requestTimedOut(nowNanos);
    }
  }

  /// Returns what to do next, or null when nothing is left.
  public @Nullable ServerAction pollAction() {
    return actions.poll();
  }

  /// The state, to be looked at from any thread.
  public TunnelStates states() {
    return states;
  }

  private void read(ControlRequestReader.Outcome outcome) {
    switch (outcome) {
      case ControlRequestReader.Outcome.Incomplete _ -> {}
      case ControlRequestReader.Outcome.Faulty(RequestFault fault) ->
          end(new TunnelEnd.FaultyRequest(fault));
      case ControlRequestReader.Outcome.Whole(ControlRequest whole) -> {
        @Nullable RequestFault misplaced = misplaced(whole);
        if (misplaced != null) {
          end(new TunnelEnd.FaultyRequest(misplaced));
          return;
        }
        request = whole;
        reader = null;
        phase = Phase.VALIDATING;
        actions.add(
            new ServerAction.Validate(
                ++ticket, whole.token(), whole instanceof ControlRequest.SessionRenewal));
      }
    }
  }

  private @Nullable RequestFault misplaced(ControlRequest whole) {
    boolean renewal = whole instanceof ControlRequest.SessionRenewal;
    return switch (states.current().state()) {
      case TunnelState.Unassigned _ -> renewal ? null : RequestFault.RENEWAL_EXPECTED;
      case TunnelState.SessionEstablished _ -> renewal ? RequestFault.ASSIGNMENT_EXPECTED : null;
      case TunnelState.Assigned _, TunnelState.Closed _ -> null;
    };
  }

  private void perform(ControlRequest valid, long expiryMillis, long nowNanos, long nowMillis) {
    switch (valid) {
      case ControlRequest.SessionRenewal _ -> {
        states.renew(expiryMillis);
        timers.arm(Timer.EXPIRY, nowNanos, UnixTime.nanosUntil(expiryMillis, nowMillis));
        answer(new ControlResponse.Renewed(Math.floorDiv(expiryMillis, 1000)), nowNanos);
      }
      case ControlRequest.InvalidAssignment(_, int count, _) ->
          fail(
              count > config.maxAddresses()
                  ? ControlResponse.Status.NOT_IMPLEMENTED
                  : ControlResponse.Status.BAD_REQUEST,
              nowNanos);
      case ControlRequest.AddressAssignment(_, var wanted, _) -> {
        if (wanted.size() > config.maxAddresses()) {
          fail(ControlResponse.Status.NOT_IMPLEMENTED, nowNanos);
          return;
        }
        phase = Phase.ALLOCATING;
        actions.add(
            new ServerAction.Allocate(
                ++ticket, wanted.isEmpty() ? ANY : wanted, wanted.size() > 1));
      }
    }
  }

  private void fail(ControlResponse.Status status, long nowNanos) {
    answer(new ControlResponse.Failed(status), nowNanos);
  }

  private void answer(ControlResponse response, long nowNanos) {
    if (response.status() != ControlResponse.Status.OK && timers.isArmed(Timer.ACCEPT)) {
      endAfterAnswer =
          new TunnelEnd.Refused(
              request instanceof ControlRequest.SessionRenewal
                  ? TunnelEnd.Refused.During.RENEWAL
                  : TunnelEnd.Refused.During.ASSIGNMENT,
              response.status());
    }
    phase = Phase.ANSWERING;
    timers.disarm(Timer.REQUEST);
    timers.arm(Timer.SEND, nowNanos, config.sendTimeoutNanos());
    actions.add(new ServerAction.Answer(response));
  }

  private void requestTimedOut(long nowNanos) {
    switch (phase) {
      case READING -> {
        idle();
        actions.add(ServerAction.Simple.DROP_REQUEST);
      }
      case VALIDATING, ALLOCATING -> fail(ControlResponse.Status.INTERNAL_SERVER_ERROR, nowNanos);
      case IDLE, ANSWERING, ENDED -> throw new AssertionError(phase);
    }
  }

  private void idle() {
    phase = Phase.IDLE;
    reader = null;
    request = null;
    timers.disarm(Timer.REQUEST);
    timers.disarm(Timer.SEND);
  }

  private void end(TunnelEnd end) {
    if (states.close(end)) {
      idle();
      phase = Phase.ENDED;
      timers.disarmAll();
      actions.add(new ServerAction.Close(end));
    }
  }
}
