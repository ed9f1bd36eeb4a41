package io.penstock.transport.codervpn;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandler;
import io.netty.channel.EventLoop;
import io.netty.channel.local.LocalAddress;
import io.penstock.transport.EngineStreamChannel;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.SocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.Pipe;
import java.util.Arrays;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/// A pair of blocking streams, such as standard input and output or those of a child process, as a
/// channel.
///
/// Two virtual threads do the blocking. The reader reads the next 64 KiB only when a handler has
/// taken the last ones; the writer is given no more than 64 KiB. The end of the input is the peer's
/// end of stream, and `shutdownOutput` closes the output. When the output breaks the channel stays
/// open, as the peer's last words may still wait to be read; [OutputBroken] is fired and nothing is
/// written from then on.
///
/// Closing the channel closes both streams, each when the call that blocks in it has come back: no
/// stream lets go of one earlier.
public final class PipeChannel extends EngineStreamChannel {

  /// What is read at once, and what may wait to be written.
  private static final int CHUNK_BYTES = 64 * 1024;

  private static final SocketAddress ADDRESS = new LocalAddress("pipe");

  /// Tells the writer that nothing more comes; nothing else that is written is empty.
  private static final byte[] END = new byte[0];

  /// The user event that says that the output takes nothing more.
  ///
  /// @param detail what the system says
  public record OutputBroken(String detail) {}

  private final InputStream in;
  private final OutputStream out;
  private final Semaphore readCredit = new Semaphore(1);
  private final BlockingQueue<byte[]> toWrite = new LinkedBlockingQueue<>();
  private @Nullable ByteBuf received;
  private int unwrittenBytes;
  private volatile boolean closed;

  private PipeChannel(InputStream in, OutputStream out) {
    super(null);
    this.in = in;
    this.out = out;
    activateOnRegistration();
  }

  /// Makes a channel on an event loop; it is active when `handler` has been added.
  ///
  /// @param in belongs to the channel from now on
  /// @param out belongs to the channel from now on
  public static PipeChannel open(
      InputStream in, OutputStream out, EventLoop loop, ChannelHandler handler) {
    PipeChannel channel = new PipeChannel(in, out);
    channel.pipeline().addLast(handler);
    loop.register(channel)
        .addListener(
            registered -> {
              if (registered.isSuccess()) {
                Thread.ofVirtual().name("pipe-reader").start(channel::pumpInput);
                Thread.ofVirtual().name("pipe-writer").start(channel::pumpOutput);
              }
            });
    return channel;
  }

  /// Joins two handlers of this process by a pair of pipes, each over a channel of its own.
  ///
  /// @throws IOException when the system gives no pipes
  public static void join(
      EventLoop loop, ChannelHandler handler, EventLoop otherLoop, ChannelHandler other)
      throws IOException {
    Pipe there = Pipe.open();
    Pipe back = Pipe.open();
    var _ =
        open(
            Channels.newInputStream(back.source()),
            Channels.newOutputStream(there.sink()),
            loop,
            handler);
    var _ =
        open(
            Channels.newInputStream(there.source()),
            Channels.newOutputStream(back.sink()),
            otherLoop,
            other);
  }

  // ---- the reader's thread ----

  private void pumpInput() {
    byte[] chunk = new byte[CHUNK_BYTES];
    try (in) {
      while (true) {
        readCredit.acquire();
        int length = closed ? -1 : in.read(chunk);
        if (length < 0) {
          break;
        }
        byte[] bytes = Arrays.copyOf(chunk, length);
        eventLoop().execute(() -> arrived(bytes));
      }
      eventLoop().execute(this::onPeerFinished);
    } catch (IOException e) {
      fail(e);
    } catch (InterruptedException | RejectedExecutionException _) {
      // The event loop has ended.
    }
  }

  private void fail(IOException cause) {
    try {
      eventLoop().execute(() -> onEngineClosed(cause));
    } catch (RejectedExecutionException _) {
      // Nobody is left to be told.
    }
  }

  // ---- the writer's thread ----

  private void pumpOutput() {
    try (out) {
      for (byte[] bytes = toWrite.take(); bytes.length > 0; bytes = toWrite.take()) {
        out.write(bytes);
        out.flush();
        int length = bytes.length;
        eventLoop().execute(() -> wrote(length));
      }
    } catch (IOException e) {
      outputBroke(String.valueOf(e.getMessage()));
    } catch (InterruptedException | RejectedExecutionException _) {
      // The event loop has ended.
    }
  }

  private void outputBroke(String detail) {
    try {
      eventLoop().execute(() -> pipeline().fireUserEventTriggered(new OutputBroken(detail)));
    } catch (RejectedExecutionException _) {
      // Nobody is left to be told.
    }
  }

  // ---- the event loop ----

  private void arrived(byte[] bytes) {
    if (!closed) {
      received = Unpooled.wrappedBuffer(bytes);
      onReadable();
    }
  }

  private void wrote(int length) {
    unwrittenBytes -= length;
    onWritable();
  }

  @Override
  protected int engineWritableBytes() {
    return CHUNK_BYTES - unwrittenBytes;
  }

  @Override
  protected void engineWrite(ByteBuf bytes) {
    byte[] copy = new byte[bytes.readableBytes()];
    bytes.readBytes(copy);
    bytes.release();
    unwrittenBytes += copy.length;
    toWrite.add(copy);
  }

  @Override
  protected @Nullable ByteBuf engineRead(int maxBytes) {
    ByteBuf from = received;
    if (from == null) {
      return null;
    }
    if (from.readableBytes() > maxBytes) {
      return from.readRetainedSlice(maxBytes);
    }
    received = null;
    readCredit.release();
    return from;
  }

  @Override
  protected boolean engineHasBytes() {
    return received != null;
  }

  @Override
  protected void engineShutdownOutput() {
    toWrite.add(END);
  }

  @Override
  protected void engineClose() {
    closed = true;
    toWrite.add(END);
    readCredit.release();
    ByteBuf unread = received;
    received = null;
    if (unread != null) {
      unread.release();
    }
  }

  @Override
  protected void engineChanged() {}

  @Override
  protected SocketAddress localAddress0() {
    return ADDRESS;
  }

  @Override
  protected SocketAddress remoteAddress0() {
    return ADDRESS;
  }
}
