package io.penstock.gateway.backend;

import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/// What the tunnel server has counted since it started; any thread may read it.
public final class BackendCounters {

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

  void countAdmitted() {
    admitted.increment();
  }

  void refused(String code) {
    refused.computeIfAbsent(code, _ -> new LongAdder()).increment();
  }

  void ended(String code) {
    ended.computeIfAbsent(code, _ -> new LongAdder()).increment();
  }

  private static Map<String, Long> sums(Map<String, LongAdder> adders) {
    Map<String, Long> sums = new TreeMap<>();
    adders.forEach((code, adder) -> sums.put(code, adder.sum()));
    return sums;
  }
}
