package io.penstock.gateway.backend;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.LongAdder;

/// What the tunnel server has counted since it started; any thread may read it.
public final class BackendCounters {

  /// What is counted by reason.
  public enum Event {
    /// A connection was refused before it was admitted.
    REFUSED,
    /// An admitted connection ended.
    ENDED
  }

  /// Hears of each reason when it first occurs.
  public interface Watcher {
    /// @param code of the refusal or of the end
    void firstOf(Event event, String code);
  }

  private final List<Watcher> watchers = new CopyOnWriteArrayList<>();
  private final LongAdder admitted = new LongAdder();
  private final Map<String, LongAdder> refused = new ConcurrentHashMap<>();
  private final Map<String, LongAdder> ended = new ConcurrentHashMap<>();

  BackendCounters() {}

  /// Agent connections admitted.
  public long admitted() {
    return admitted.sum();
  }

  /// Agent connections refused, by the code of the refusal.
  public Map<String, Long> refused() {
    return sums(refused);
  }

  /// Admitted connections that ended, by the code of the reason.
  public Map<String, Long> ended() {
    return sums(ended);
  }

  /// Tells the watcher of every new reason from now on, on the thread that counts it.
  public void watch(Watcher watcher) {
    watchers.add(watcher);
  }

  void countAdmitted() {
    admitted.increment();
  }

  void refused(String code) {
    count(Event.REFUSED, refused, code);
  }

  void ended(String code) {
    count(Event.ENDED, ended, code);
  }

  private void count(Event event, Map<String, LongAdder> counts, String code) {
    LongAdder known = counts.get(code);
    if (known == null) {
      LongAdder made = new LongAdder();
      known = counts.putIfAbsent(code, made);
      if (known == null) {
        known = made;
        watchers.forEach(watcher -> watcher.firstOf(event, code));
      }
    }
    known.increment();
  }

  private static Map<String, Long> sums(Map<String, LongAdder> adders) {
    Map<String, Long> sums = new TreeMap<>();
    adders.forEach((code, adder) -> sums.put(code, adder.sum()));
    return sums;
  }
}
