package io.penstock.testkit.leak;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.util.ResourceLeakDetector;
import io.netty.util.ResourceLeakDetectorFactory;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/// The JUnit extension that fails a test class which leaks a resource that Netty counts: a buffer
/// that is garbage and was never released, or a timer or TLS engine of which the same is true.
///
/// It looks after each top-level class, and once more after the last one, for what was still in use
/// by some thread before. A look is two full garbage collections, some tens of milliseconds. A leak
/// that shows late is blamed on the class during which it shows; its record names the code that
/// made the buffer.
///
/// JUnit makes it before any test class is loaded, by the services file of this module and
/// `junit-platform.properties`. It turns the leak detection of the whole JVM to paranoid.
public final class LeakCheck implements BeforeAllCallback, AfterAllCallback {

  private static final ExtensionContext.Namespace NAMESPACE =
      ExtensionContext.Namespace.create(LeakCheck.class);

  /// More of them seldom say more, and a record may have a hundred lines.
  private static final int MAX_RECORDS_SHOWN = 5;

  private static final LeakDetectors DETECTORS = install();

  private static LeakDetectors install() {
    LeakDetectors detectors = new LeakDetectors();
    ResourceLeakDetectorFactory.setResourceLeakDetectorFactory(detectors);
    ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.PARANOID);
    Unpooled.directBuffer(1).release();
    if (!detectors.watch(ByteBuf.class)) {
      throw new IllegalStateException("Netty's buffers were used before the leak check came");
    }
    return detectors;
  }

  @Override
  public void beforeAll(ExtensionContext context) {
    context
        .getRoot()
        .getStore(NAMESPACE)
        .computeIfAbsent(EndOfRun.class, _ -> new EndOfRun(), EndOfRun.class);
  }

  @Override
  public void afterAll(ExtensionContext context) {
    boolean isTopLevel = context.getParent().equals(Optional.of(context.getRoot()));
    if (isTopLevel) {
      check("until the end of " + context.getDisplayName());
    }
  }

  private static void check(String when) {
    GarbageCollection.run();
    List<String> leaks = DETECTORS.takeLeaks();
    if (!leaks.isEmpty()) {
      throw new AssertionError(
          leaks.stream()
              .limit(MAX_RECORDS_SHOWN)
              .collect(
                  Collectors.joining(
                      "\n", "%d leaked, found %s:%n".formatted(leaks.size(), when), "")));
    }
  }

  /// What JUnit closes after the last test class.
  private static final class EndOfRun implements AutoCloseable {

    @Override
    public void close() {
      check("at the end of the run");
    }
  }
}
