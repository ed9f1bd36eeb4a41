package io.penstock.node.agent;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.codec.json.JsonObjectDecoder;
import io.netty.util.concurrent.ScheduledFuture;
import io.penstock.api.tunnel.AgentHello;
import io.penstock.api.tunnel.AgentWelcome;
import io.penstock.api.tunnel.MalformedGreetingException;
import io.penstock.protocol.smux.SmuxCloseReason;
import io.penstock.protocol.smux.SmuxConfig;
import io.penstock.protocol.smux.SmuxRole;
import io.penstock.transport.EngineLoop;
import io.penstock.transport.smux.SmuxConnection;
import io.penstock.transport.smux.SmuxStreamChannel;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// One smux session with a gateway: the greeting on the control stream, then a request on each
/// other.
///
/// The gateway opens all streams, the control stream first. A gateway of our own kind answers the
/// greeting; one of the original kind says nothing, so we count as online when its first request
/// comes in. All on the event loop of the connection.
final class TunnelSession implements SmuxConnection.Listener {

  /// What a gateway writes at most in answer to a greeting.
  private static final int MAX_WELCOME_BYTES = 64 * 1024;

  /// The original sends the SYN of the control stream before it knows the stream itself, so an
  /// answer that comes at once is lost and it waits for ever.
  private static final Duration ORIGINAL_GREETING_DELAY = Duration.ofMillis(10);

  /// How long a gateway may take to say that it sends no more requests.
  private static final Duration FAREWELL_LIMIT = Duration.ofSeconds(1);

  private enum State {
    AWAITING_CONTROL,
    AWAITING_WELCOME,
    AWAITING_FIRST_REQUEST,
    ONLINE,
    DRAINING,
    ENDED
  }

  private final AgentConnection owner;
  private final Dialer.Dialled.Connected connected;
  private final SmuxConnection smux;
  private State state = State.AWAITING_CONTROL;
  private @Nullable SmuxStreamChannel control;
  private @Nullable ScheduledFuture<?> timer;
  private String cause = "";
  private long helloNanos;
  private long farewellEndNanos;

  private TunnelSession(AgentConnection owner, Dialer.Dialled.Connected connected) {
    this.owner = owner;
    this.connected = connected;
    AgentConfig config = owner.agent().config();
    SmuxConfig base = connected.own() ? SmuxConfig.own() : SmuxConfig.original();
    this.smux =
        new SmuxConnection(
            base.toBuilder().keepAlive(config.keepAliveInterval(), config.silenceLimit()).build(),
            SmuxRole.CLIENT,
            this);
  }

  static TunnelSession start(AgentConnection owner, Dialer.Dialled.Connected connected) {
    TunnelSession session = new TunnelSession(owner, connected);
    connected.channel().pipeline().addLast(session.smux);
    connected.channel().config().setAutoRead(true);
    session.expect(owner.agent().config().helloLimit(), "the gateway opened no control stream");
    return session;
  }

  Channel channel() {
    return connected.channel();
  }

  /// Tells the gateway that no more requests should come, and ends when those in flight have.
  void drain() {
    if (state == State.ENDED) {
      return;
    }
    cancelTimer();
    farewellEndNanos = EngineLoop.nowNanos();
    if (connected.own() && control != null) {
      control.shutdownOutput();
      farewellEndNanos += state == State.ONLINE ? FAREWELL_LIMIT.toNanos() : 0;
    }
    state = State.DRAINING;
    cause = "closed";
    closeWhenIdle();
  }

  private void closeWhenIdle() {
    if (state != State.DRAINING) {
      return;
    }
    boolean controlled = control != null && control.isOpen();
    // Requests may be on their way until the gateway has ended its half of the control stream too.
    boolean farewellDue = controlled && EngineLoop.nowNanos() - farewellEndNanos < 0;
    if (smux.streams() <= (controlled ? 1 : 0) && !farewellDue) {
      connected.channel().close();
    } else {
      timer = owner.loop().schedule(this::closeWhenIdle, 20, TimeUnit.MILLISECONDS);
    }
  }

  private void expect(Duration limit, String otherwise) {
    cancelTimer();
    timer =
        owner
            .loop()
            .schedule(
                () -> fail(otherwise + " within " + limit.toSeconds() + " s"),
                limit.toNanos(),
                TimeUnit.NANOSECONDS);
  }

  private void cancelTimer() {
    if (timer != null) {
      timer.cancel(false);
      timer = null;
    }
  }

