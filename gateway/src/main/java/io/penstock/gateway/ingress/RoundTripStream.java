package io.penstock.gateway.ingress;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import io.penstock.gateway.ingress.RoundTripException.Reason;
import io.penstock.transport.relay.BodyRelay;
import io.penstock.transport.relay.FarEnd;
import io.penstock.transport.relay.HeadReader;
import io.penstock.transport.relay.HeadResult;
import io.penstock.transport.relay.HttpHead;
import io.penstock.transport.relay.KnownField;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/// One stream to an agent, bridged to a caller that blocks.
///
/// The caller's thread gives tasks to the event loop of the stream and takes pieces of the response
/// from a queue. The queue holds at most a relay window: credit goes back when the caller has read
/// a piece.
final class RoundTripStream extends InputStream implements FarEnd.Listener {

  /// What the caller hands over at a time.
  static final int PIECE_BYTES = 32 * 1024;

  private final IngressSetup setup;
  private final Upstream upstream;
  private final EventLoop loop;
  private final FarEnd far;
  private final boolean headOnly;
  private final BlockingQueue<Object> pieces = new LinkedBlockingQueue<>();
  private final CompletableFuture<RoundTrip.Response> answer = new CompletableFuture<>();

  // On the event loop.
  private final HeadReader responses;
  private final BodyRelay.Output toCaller = pieces::add;
  private @Nullable BodyRelay body;
  private @Nullable CompletableFuture<Void> writable;
  private boolean ended;

  // On the caller's thread.
  private @Nullable ByteBuf current;
  private int currentBytes;
  private @Nullable BodyEnd bodyEnd;

  /// The last thing in the queue: how the body ended, with null for whole.
  private record BodyEnd(@Nullable Reason failure) {}

  RoundTripStream(IngressSetup setup, Upstream upstream, boolean headOnly) {
    this.setup = setup;
    this.upstream = upstream;
    this.loop = upstream.eventLoop();
    this.far = new FarEnd(loop, setup.config().relayWindowBytes());
    this.headOnly = headOnly;
    this.responses = setup.responseReader();
  }

  // ---- the caller's thread ----

  /// Opens the stream and sends the head on it.
  ///
  /// @throws RoundTripException with [Reason#NO_AGENT] when this agent cannot be had, and nothing
  ///   was sent
  void open(ByteBuf head) throws RoundTripException, InterruptedException {
    CompletableFuture<Void> open = new CompletableFuture<>();
    Promise<Channel> opened = loop.newPromise();
    opened.addListener((Future<Channel> result) -> openEnded(result, open));
    loop.execute(
        () -> {
          far.listen(this);
          far.timeWrites();
          far.write(head);
          upstream.open(far, opened);
        });
    await(open, setup.exchangeLimits().openNanos());
  }

  /// Hands over a piece of the request body and waits until there is room for another.
  void write(ByteBuf piece) throws RoundTripException, InterruptedException {
    CompletableFuture<Void> room = new CompletableFuture<>();
    loop.execute(() -> writeNow(piece, room));
    await(room, setup.exchangeLimits().stallNanos());
  }

  /// Says whether the response (or the failure) has come already, so that the rest of the request
  /// is of no use.
  boolean isAnswered() {
    return answer.isDone();
  }

  /// Waits for the response, with the limit counted from when the stream last took a part of the
  /// request.
  RoundTrip.Response awaitResponse() throws RoundTripException, InterruptedException {
    long limit = setup.exchangeLimits().responseNanos();
    long written = System.nanoTime();
    long left = limit;
    while (left > 0 && !isAnsweredWithin(left)) {
      left = limit - (System.nanoTime() - far.laterOfTaken(written));
    }
    return await(answer, 0);
  }

  private boolean isAnsweredWithin(long nanos) throws InterruptedException {
    try {
      answer.get(nanos, TimeUnit.NANOSECONDS);
    } catch (TimeoutException _) {
      return false;
    } catch (ExecutionException _) {
      // Why it failed is said by whoever waits for it next.
    }
    return true;
  }

  private static <T> T await(CompletableFuture<T> future, long limitNanos)
      throws RoundTripException, InterruptedException {
    try {
      return future.get(limitNanos, TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      throw new RoundTripException(Reason.TIMEOUT);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RoundTripException failure) {
        throw new RoundTripException(failure.reason());
      }
      throw new IllegalStateException(e.getCause());
    }
  }

