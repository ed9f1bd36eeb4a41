package io.penstock.transport;

import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.IoOps;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.util.concurrent.ThreadAwareExecutor;

/// Netty's epoll for an event loop, under which a socket that waits for nothing stays known to the
/// kernel.
///
/// Netty (4.2.18 and 4.2.19) takes a socket out of epoll when nothing is asked of it, and later
/// changes what is asked as if it were still there, which fails and ends the output of the channel.
/// That is the way of every channel whose peer has ended its half: nothing is left to be read, and
/// the first write that finds the socket full asks to be told. Here such a socket is asked for
/// errors alone, each told once so that a peer that is gone does not keep the loop awake.
///
/// Runs where the handler under it does.
final class SteadyEpoll implements IoHandler {

  /// epoll tells errors and hang-ups unasked (epoll_ctl(2)).
  private static final IoOps ERRORS_ONCE = EpollIoOps.EPOLLERR.with(EpollIoOps.EPOLLET);

  private final IoHandler epoll;

  private SteadyEpoll(IoHandler epoll) {
    this.epoll = epoll;
  }

  static IoHandlerFactory newFactory() {
    IoHandlerFactory epoll = EpollIoHandler.newFactory();
    return new IoHandlerFactory() {
      @Override
      public IoHandler newHandler(ThreadAwareExecutor executor) {
        return new SteadyEpoll(epoll.newHandler(executor));
      }

      @Override
      public boolean isChangingThreadSupported() {
        return epoll.isChangingThreadSupported();
      }
    };
  }

  @Override
  public IoRegistration register(IoHandle handle) throws Exception {
    return new Registration(epoll.register(handle));
  }

  @Override
  public void initialize() {
    epoll.initialize();
  }

  @Override
  public int run(IoHandlerContext context) {
    return epoll.run(context);
  }

  @Override
  public void wakeup() {
    epoll.wakeup();
  }

  @Override
  public void prepareToDestroy() {
    epoll.prepareToDestroy();
  }

  @Override
  public void destroy() {
    epoll.destroy();
  }

  @Override
  public boolean isCompatible(Class<? extends IoHandle> type) {
    return epoll.isCompatible(type);
  }

  private static final class Registration implements IoRegistration {

    private final IoRegistration registration;

    /// A socket that epoll has not seen yet must not be shown to it: before it is connected it
    /// counts as hung up.
    private boolean shown;

    Registration(IoRegistration registration) {
      this.registration = registration;
    }

    @Override
    public long submit(IoOps ops) {
      if (!ops.equals(EpollIoOps.NONE)) {
        shown = true;
      } else if (shown) {
        return registration.submit(ERRORS_ONCE);
      }
      return registration.submit(ops);
    }

    // The interface's own form.
    @SuppressWarnings("TypeParameterUnusedInFormals")
    @Override
    public <T> T attachment() {
      return registration.attachment();
    }

    @Override
    public boolean isValid() {
      return registration.isValid();
    }

    @Override
    public boolean cancel() {
      return registration.cancel();
    }
  }
}
