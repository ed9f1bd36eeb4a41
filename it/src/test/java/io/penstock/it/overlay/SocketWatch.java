package io.penstock.it.overlay;

import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;

/// Looks at the sockets of a process again and again, on a thread of its own, until it is closed.
final class SocketWatch implements AutoCloseable {

  private static final Duration LIMIT = Duration.ofSeconds(60);

  /// What is done while the sockets are watched.
  @FunctionalInterface
  interface Step {
    void run() throws Exception;
  }

  private final long pid;
  private final CountDownLatch over = new CountDownLatch(1);
  private final CompletableFuture<Set<ProcessSockets.Open>> all = new CompletableFuture<>();
  private final Set<ProcessSockets.Open> seen = ConcurrentHashMap.newKeySet();
  private final AtomicInteger looks = new AtomicInteger();
  private volatile Set<ProcessSockets.Open> last = Set.of();
  private volatile Set<ProcessSockets.Open> meanwhile = ConcurrentHashMap.newKeySet();

  private SocketWatch(long pid) {
    this.pid = pid;
  }

  static SocketWatch start(long pid) {
    SocketWatch watch = new SocketWatch(pid);
    Thread.startVirtualThread(watch::look);
    return watch;
  }

  private void look() {
    try {
      while (!over.await(2, TimeUnit.MILLISECONDS)) {
        Set<ProcessSockets.Open> open = ProcessSockets.of(pid);
        seen.addAll(open);
        meanwhile.addAll(open);
        last = open;
        looks.incrementAndGet();
      }
      all.complete(Set.copyOf(seen));
    } catch (Exception e) {
      all.completeExceptionally(e);
    }
  }

  /// What tells the UDP sockets among some from each other.
  static Set<String> udp(Set<ProcessSockets.Open> sockets) {
    return sockets.stream()
        .filter(each -> each.kind() == ProcessSockets.Kind.UDP)
        .map(ProcessSockets.Open::inode)
        .collect(Collectors.toSet());
  }

  /// Waits until the process has but one UDP socket, and does something.
  ///
  /// @return all that was open in the meantime
  Set<ProcessSockets.Open> steadily(Step step) throws Exception {
    await("one UDP socket").atMost(LIMIT).until(() -> all.isDone() || udp(last).size() == 1);
    Set<ProcessSockets.Open> noted = ConcurrentHashMap.newKeySet();
    meanwhile = noted;
    step.run();
    awaitWholeLook();
    return Set.copyOf(noted);
  }

  /// What is open now has been seen: the look that goes on may have missed it, the next does not.
  void awaitWholeLook() {
    int before = looks.get();
    await("a whole look").atMost(LIMIT).until(() -> all.isDone() || looks.get() >= before + 2);
  }

  /// Stops, and gives all that was ever seen.
  ///
  /// @throws Exception when it could not look any more, as when the process has ended
  Set<ProcessSockets.Open> end() throws Exception {
    close();
    return all.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
  }

  @Override
  public void close() {
    over.countDown();
  }
}