  @Override
  public int read() throws RoundTripException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] into, int offset, int length) throws RoundTripException {
    if (length == 0) {
      return 0;
    }
    ByteBuf from = nextPiece();
    if (from == null) {
      return -1;
    }
    int count = Math.min(length, from.readableBytes());
    from.readBytes(into, offset, count);
    return count;
  }

  /// The piece that has unread bytes, or null after the end.
  private @Nullable ByteBuf nextPiece() throws RoundTripException {
    while (bodyEnd == null) {
      ByteBuf piece = current;
      if (piece != null && piece.isReadable()) {
        return piece;
      }
      releaseCurrent();
      take();
    }
    if (bodyEnd.failure() != null) {
      throw new RoundTripException(bodyEnd.failure());
    }
    return null;
  }

  private void take() throws RoundTripException {
    try {
      Object next = pieces.poll(setup.exchangeLimits().stallNanos(), TimeUnit.NANOSECONDS);
      switch (next) {
        case ByteBuf piece -> {
          current = piece;
          currentBytes = piece.readableBytes();
        }
        case BodyEnd end -> bodyEnd = end;
        case null, default -> {
          close();
          throw new RoundTripException(Reason.TIMEOUT);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      close();
      throw new RoundTripException(Reason.CLOSED);
    }
  }

  private void releaseCurrent() {
    ByteBuf done = current;
    current = null;
    if (done != null) {
      int bytes = currentBytes;
      done.release();
      loop.execute(() -> far.consumed(bytes));
    }
  }

  /// Ends the stream to the agent; what has not been read is dropped.
  @Override
  public void close() {
    releaseCurrent();
    if (bodyEnd == null) {
      bodyEnd = new BodyEnd(Reason.CLOSED);
    }
    loop.execute(
        () -> {
          finish(Reason.CLOSED);
          for (Object left = pieces.poll(); left != null; left = pieces.poll()) {
            ReferenceCountUtil.release(left);
          }
        });
  }

  // ---- the event loop ----

  private void openEnded(Future<Channel> opened, CompletableFuture<Void> open) {
    if (opened.isSuccess()) {
      open.complete(null);
    } else {
      open.completeExceptionally(new RoundTripException(Reason.NO_AGENT));
      finish(Reason.NO_AGENT);
      if (!far.wasOpened()) {
        far.discard();
      }
    }
  }

  private void writeNow(ByteBuf piece, CompletableFuture<Void> room) {
    if (ended) {
      piece.release();
      room.complete(null);
      return;
    }
    far.write(piece);
    far.flush();
    if (far.isWritable()) {
      room.complete(null);
    } else {
      writable = room;
    }
  }

  @Override
  public void farRead(ByteBuf bytes) {
    ByteBuf in = bytes;
    while (in != null) {
      BodyRelay receiving = body;
      if (ended) {
        in.release();
        return;
      }
      in = receiving == null ? readHead(in) : readBody(receiving, in);
    }
  }

  private @Nullable ByteBuf readHead(ByteBuf in) {
    int before = in.readableBytes();
    switch (responses.read(in)) {
      case HeadResult.Complete(HttpHead head) -> takeHead(head);
      case HeadResult.Fault _ -> finish(Reason.BAD_RESPONSE);
      case HeadResult.Incomplete _ -> {}
    }
    far.consumed(before - in.readableBytes());
    if (in.isReadable()) {
      return in;
    }
    in.release();
    return null;
  }

  private void takeHead(HttpHead head) {
    if (head.status() == 101) {
      finish(Reason.BAD_RESPONSE);
    } else if (head.status() >= 200) {
      if (upstream.ownProtocol() && head.has(KnownField.APP_DOWN)) {
        finish(Reason.APP_DOWN);
        return;
      }
      BodyRelay receiving = BodyRelay.ofResponse(head, headOnly);
      body = receiving;
      head.dropHopByHop();
      head.drop(KnownField.TRANSFER_ENCODING);
      head.drop(KnownField.APP_DOWN);
      List<RoundTrip.Field> fields = new ArrayList<>();
      head.forEach((name, value) -> fields.add(new RoundTrip.Field(name, value)));
      answer.complete(new RoundTrip.Response(head.status(), List.copyOf(fields), this));
      if (receiving.isDone()) {
        finish(null);
      }
    }
  }

  private @Nullable ByteBuf readBody(BodyRelay receiving, ByteBuf in) {
    int before = in.readableBytes();
    long payload = receiving.payloadBytes();
    ByteBuf rest = receiving.accept(in, toCaller);
    int after = rest == null ? 0 : rest.readableBytes();
    far.consumed((int) (before - after - (receiving.payloadBytes() - payload)));
    if (receiving.isFaulty()) {
      finish(Reason.CUT_SHORT);
    } else if (receiving.isDone()) {
      finish(null);
    }
    return rest;
  }

  @Override
  public void farReadComplete() {}

  @Override
  public void farWritable() {
    CompletableFuture<Void> room = writable;
    writable = null;
    if (room != null) {
      room.complete(null);
    }
  }

  @Override
  public void farPeerFinished() {
    // The end comes in its place.
  }

  @Override
  public void farInputEnded() {
    farClosed(null);
  }

  @Override
  public void farClosed(@Nullable Throwable failure) {
    BodyRelay receiving = body;
    if (receiving == null) {
      finish(Reason.AGENT_LOST);
    } else {
      boolean whole =
          failure == null && receiving.sourceEnded(toCaller, PooledByteBufAllocator.DEFAULT);
      finish(whole ? null : Reason.CUT_SHORT);
    }
  }

  private void finish(@Nullable Reason failure) {
    if (ended) {
      return;
    }
    ended = true;
    far.close();
    upstream.finished();
    if (failure != null) {
      answer.completeExceptionally(new RoundTripException(failure));
    }
    pieces.add(new BodyEnd(failure));
    farWritable();
  }
}
