package io.penstock.transport.tun;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.EventLoop;
import io.netty.channel.IoEvent;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoEvent;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.channel.unix.FileDescriptor;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import io.penstock.protocol.netstack.offload.PacketMeta;
import io.penstock.transport.tun.TunUnavailableException.Reason;
import java.io.IOException;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/// A TUN device on an epoll event loop: packets in both directions, and no thread that waits.
///
/// The descriptor is watched level-triggered. A wake-up reads until nothing is there, but at most
/// 64 packets or 256 KiB; then the loop serves its other channels and epoll calls again at once if
/// there is more. What is sent is written at once. When the kernel has no room, which it nearly
/// always has, packets wait in a queue of `maxQueuedBytes`, and what finds that full is dropped and
/// counted; [#isWritable] and [TunReceiver#writable] tell a sender that prefers to wait.
///
/// A packet that leaves work to the device may be sent whatever the device takes: what it does not
/// do is done here. The link owns the device. It ends by [#close], when the interface is deleted,
/// when the receiver throws, or with the event loop; after that nothing is registered, held or
/// open. All methods but [#close] and [#closeFuture] are called on the event loop.
public final class TunLink {

  /// How many bytes a packet should have in front, for the header that the device wants there; one
  /// that has less is copied. They are overwritten: a buffer that is sent must have them for
  /// itself.
  public static final int HEADROOM_BYTES = 12;

  private final EventLoop loop;
  private final TunDevice device;
  private final TunReceiver receiver;
  private final TunReader reader;
  private final TunWriter writer;
  private final Promise<Void> closed;
  private @Nullable IoRegistration registration;
  private boolean open = true;
  private boolean reading = true;
  private boolean writeAwaited;

  private TunLink(
      EventLoop loop, TunDevice device, TunReader reader, TunWriter writer, TunReceiver receiver) {
    this.loop = loop;
    this.device = device;
    this.reader = reader;
    this.writer = writer;
    this.receiver = receiver;
    this.closed = loop.newPromise();
  }

  /// Puts a device onto an event loop, and takes it: when this fails the device is closed.
  ///
  /// May be called by any thread. The receiver may be called before the future tells of the link.
  ///
  /// @param config the bounds; `maxQueuedBytes` of it is used here
  /// @return fails with a [TunUnavailableException] on a loop that is not one of epoll
  public static Future<TunLink> start(
      IoEventLoop loop,
      TunDevice device,
      TunConfig config,
      ByteBufAllocator allocator,
      TunReceiver receiver) {
    if (!loop.isCompatible(EpollIoHandle.class)) {
      device.close();
      return loop.newFailedFuture(
          new TunUnavailableException(Reason.NO_EPOLL, "the event loop does not use epoll"));
    }
    TunReader reader = new TunReader(device, allocator);
    TunWriter writer = new TunWriter(device, allocator, config.maxQueuedBytes());
    TunLink link = new TunLink(loop, device, reader, writer, receiver);
    Promise<TunLink> started = loop.newPromise();
    loop.register(link.new Handle())
        .addListener((Future<IoRegistration> f) -> link.begin(f, started));
    return started;
  }

  private void begin(Future<IoRegistration> registered, Promise<TunLink> started) {
    if (!registered.isSuccess()) {
      end(null);
      started.setFailure(registered.cause());
      return;
    }
    registration = registered.getNow();
    if (!watch()) {
      end(new IOException("the event loop does not watch " + device));
      started.setFailure(new IOException("the event loop does not watch " + device));
      return;
    }
    started.setSuccess(this);
  }

  private boolean watch() {
    // Without any bit the loop would forget the descriptor; this one is reported in any case.
    EpollIoOps ops = reading ? EpollIoOps.EPOLLIN : EpollIoOps.EPOLLERR;
    if (writeAwaited) {
      ops = ops.with(EpollIoOps.EPOLLOUT);
    }
    return registration != null && registration.submit(ops) != -1;
  }

  /// The device; only what is known about it may be asked.
  public TunDevice device() {
    return device;
  }

  /// Sends a packet, and takes it; after the end it is dropped.
  ///
  /// @return false when it was dropped: the queue is full, the interface is down, or the packet is
  ///   none
  public boolean send(ByteBuf packet, PacketMeta meta) {
    assert loop.inEventLoop();
    if (!open) {
      packet.release();
      return false;
    }
    try {
      boolean sent = writer.send(packet, meta);
      awaitRoom();
      return sent;
    } catch (IOException e) {
      end(e);
      return false;
    }
  }

  private void awaitRoom() {
    if (!writeAwaited && !writer.isEmpty()) {
      writeAwaited = true;
      var _ = watch();
    }
  }

  /// Says whether a packet would be written at once: nothing waits.
  public boolean isWritable() {
    return open && writer.isEmpty();
  }

  /// Says whether packets of the kernel are taken, as they are at first. While they are not they
  /// wait with the interface, for as long as its queue has room.
  public void setReading(boolean on) {
    assert loop.inEventLoop();
    if (reading != on) {
      reading = on;
      var _ = watch();
    }
  }

  boolean isReading() {
    return reading;
  }

  /// What has gone over the link so far.
  public TunCounters counters() {
    assert loop.inEventLoop();
    return writer.counters(reader);
  }

  /// Says whether the link has not ended.
  public boolean isOpen() {
    return open;
  }

  /// Ends the link and gives the device back. Any thread may call this, repeatedly.
  public void close() {
    if (loop.inEventLoop()) {
      end(null);
      return;
    }
    try {
      loop.execute(() -> end(null));
    } catch (RejectedExecutionException _) {
      // The loop has ended, and the link with it.
    }
  }

  /// Succeeds when the link has been closed, fails with the [IOException] that ended it otherwise.
  public Future<Void> closeFuture() {
    return closed;
  }

  private void ready(EpollIoOps ops) {
    try {
      if (ops.contains(EpollIoOps.EPOLLOUT)) {
        flush();
      }
      if (open && !ops.equals(EpollIoOps.EPOLLOUT)) {
        reader.readBatch(this, receiver);
      }
    } catch (IOException e) {
      end(e);
    } catch (RuntimeException e) {
      end(new IOException("the receiver of " + device + " failed", e));
    }
  }

  private void flush() throws IOException {
    writer.flush();
    if (writeAwaited && writer.isEmpty()) {
      writeAwaited = false;
      var _ = watch();
      receiver.writable(this);
    }
  }

  private void end(@Nullable IOException cause) {
    if (!open) {
      return;
    }
    open = false;
    if (registration != null) {
      registration.cancel();
    }
    device.close();
    reader.close();
    writer.close();
    if (cause == null) {
      closed.setSuccess(null);
    } else {
      closed.setFailure(cause);
    }
  }

  /// What the event loop knows of the link.
  private final class Handle implements EpollIoHandle {

    private final FileDescriptor descriptor = new FileDescriptor(device.descriptor());

    @Override
    public FileDescriptor fd() {
      return descriptor;
    }

    @Override
    public void handle(IoRegistration registration, IoEvent event) {
      if (open) {
        ready(((EpollIoEvent) event).ops());
      }
    }

    @Override
    public void close() {
      end(null);
    }
  }
}
