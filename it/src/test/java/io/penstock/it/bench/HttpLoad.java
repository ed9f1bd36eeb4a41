package io.penstock.it.bench;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseDecoder;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.LastHttpContent;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;

/// Visitors that ask an app for 1 KiB over and over, each on a connection of its own; all on one
/// event loop.
///
/// What it is asked for may be asked by any thread, one thing after the other.
final class HttpLoad {

  /// Connections that are on their way to the first answer at one time.
  private static final int AT_ONCE = 64;

  private static final double NANOS_PER_SECOND = 1e9;

  /// What a visitor does once it has an answer.
  enum Habit {
    /// Asks again at once.
    ASK_AGAIN,
    /// Asks no more until the end.
    REST,
    /// Ends.
    LEAVE
  }

  private final EventLoop loop;
  private final Bootstrap bootstrap;
  private final List<InetSocketAddress> servers;
  private final ByteBuf request;
  private final Set<Visit> visits = new LinkedHashSet<>();
  private Habit habit = Habit.REST;
  private Latencies latencies = new Latencies();
  private long answers;
  private int broken;
  private int attempts;
  private int arrivals;
  private int wanted;
  private CompletableFuture<Map<String, ?>> arrived = new CompletableFuture<>();
  private CompletableFuture<Map<String, ?>> left = new CompletableFuture<>();

  /// @param bootstrap makes channels on the loop
  /// @param servers in turn
  HttpLoad(EventLoop loop, Bootstrap bootstrap, List<InetSocketAddress> servers, String host) {
    this.loop = loop;
    this.bootstrap =
        bootstrap
            .clone()
            .handler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    channel.pipeline().addLast(new HttpResponseDecoder(), new Visit(channel));
                  }
                });
    this.servers = List.copyOf(servers);
    request =
        Unpooled.unreleasableBuffer(
            Unpooled.copiedBuffer(
                "GET /1k HTTP/1.1\r\nHost: " + host + "\r\n\r\n", StandardCharsets.US_ASCII));
  }

  // ---- commands ----

  /// Opens more connections; done when each of them has had an answer, or has failed.
  CompletionStage<Map<String, ?>> open(int count, Habit then) {
    CompletableFuture<Map<String, ?>> result = new CompletableFuture<>();
    loop.execute(
        () -> {
          habit = then;
          arrived = result;
          wanted += count;
          openMore();
        });
    return result;
  }

  /// Measures for some time what goes on.
  CompletionStage<Map<String, ?>> measure(double seconds) {
    CompletableFuture<Map<String, ?>> result = new CompletableFuture<>();
    loop.execute(
        () -> {
          latencies = new Latencies();
          long began = System.nanoTime();
          loop.schedule(
              () -> result.complete(requests(System.nanoTime() - began)),
              (long) (seconds * NANOS_PER_SECOND),
              TimeUnit.NANOSECONDS);
        });
    return result;
  }

  private Map<String, ?> requests(long elapsedNanos) {
    return Map.of(
        "requests", latencies.count(),
        "seconds", elapsedNanos / NANOS_PER_SECOND,
        "p50_us", latencies.micros(50),
        "p99_us", latencies.micros(99));
  }

  /// Lets each connection have another answer, and closes it; one that has none within the limit
  /// counts as broken.
  CompletionStage<Map<String, ?>> finish(long limitSeconds) {
    CompletableFuture<Map<String, ?>> result = new CompletableFuture<>();
    loop.execute(
        () -> {
          boolean resting = habit == Habit.REST;
          habit = Habit.LEAVE;
          left = result;
          if (resting) {
            List.copyOf(visits).forEach(Visit::ask);
          }
          loop.schedule(this::giveUp, limitSeconds, TimeUnit.SECONDS);
          tellIfAllLeft();
        });
    return result;
  }

  private void giveUp() {
    if (!left.isDone()) {
      List.copyOf(visits).forEach(Visit::close);
    }
  }

  private void tellIfAllLeft() {
    if (habit == Habit.LEAVE && visits.isEmpty()) {
      left.complete(Map.of("broken", broken, "answers", answers));
    }
  }

  // ---- connections ----

  private void openMore() {
    while (attempts < wanted && attempts - arrivals < AT_ONCE) {
      ChannelFuture attempt = bootstrap.connect(servers.get(attempts % servers.size()));
      attempts++;
      attempt.addListener(
          _ -> {
            if (!attempt.isSuccess()) {
              broken++;
              arrivedOne();
            }
          });
    }
  }

  private void arrivedOne() {
    arrivals++;
    if (arrivals == wanted) {
      arrived.complete(Map.of("open", visits.size(), "broken", broken));
    } else {
      openMore();
    }
  }

  /// One connection: it comes, asks, and leaves; whatever else ends it has broken it.
  private final class Visit extends SimpleChannelInboundHandler<HttpObject> {

    private enum Stage {
      COMING,
      STAYING,
      LEAVING
    }

    private final Channel channel;
    private Stage stage = Stage.COMING;
    private HttpResponseStatus status = HttpResponseStatus.OK;
    private long askedNanos;

    Visit(Channel channel) {
      this.channel = channel;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
      visits.add(this);
      ask();
    }

    void ask() {
      askedNanos = System.nanoTime();
      channel.writeAndFlush(request.duplicate(), channel.voidPromise());
    }

    void close() {
      channel.close();
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, HttpObject message) {
      if (message instanceof HttpResponse response) {
        status = response.status();
      }
      if (message instanceof LastHttpContent) {
        if (status.equals(HttpResponseStatus.OK)) {
          answered();
        } else {
          close();
        }
      }
    }

    private void answered() {
      latencies.add(System.nanoTime() - askedNanos);
      answers++;
      if (stage == Stage.COMING) {
        stage = Stage.STAYING;
        arrivedOne();
      }
      switch (habit) {
        case ASK_AGAIN -> ask();
        case REST -> {}
        case LEAVE -> {
          stage = Stage.LEAVING;
          close();
        }
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      visits.remove(this);
      if (stage != Stage.LEAVING) {
        broken++;
      }
      if (stage == Stage.COMING) {
        arrivedOne();
      }
      tellIfAllLeft();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      ctx.close();
    }
  }
}
