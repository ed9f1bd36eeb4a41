package io.penstock.protocol.snaptun;

import io.netty.buffer.ByteBuf;
import io.penstock.protocol.CloseReason;
import io.penstock.protocol.Deadlines;
import io.penstock.protocol.Engine;
import io.penstock.protocol.Timers;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/// The client's end of one tunnel: it establishes the session and asks for addresses, renews the
/// session before it ends, and keeps an idle connection alive.
///
/// Requests go out one at a time, each on a stream of its own. Everything that wants one is a
/// [Work] in a short queue: establishing, automatic renewals and the owner's commands. A token is
/// fetched from outside for a renewal; once the server has taken it, it is kept for everything that
/// needs one.
///
/// ```
///            ┌── needs a token ──► FETCHING_TOKEN ──┐
/// IDLE ──work┤                                      ├─► EXCHANGING ──answer, failure──► IDLE
///   ▲        └── has one ───────────────────────────┤        ▲
///   │                                               └► READY ┘ a keep-alive was answered
///   └── any ──close──► ENDED
/// ```
///
/// Keep-alives stand in no queue: a supplier may look for a token for as long as the connection may
/// be idle, and the tunnel is kept alive with the present token meanwhile.
///
/// **Time.** Nanoseconds of a monotonic clock, and Unix milliseconds where the server's expiry is
/// compared with today.
///
/// Deviates from the original: the status of a response counts; a renewed token is kept; the tunnel
/// is kept alive here, by presenting the current token again, as Netty's QUIC has no keep-alive.
///
/// Not thread-safe, except [#states].
public final class ClientTunnel implements Engine {

  private static final int MAX_WAITING = 16;

  /// How far the work in hand is.
  private enum Phase {
    /// There is none.
    IDLE,
    /// It waits for its token.
    FETCHING_TOKEN,
    /// It waits until a keep-alive has its answer.
    READY,
    /// Its request is out.
    EXCHANGING,
    ENDED
  }

  private enum Timer {
    /// When establishing has taken too long; armed until the tunnel is established.
    CONNECT,
    /// When the token supplier has taken too long.
    TOKEN,
    /// When a response has taken too long.
    RESPONSE,
    /// When the session is to be renewed.
    RENEW,
    /// When to look whether the connection has been quiet for too long.
    KEEP_ALIVE
  }

  private enum Kind {
    FIRST_RENEWAL,
    FIRST_ASSIGNMENT,
    AUTO_RENEWAL,
    RENEWAL,
    ASSIGNMENT
  }

  private record Work(Kind kind, long ticket, List<AddressRange> wanted) {}

  private final ClientTunnelConfig config;
  private final TunnelStates states = new TunnelStates();
  private final Timers<Timer> timers = new Timers<>(Timer.values());
  private final RenewalSchedule schedule;
  private final KeepAlive keepAlive;
  private final Queue<ClientAction> actions = new ArrayDeque<>(4);
  private final Queue<Work> waiting = new ArrayDeque<>(4);

  private Phase phase = Phase.IDLE;
  private Work work;

  /// Reads the response to the request that is out, of the work in hand or of a keep-alive.
  private @Nullable ControlResponseReader reader;

  private String token = "";
  private String fetchedToken = "";
  private long tokenTicket;
  private long commandTicket;
  private long expiryNanos;
  private long packets;

  /// Starts to establish the tunnel.
  ///
  /// @param wanted none for any address
  public ClientTunnel(ClientTunnelConfig config, List<AddressRange> wanted, long nowNanos) {
    requireWanted(wanted);
    this.config = config;
    this.schedule = new RenewalSchedule(config.renewalThresholdNanos());
    this.keepAlive = new KeepAlive(config.keepAliveNanos());
    this.work = new Work(Kind.FIRST_RENEWAL, 0, List.copyOf(wanted));
    timers.arm(Timer.CONNECT, nowNanos, config.connectTimeoutNanos());
    fetchToken(nowNanos);
  }

  // Inputs: the token that was asked for.

