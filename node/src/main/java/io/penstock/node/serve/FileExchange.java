package io.penstock.node.serve;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.penstock.transport.relay.BodyRelay;
import io.penstock.transport.relay.HttpHead;
import io.penstock.transport.relay.HttpService;
import java.io.IOException;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/// One request for a file or directory and the answer to it.
///
/// ```
///  LOOKING ──found──► SENDING ──whole──► ENDED
///     └───no file────────────────────────► ENDED
/// ```
///
/// The file system is asked and read on virtual threads, one piece at a time; the next is read when
/// the visitor has taken enough of those before. Runs on the event loop otherwise.
final class FileExchange implements HttpService.Exchange {

  private enum State {
    LOOKING,
    SENDING,
    ENDED
  }

  private static final int PIECE_BYTES = 64 * 1024;

  private static final BodyRelay.Output DISCARD = ByteBuf::release;

  private final ProxyExchange.Near near;
  private final Channel channel;
  private final FileRequest request;
  private State state = State.LOOKING;
  private FileAnswer.@Nullable Body body;
  private boolean reading;
  private long position;
  private long movedNanos = System.nanoTime();

  FileExchange(ProxyExchange.Near near, FileRequest request) {
    this.near = near;
    this.channel = near.channel();
    this.request = request;
  }

  @Override
  public void begin(HttpHead head) {
    Thread.startVirtualThread(
        () -> {
          FileAnswer answer = FileLookup.find(request);
          onLoop(() -> found(answer), () -> answer.body().ifPresent(FileAnswer.Body::close));
        });
  }

  private void found(FileAnswer answer) {
    FileAnswer.Body file = answer.body().orElse(null);
    if (state == State.ENDED) {
      if (file != null) {
        file.close();
      }
      return;
    }
    moved();
    boolean headOnly = request.asked().head();
    boolean keepAlive = keepsAlive();
    if (file == null) {
      state = State.ENDED;
      near.connection()
          .answered(answer.head().whole(channel.alloc(), headOnly, keepAlive), keepAlive);
      return;
    }
    state = State.SENDING;
    body = file;
    channel.writeAndFlush(
        answer.head().head(channel.alloc(), file.length(), keepAlive), channel.voidPromise());
    if (headOnly || file.length() == 0) {
      end(keepAlive);
    } else {
      readNext();
    }
  }

  private boolean keepsAlive() {
    return near.keepAlive() && requestDone() && !near.service().draining();
  }

  private void readNext() {
    FileAnswer.Body file = body;
    if (state != State.SENDING || file == null || reading || !channel.isWritable()) {
      return;
    }
    reading = true;
    long offset = file.offset() + position;
    int length = (int) Math.min(PIECE_BYTES, file.length() - position);
    Thread.startVirtualThread(() -> read(file, offset, length));
  }

  private void read(FileAnswer.Body file, long offset, int length) {
    ByteBuf piece = channel.alloc().buffer(length);
    try {
      int read = 0;
      while (read >= 0 && piece.readableBytes() < length) {
        read =
            piece.writeBytes(
                file.file(), offset + piece.readableBytes(), length - piece.readableBytes());
      }
    } catch (IOException _) {
      // Then it is shorter than the head said, which ends the connection.
    }
    boolean whole = piece.readableBytes() == length;
    onLoop(() -> take(piece, whole), piece::release);
  }

  private void take(ByteBuf piece, boolean whole) {
    reading = false;
    FileAnswer.Body file = body;
    if (state != State.SENDING || file == null) {
      piece.release();
      return;
    }
    if (!whole) {
      piece.release();
      stop();
      near.connection().abort();
      return;
    }
    moved();
    position += piece.readableBytes();
    channel
        .writeAndFlush(piece)
        .addListener(
            written -> {
              if (written.isSuccess()) {
                moved();
              }
            });
    if (position == file.length()) {
      end(keepsAlive());
    } else {
      readNext();
    }
  }

  private void end(boolean keepAlive) {
    stop();
    near.connection().responseEnded(keepAlive);
  }

  private void stop() {
    state = State.ENDED;
    FileAnswer.Body file = body;
    body = null;
    if (file != null) {
      file.close();
    }
  }

  private void moved() {
    movedNanos = System.nanoTime();
  }

  private void onLoop(Runnable task, Runnable otherwise) {
    try {
      channel.eventLoop().execute(task);
    } catch (RejectedExecutionException _) {
      otherwise.run();
    }
  }

  // ---- what the connection asks and tells ----

  /// A body says nothing to a file; it is read so that the connection can go on.
  @Override
  public @Nullable ByteBuf nearRead(ByteBuf in) {
    moved();
    ByteBuf rest = body().accept(in, DISCARD);
    if (body().isFaulty()) {
      stop();
      near.connection().abort();
    }
    return rest;
  }

  @Override
  public void nearReadComplete() {}

  @Override
  public void nearWritable() {
    readNext();
  }

  @Override
  public boolean wantsInput() {
    return true;
  }

  @Override
  public boolean requestDone() {
    return body().isDone();
  }

  @Override
  public BodyRelay body() {
    return request.asked().body();
  }

  @Override
  public boolean isTunnel() {
    return false;
  }

  @Override
  public void endTunnel() {}

  @Override
  public void abandon() {
    stop();
  }

  @Override
  public long checkLimits(long nowNanos) {
    long left = near.limits().stallNanos() - (nowNanos - movedNanos);
    if (left > 0) {
      return left;
    }
    stop();
    near.connection().abort();
    return 0;
  }
}
