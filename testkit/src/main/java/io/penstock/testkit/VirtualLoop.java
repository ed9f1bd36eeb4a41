package io.penstock.testkit;

import io.netty.channel.ManualIoEventLoop;
import io.netty.channel.local.LocalIoHandler;
import io.netty.util.concurrent.Ticker;
import java.util.concurrent.TimeUnit;

/// An event loop of Netty in virtual time: it turns when a [SimulatedNetwork] says so, by its clock
/// and on its thread.
///
/// The endpoint that it belongs to says [#nextDeadlineNanos] as its own, and turns it in
/// `onDeadline` and `work`. The clock of the network has to start at 0 or later, as Netty knows no
/// time before that.
public final class VirtualLoop extends ManualIoEventLoop {

  private record Clock(SimulatedNetwork network) implements Ticker {
    @Override
    public long initialNanoTime() {
      return 0;
    }

    @Override
    public long nanoTime() {
      return network.nowNanos();
    }

    @Override
    public void sleep(long delay, TimeUnit unit) {
      throw new IllegalStateException("nobody sleeps in virtual time");
    }
  }

  private final SimulatedNetwork network;

  /// A loop whose thread is the one that calls this.
  public VirtualLoop(SimulatedNetwork network) {
    super(null, Thread.currentThread(), LocalIoHandler.newFactory(), new Clock(network));
    this.network = network;
  }

  /// When the next timer is due, as [SimulatedEndpoint#nextDeadlineNanos] says it.
  public long nextDeadlineNanos() {
    long delay = nextScheduledTaskNano();
    return delay < 0 ? SimulatedEndpoint.NO_DEADLINE : network.nowNanos() + delay;
  }

  /// Does what is due, and says whether that was anything.
  public boolean turn() {
    return runNow() > 0;
  }
}
