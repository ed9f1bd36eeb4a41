package io.penstock.gateway.backend;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.codec.json.JsonObjectDecoder;
import io.netty.util.concurrent.ScheduledFuture;
import io.penstock.api.tunnel.AgentHello;
import io.penstock.api.tunnel.AgentWelcome;
import io.penstock.api.tunnel.MalformedGreetingException;
import io.penstock.api.tunnel.Refusal;
import io.penstock.gateway.backend.Admission.Verdict;
import io.penstock.protocol.CloseReason;
import io.penstock.protocol.smux.SmuxCloseReason;
import io.penstock.protocol.smux.SmuxRole;
import io.penstock.transport.PeerFinished;
import io.penstock.transport.smux.SmuxConnection;
import io.penstock.transport.smux.SmuxStreamChannel;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One agent's smux session from the opening of the control stream to its end.
///
/// ```
///   GREETING ──hello──► CHECKING ──admitted──► SERVING ──► ENDED
///       │ time, size        │ refused                        ▲
///       └───────────────────┴────────────► FAREWELL ─────────┘
/// ```
///
/// The gateway opens the control stream; the agent writes one JSON object on it. Our own agents get
/// an answer there, original ones get silence or the end of the connection. Everything runs on the
/// event loop of the connection but the check itself, which asks the storage on a virtual thread.
final class AgentSession implements SmuxConnection.Listener {

  private static final Logger LOG = LoggerFactory.getLogger(AgentSession.class);

  private enum State {
    GREETING,
    CHECKING,
    SERVING,
    FAREWELL,
    ENDED
  }

  private final TunnelServer server;
  private final Channel channel;
  private final TunnelProtocol protocol;
  private final SmuxConnection smux;
  private State state = State.GREETING;
  private @Nullable ScheduledFuture<?> timer;
  private @Nullable BackendConnection backend;

  private AgentSession(TunnelServer server, Channel channel, TunnelProtocol protocol) {
    this.server = server;
    this.channel = channel;
    this.protocol = protocol;
    this.smux = new SmuxConnection(protocol.smux(server.config()), SmuxRole.SERVER, this);
  }

  /// Starts a session on a connection whose TLS, if it has any, is done.
  static void start(TunnelServer server, Channel channel, TunnelProtocol protocol) {
    new AgentSession(server, channel, protocol).open();
  }

  private void open() {
    channel.pipeline().addLast(smux);
    smux.openStream(
        new ChannelInitializer<SmuxStreamChannel>() {
          @Override
          protected void initChannel(SmuxStreamChannel control) {
            control
                .pipeline()
                .addLast(new JsonObjectDecoder(server.config().helloBytes()))
                .addLast(new Greeting());
            timer = later(server.config().helloLimit(), () -> limitReached(control));
          }
        });
  }

  /// The one limit on greeting and check together.
  private void limitReached(SmuxStreamChannel control) {
    if (state == State.GREETING) {
      LOG.info("agent refused remote={} reason=hello_timeout", channel.remoteAddress());
      server.counters().refused("hello_timeout");
      channel.close();
    } else if (state == State.CHECKING) {
      refuse(control, TunnelServer.unavailable(Refusal.UNAVAILABLE, TunnelServer.STORAGE_SILENT));
    }
  }

  private ScheduledFuture<?> later(Duration delay, Runnable task) {
    return channel.eventLoop().schedule(task, delay.toNanos(), TimeUnit.NANOSECONDS);
  }

