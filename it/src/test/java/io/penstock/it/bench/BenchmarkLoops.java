package io.penstock.it.bench;

import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.util.concurrent.DefaultThreadFactory;

/// The threads on which JMH runs benchmarks: event loops, because the product's packets live on
/// those and the pooled allocator has caches for those alone.
///
/// JMH makes it by its name, which `tools/bench` gives, with the arguments of this constructor.
public final class BenchmarkLoops extends MultiThreadIoEventLoopGroup {

  public BenchmarkLoops(int threads, String name) {
    super(threads, new DefaultThreadFactory(name, true), NioIoHandler.newFactory());
  }
}
