package io.penstock.testkit;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;

/// How much the thread that asks has allocated on the heap since it began, for tests of what is to
/// allocate nothing.
public final class AllocatedBytes {

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private AllocatedBytes() {}

  public static long ofThisThread() {
    return THREADS.getCurrentThreadAllocatedBytes();
  }
}