  @Override
  public void streamAccepted(SmuxStreamChannel stream) {
    switch (state) {
      case AWAITING_CONTROL -> {
        state = State.AWAITING_WELCOME;
        control = stream;
        stream
            .pipeline()
            .addLast(new JsonObjectDecoder(MAX_WELCOME_BYTES))
            .addLast(new WelcomeReader());
        askForToken(stream);
      }
      case AWAITING_FIRST_REQUEST -> {
        owner.agent().serve(stream);
        becomeOnline(List.of());
      }
      case AWAITING_WELCOME, ONLINE, DRAINING, ENDED -> owner.agent().serve(stream);
    }
  }

  /// The token's supplier may read a file, so it is asked on a virtual thread.
  private void askForToken(SmuxStreamChannel stream) {
    try {
      owner.agent().blocking().execute(() -> greetWithToken(stream));
    } catch (RejectedExecutionException _) {
      fail("the agent is closing");
    }
  }

  private void greetWithToken(SmuxStreamChannel stream) {
    Runnable next;
    try {
      String token = owner.agent().config().token().get();
      next = () -> greet(stream, token);
    } catch (RuntimeException e) {
      next = () -> fail("cannot read the token: " + e.getMessage());
    }
    Duration delay = connected.own() ? Duration.ZERO : ORIGINAL_GREETING_DELAY;
    try {
      owner.loop().schedule(next, delay.toMillis(), TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException _) {
      // The agent has ended while the supplier was at it.
    }
  }

  private void greet(SmuxStreamChannel stream, String token) {
    if (state != State.AWAITING_WELCOME) {
      return;
    }
    AgentConfig config = owner.agent().config();
    byte[] greeting;
    try {
      greeting = connected.own() ? ownGreeting(token) : originalGreeting(token);
    } catch (IllegalArgumentException | IllegalStateException e) {
      fail(e.getMessage());
      return;
    }
    helloNanos = EngineLoop.nowNanos();
    stream.writeAndFlush(Unpooled.wrappedBuffer(greeting));
    if (connected.own()) {
      expect(config.helloLimit(), "the gateway did not answer the greeting");
    } else {
      state = State.AWAITING_FIRST_REQUEST;
      expect(config.firstPingLimit(), "the gateway sent no first ping");
    }
  }

  private byte[] ownGreeting(String token) {
    return new AgentHello(
            token, owner.agent().domains(), Optional.of(owner.agent().identity(owner.number())))
        .toJson();
  }

  /// The original serves one route on a session, so each connection takes its turn of them.
  private byte[] originalGreeting(String token) {
    List<String> domains = owner.agent().domains();
    owner.agent().ensureConnections(domains.size());
    List<String> one =
        domains.isEmpty() ? domains : List.of(domains.get(owner.number() % domains.size()));
    return new AgentHello(token, one, Optional.empty()).toOriginalJson();
  }

  /// Ends the session. The first cause counts: what fails because we close says nothing new.
  private void fail(@Nullable String why) {
    if (cause.isEmpty()) {
      cause = why == null ? "failed" : why;
    }
    connected.channel().close();
  }

  private void becomeOnline(List<String> urls) {
    cancelTimer();
    state = State.ONLINE;
    Duration latency = Duration.ofNanos(EngineLoop.nowNanos() - helloNanos);
    owner.online(
        new AgentConnection.Link.Up(urls, connected.transport(), latency, connected.note()));
  }

  @Override
  public void closed(SmuxCloseReason reason) {
    cancelTimer();
    if (state == State.ENDED) {
      return;
    }
    State last = state;
    state = State.ENDED;
    if (cause.isEmpty()) {
      cause =
          last == State.AWAITING_FIRST_REQUEST
              ? "the gateway closed the connection after our greeting; it does not know the route,"
                  + " the token, or that they belong together"
              : reason.logText();
    }
    owner.ended(cause);
  }

  /// Reads the gateway's answer on the control stream.
  private final class WelcomeReader extends SimpleChannelInboundHandler<ByteBuf> {

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, ByteBuf json) {
      if (state != State.AWAITING_WELCOME || !connected.own()) {
        return;
      }
      try {
        switch (AgentWelcome.parse(ByteBufUtil.getBytes(json))) {
          case AgentWelcome.Accepted accepted -> becomeOnline(accepted.urls());
          case AgentWelcome.Refused refused -> {
            owner.refused(refused);
            fail(refused.message());
          }
        }
      } catch (MalformedGreetingException e) {
        fail("the gateway's answer makes no sense: " + e.reason());
      }
    }

    /// A stream that fails with its session is told of by [#closed], with the reason.
    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable failure) {
      if (state == State.AWAITING_WELCOME && failure instanceof DecoderException) {
        fail("the gateway's answer makes no sense: it is too large or no JSON");
      }
    }
  }
}
