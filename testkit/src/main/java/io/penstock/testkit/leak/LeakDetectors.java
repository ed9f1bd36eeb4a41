package io.penstock.testkit.leak;

import io.netty.util.ResourceLeakDetector;
import io.netty.util.ResourceLeakDetectorFactory;
import io.netty.util.ResourceLeakTracker;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;

/// Netty's leak detectors, which collect what they find instead of logging it.
///
/// Netty makes one for each kind of resource when its class is loaded. All methods may be called
/// from any thread.
final class LeakDetectors extends ResourceLeakDetectorFactory {

  private final List<Detector<?>> detectors = new CopyOnWriteArrayList<>();
  private final Queue<String> leaks = new ConcurrentLinkedQueue<>();

  /// Whether resources of this type are watched by a detector of ours.
  boolean watch(Class<?> resource) {
    return detectors.stream().anyMatch(detector -> detector.resource.equals(resource));
  }

  /// Returns the records of the leaks that have shown since the last call.
  List<String> takeLeaks() {
    detectors.forEach(Detector::look);
    List<String> taken = new ArrayList<>();
    for (String leak = leaks.poll(); leak != null; leak = leaks.poll()) {
      taken.add(leak);
    }
    return taken;
  }

  @Override
  public <T> ResourceLeakDetector<T> newResourceLeakDetector(
      Class<T> resource, int samplingInterval) {
    Detector<T> detector = new Detector<>(resource, samplingInterval);
    detectors.add(detector);
    return detector;
  }

  @Override
  @SuppressWarnings("deprecation")
  public <T> ResourceLeakDetector<T> newResourceLeakDetector(
      Class<T> resource, int samplingInterval, long maxActive) {
    return newResourceLeakDetector(resource, samplingInterval);
  }

  private final class Detector<T> extends ResourceLeakDetector<T> {

    private final Class<T> resource;

    Detector(Class<T> resource, int samplingInterval) {
      super(resource, samplingInterval);
      this.resource = resource;
    }

    /// A detector looks for leaks only when it is given something new to watch.
    private void look() {
      ResourceLeakDetector<Object> untyped = untyped();
      Object probe = new Object();
      ResourceLeakTracker<Object> tracker = untyped.trackForcibly(probe);
      tracker.close(probe);
    }

    @SuppressWarnings("unchecked")
    private ResourceLeakDetector<Object> untyped() {
      return (ResourceLeakDetector<Object>) this;
    }

    @Override
    protected boolean needReport() {
      return true;
    }

    @Override
    protected void reportTracedLeak(String resourceType, String records) {
      leaks.add(resourceType + " was never released:" + records);
    }

    @Override
    protected void reportUntracedLeak(String resourceType) {
      leaks.add(resourceType + " was never released; nothing was recorded about it");
    }
  }
}