  /// Takes the token of [ClientAction.FetchToken].
  public void tokenFetched(long ticket, String token, long nowNanos) {
    if (phase != Phase.FETCHING_TOKEN || ticket != tokenTicket) {
      return;
    }
    if (!ControlRequest.isSendable(token)) {
      failed(new ConnectFault.NoToken("it cannot be sent"), nowNanos);
      return;
    }
    timers.disarm(Timer.TOKEN);
    fetchedToken = token;
    begin(nowNanos);
  }

  /// There is no token.
  ///
  /// @param detail what the supplier said
  public void tokenFailed(long ticket, String detail, long nowNanos) {
    if (phase == Phase.FETCHING_TOKEN && ticket == tokenTicket) {
      failed(new ConnectFault.NoToken(detail), nowNanos);
    }
  }

  // Inputs: the current request's stream.

  /// Takes bytes of the response; the buffer is released.
  public void receive(ByteBuf in, long nowNanos) {
    if (reader == null) {
      in.release();
    } else if (reader.receive(in) instanceof ControlResponseReader.Outcome.Faulty(var fault)) {
      actions.add(ClientAction.DropRequest.DROP_REQUEST);
      unanswered(fault, nowNanos);
    }
  }

  /// The response came to its FIN.
  public void responseFinished(long nowNanos, long nowMillis) {
    if (reader == null) {
      return;
    }
    switch (reader.finish()) {
      case ControlResponseReader.Outcome.Faulty(ResponseFault fault) -> unanswered(fault, nowNanos);
      case ControlResponseReader.Outcome.Whole(ControlResponse response) ->
          answered(response, nowNanos, nowMillis);
      case ControlResponseReader.Outcome.Incomplete _ -> throw new AssertionError();
    }
  }

  /// The stream broke, or could not be opened.
  public void requestFailed(String detail, long nowNanos) {
    if (reader != null) {
      unanswered(new ResponseFault.StreamFailed(detail), nowNanos);
    }
  }

  // Inputs: the connection.

  /// The connection ended from the other side, or broke.
  public void connectionEnded(TunnelEnd end) {
    end(end);
  }

  /// Tells how many packets have travelled so far, both ways; to be told before [#onDeadline].
  public void noteTraffic(long packets) {
    this.packets = packets;
  }

  // Commands.

  /// Fetches a token and renews the session with it.
  ///
  /// @return the ticket of [ClientAction.Done] or [ClientAction.Failed]
  public long renew(long nowNanos) {
    return command(Kind.RENEWAL, List.of(), nowNanos);
  }

  /// Asks for other addresses.
  ///
  /// @param wanted none for any address
  /// @return the ticket of [ClientAction.Done] or [ClientAction.Failed]
  public long assign(List<AddressRange> wanted, long nowNanos) {
    requireWanted(wanted);
    return command(Kind.ASSIGNMENT, wanted, nowNanos);
  }