  /// Reads the agent's greeting, and the end of the control stream after it.
  private final class Greeting extends SimpleChannelInboundHandler<ByteBuf> {

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, ByteBuf json) {
      if (state == State.GREETING) {
        greeted((SmuxStreamChannel) ctx.channel(), ByteBufUtil.getBytes(json));
      }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
      // Only our own agents mean something by it. One on the original libraries may lose its end of
      // the control stream to the garbage collector and is as good as before.
      if (event == PeerFinished.INSTANCE && backend != null && protocol == TunnelProtocol.OWN) {
        backend.drain();
      }
      ctx.fireUserEventTriggered(event);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      // A stream that fails with its session is no greeting at all.
      if (state == State.GREETING && cause instanceof DecoderException) {
        refuse(
            (SmuxStreamChannel) ctx.channel(),
            new Verdict.Refused(Refusal.BAD_GREETING, "the greeting is too large or no JSON"));
      }
    }
  }

  private void greeted(SmuxStreamChannel control, byte[] json) {
    state = State.CHECKING;
    AgentHello hello;
    try {
      hello =
          switch (protocol) {
            case ORIGINAL -> AgentHello.parseOriginal(json);
            case OWN -> AgentHello.parse(json);
          };
    } catch (MalformedGreetingException e) {
      refuse(control, new Verdict.Refused(Refusal.BAD_GREETING, e.reason()));
      return;
    }
    server.check(hello, verdict -> channel.eventLoop().execute(() -> decided(control, verdict)));
  }

  private void decided(SmuxStreamChannel control, TunnelServer.Decision decision) {
    if (state != State.CHECKING) {
      return;
    }
    switch (decision.verdict()) {
      case Verdict.Refused refused -> refuse(control, refused);
      case Verdict.Admitted(var owner, var expires) -> {
        cancelTimer();
        BackendConnection connection =
            new BackendConnection(
                server.newId(),
                protocol,
                server.transportOf(channel),
                owner,
                smux,
                control,
                server.health(),
                Instant.now());
        admit(control, connection, decision);
        expires.ifPresent(this::endAt);
      }
    }
  }

  private void admit(
      SmuxStreamChannel control, BackendConnection connection, TunnelServer.Decision decision) {
    state = State.SERVING;
    backend = connection;
    // Before a ghost of the same agent goes: a request in between finds the one or the other.
    connection.serve();
    server.admitted(channel, connection, decision);
    if (state != State.SERVING) {
      return;
    }
    if (protocol == TunnelProtocol.OWN) {
      var urls =
          connection.owner().routes().stream()
              .flatMap(route -> server.publicUrls(route).stream())
              .toList();
      write(control, new AgentWelcome.Accepted(connection.id(), urls));
    }
    LOG.info(
        "agent admitted id={} user={} domains={} protocol={} transport={} remote={}",
        connection.id(),
        connection.owner().user(),
        connection.owner().routes(),
        protocol.label(),
        server.transportOf(channel),
        channel.remoteAddress());
    ping(connection);
  }

  /// Sends a ping now and from then on at every interval, as long as the session lives.
  private void ping(BackendConnection connection) {
    if (state != State.SERVING || !smux.canOpenStreams()) {
      return;
    }
    smux.openStream(new HealthPing(server.health().pingLimit(), connection::pinged));
    timer = later(server.health().pingInterval(), () -> ping(connection));
  }

  /// Ends the connection when its token expires.
  private void endAt(Instant expires) {
    long millis = Math.max(0, Duration.between(Instant.now(), expires).toMillis());
    var expiry =
        channel
            .eventLoop()
            .schedule(
                () -> {
                  if (backend != null) {
                    server.backends().tokenRevoked(backend.owner().tokenId());
                  }
                },
                millis,
                TimeUnit.MILLISECONDS);
    channel.closeFuture().addListener(_ -> expiry.cancel(false));
  }

  private void refuse(SmuxStreamChannel control, Verdict.Refused refused) {
    cancelTimer();
    state = State.FAREWELL;
    LOG.info(
        "agent refused remote={} reason={} protocol={} message=\"{}\"",
        channel.remoteAddress(),
        refused.refusal().code(),
        protocol.label(),
        refused.message());
    server.counters().refused(refused.refusal().code());
    if (protocol == TunnelProtocol.OWN) {
      write(
          control,
          new AgentWelcome.Refused(refused.refusal().code(), refused.message(), refused.route()));
    }
    control.shutdownOutput();
    timer = later(server.config().farewell(), () -> channel.close());
  }

  private static void write(SmuxStreamChannel control, AgentWelcome welcome) {
    control.writeAndFlush(Unpooled.wrappedBuffer(welcome.toJson()));
  }

  @Override
  public void streamAccepted(SmuxStreamChannel stream) {
    // Agents open no streams in either dialect; one that does gets its end at once.
    stream.close();
  }

  @Override
  public void closed(SmuxCloseReason reason) {
    cancelTimer();
    state = State.ENDED;
    BackendConnection gone = backend;
    if (gone != null) {
      server.backends().unregister(gone);
      CloseReason why = gone.closeReason(reason);
      server.counters().ended(why.code());
      LOG.info("agent gone id={} reason={} ({})", gone.id(), why.code(), why.logText());
    }
    channel.close();
  }

  private void cancelTimer() {
    if (timer != null) {
      timer.cancel(false);
      timer = null;
    }
  }
}