  /// Ends the tunnel; does nothing if it has ended.
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
    if (timers.fire(Timer.CONNECT, nowNanos)) {
      end(new TunnelEnd.ConnectFailed(ConnectFault.Timeout.TIMEOUT));
    }
    if (timers.fire(Timer.TOKEN, nowNanos)) {
      failed(new ConnectFault.NoToken("the supplier did not answer in time"), nowNanos);
    }
    if (timers.fire(Timer.RESPONSE, nowNanos)) {
      actions.add(ClientAction.DropRequest.DROP_REQUEST);
      unanswered(ResponseFault.NoResponse.NO_RESPONSE, nowNanos);
    }
    if (timers.fire(Timer.RENEW, nowNanos)) {
      renewalDue(nowNanos);
    }
    if (timers.fire(Timer.KEEP_ALIVE, nowNanos)) {
      keepAliveDue(nowNanos);
    }
  }

  /// Returns what to do next, or null when nothing is left.
  public @Nullable ClientAction pollAction() {
    return actions.poll();
  }

  /// The state, to be looked at from any thread.
  public TunnelStates states() {
    return states;
  }

  private long command(Kind kind, List<AddressRange> wanted, long nowNanos) {
    if (!(states.current().state() instanceof TunnelState.Assigned)) {
      throw new IllegalStateException("the tunnel is not established");
    }
    if (waiting.size() >= MAX_WAITING) {
      throw new IllegalStateException(MAX_WAITING + " commands are waiting");
    }
    long ticket = ++commandTicket;
    waiting.add(new Work(kind, ticket, List.copyOf(wanted)));
    next(nowNanos);
    return ticket;
  }

  private void renewalDue(long nowNanos) {
    if (Deadlines.isDue(expiryNanos, nowNanos)) {
      actions.add(new ClientAction.RenewalEnded(RenewalEnd.SESSION_EXPIRED));
    } else {
      waiting.add(new Work(Kind.AUTO_RENEWAL, 0, List.of()));
      next(nowNanos);
    }
  }

  private void keepAliveDue(long nowNanos) {
    if (keepAlive.isDue(packets, nowNanos) && reader == null) {
      keepAlive.moved(nowNanos);
      send(new ControlRequest.SessionRenewal(token), nowNanos);
    }
    timers.arm(Timer.KEEP_ALIVE, nowNanos, keepAlive.delayNanos(nowNanos));
  }

  private void next(long nowNanos) {
    if (phase != Phase.IDLE) {
      return;
    }
    Work first = waiting.poll();
    if (first == null) {
      return;
    }
    work = first;
    switch (work.kind) {
      case FIRST_RENEWAL, AUTO_RENEWAL, RENEWAL -> fetchToken(nowNanos);
      case FIRST_ASSIGNMENT, ASSIGNMENT -> begin(nowNanos);
    }
  }

  private void fetchToken(long nowNanos) {
    phase = Phase.FETCHING_TOKEN;
    timers.arm(Timer.TOKEN, nowNanos, config.tokenTimeoutNanos());
    actions.add(new ClientAction.FetchToken(++tokenTicket));
  }

  /// Sends the request of the work in hand, unless one of a keep-alive is out.
  private void begin(long nowNanos) {
    if (reader != null) {
      phase = Phase.READY;
      return;
    }
    phase = Phase.EXCHANGING;
    send(
        switch (work.kind) {
          case FIRST_RENEWAL, AUTO_RENEWAL, RENEWAL ->
              new ControlRequest.SessionRenewal(fetchedToken);
          case FIRST_ASSIGNMENT, ASSIGNMENT ->
              new ControlRequest.AddressAssignment(token, work.wanted, true);
        },
        nowNanos);
  }

  private void send(ControlRequest request, long nowNanos) {
    reader =
        new ControlResponseReader(
            request instanceof ControlRequest.SessionRenewal
                ? ControlResponseReader.Expected.RENEWED
                : ControlResponseReader.Expected.ASSIGNED);
    timers.arm(Timer.RESPONSE, nowNanos, config.responseTimeoutNanos());
    actions.add(new ClientAction.Send(request));
  }

  private void answered(ControlResponse response, long nowNanos, long nowMillis) {
    requestOver();
    keepAlive.moved(nowNanos);
    switch (response) {
      case ControlResponse.Renewed(long seconds) -> {
        long expiryMillis = UnixTime.millis(seconds);
        states.renew(expiryMillis);
        expiryNanos = Deadlines.after(nowNanos, UnixTime.nanosUntil(expiryMillis, nowMillis));
      }
      case ControlResponse.Assigned(var addresses, var refused) -> {
        states.assign(addresses);
        actions.add(new ClientAction.Assigned(addresses, refused));
      }
      case ControlResponse.Failed _ -> throw new AssertionError();
    }
    if (phase == Phase.EXCHANGING) {
      done(nowNanos);
    }
    goOn(nowNanos);
  }

  /// The work in hand is done.
  private void done(long nowNanos) {
    phase = Phase.IDLE;
    switch (work.kind) {
      case FIRST_RENEWAL -> {
        token = fetchedToken;
        waiting.add(new Work(Kind.FIRST_ASSIGNMENT, 0, work.wanted));
      }
      case FIRST_ASSIGNMENT -> established(nowNanos);
      case AUTO_RENEWAL -> renewed(nowNanos);
      case RENEWAL -> {
        renewed(nowNanos);
        actions.add(new ClientAction.Done(work.ticket));
      }
      case ASSIGNMENT -> actions.add(new ClientAction.Done(work.ticket));
    }
  }

  private void renewed(long nowNanos) {
    token = fetchedToken;
    plan(schedule.renewed(expiryNanos - nowNanos), nowNanos);
  }

  /// The request that is out brought nothing; that of a keep-alive is repeated in time.
  private void unanswered(ResponseFault fault, long nowNanos) {
    requestOver();
    if (phase == Phase.EXCHANGING) {
      failed(fault, nowNanos);
    } else {
      goOn(nowNanos);
    }
  }

  private void requestOver() {
    reader = null;
    timers.disarm(Timer.RESPONSE);
  }

  private void goOn(long nowNanos) {
    if (phase == Phase.READY) {
      begin(nowNanos);
    } else {
      next(nowNanos);
    }
  }

  private void established(long nowNanos) {
    timers.disarm(Timer.CONNECT);
    actions.add(new ClientAction.Established());
    if (keepAlive.isWanted()) {
      keepAlive.start(packets, nowNanos);
      timers.arm(Timer.KEEP_ALIVE, nowNanos, keepAlive.delayNanos(nowNanos));
    }
    plan(schedule.established(expiryNanos - nowNanos), nowNanos);
  }

  private void plan(RenewalSchedule.Next next, long nowNanos) {
    if (!config.autoRenewal()) {
      return;
    }
    switch (next) {
      case RenewalSchedule.Next.After(long nanos) -> timers.arm(Timer.RENEW, nowNanos, nanos);
      case RenewalSchedule.Next.Never(RenewalEnd end) -> {
        timers.disarm(Timer.RENEW);
        actions.add(new ClientAction.RenewalEnded(end));
      }
    }
  }

  /// The work in hand came to nothing.
  private void failed(CloseReason fault, long nowNanos) {
    phase = Phase.IDLE;
    timers.disarm(Timer.TOKEN);
    switch (work.kind) {
      case FIRST_RENEWAL, FIRST_ASSIGNMENT -> end(new TunnelEnd.ConnectFailed(connectFault(fault)));
      case AUTO_RENEWAL -> {
        RenewalSchedule.Next next = schedule.failed(expiryNanos - nowNanos);
        actions.add(new ClientAction.RenewalFailed(schedule.failures(), fault));
        plan(next, nowNanos);
      }
      case RENEWAL, ASSIGNMENT -> actions.add(new ClientAction.Failed(work.ticket, fault));
    }
    next(nowNanos);
  }

  private ConnectFault connectFault(CloseReason fault) {
    return switch (fault) {
      case ConnectFault own -> own;
      case ResponseFault response ->
          work.kind == Kind.FIRST_RENEWAL
              ? new ConnectFault.Renewal(response)
              : new ConnectFault.Assignment(response);
      default -> throw new AssertionError(fault);
    };
  }

  private void end(TunnelEnd end) {
    if (states.close(end)) {
      if (phase != Phase.IDLE && work.ticket != 0) {
        actions.add(new ClientAction.Failed(work.ticket, end));
      }
      reader = null;
      phase = Phase.ENDED;
      timers.disarmAll();
      waiting.stream()
          .filter(one -> one.ticket != 0)
          .forEach(one -> actions.add(new ClientAction.Failed(one.ticket, end)));
      waiting.clear();
      actions.add(new ClientAction.Close(end));
    }
  }

  private static void requireWanted(List<AddressRange> wanted) {
    if (wanted.size() > SnapTun.MAX_ADDRESSES) {
      throw new IllegalArgumentException(
          wanted.size() + " wanted addresses, allowed are at most " + SnapTun.MAX_ADDRESSES);
    }
  }
}
