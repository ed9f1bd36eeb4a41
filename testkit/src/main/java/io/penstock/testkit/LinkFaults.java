package io.penstock.testkit;

/// What one direction of a link does to datagrams.
///
/// @param loss the share that is lost, 0 to 1
/// @param bursts the share with which a burst begins, in which nothing passes
/// @param burstNanos how long it lasts, at most
/// @param duplication the share that arrives twice
/// @param corruption the share in which a few bits are flipped
/// @param reordering the share that is held back by up to `reorderNanos` more
/// @param delayNanos how long a datagram travels
/// @param jitterNanos how much longer at most, drawn for each datagram; a later one may overtake
/// @param reorderNanos see `reordering`
/// @param mtuBytes what is larger vanishes
/// @param bytesPerSecond what passes per second, 0 for no limit; the rest queues
/// @param queueBytes what may queue before the rest is lost
public record LinkFaults(
    double loss,
    double bursts,
    long burstNanos,
    double duplication,
    double corruption,
    double reordering,
    long delayNanos,
    long jitterNanos,
    long reorderNanos,
    int mtuBytes,
    long bytesPerSecond,
    int queueBytes) {

  private static final long MILLI = 1_000_000L;

  public LinkFaults {
    checkShare("loss", loss);
    checkShare("bursts", bursts);
    checkShare("duplication", duplication);
    checkShare("corruption", corruption);
    checkShare("reordering", reordering);
    if (delayNanos < 0 || jitterNanos < 0 || reorderNanos < 0 || bytesPerSecond < 0) {
      throw new IllegalArgumentException("a delay or rate is negative: " + delayNanos);
    }
  }

  private static void checkShare(String name, double value) {
    if (!(value >= 0 && value <= 1)) {
      throw new IllegalArgumentException(name + " is " + value + ", allowed is 0 to 1");
    }
  }

  /// Delivers everything, in order, `delayMillis` later.
  public static LinkFaults none(long delayMillis) {
    return new LinkFaults(
        0, 0, 0, 0, 0, 0, delayMillis * MILLI, 0, 0, 65_535, 0, Integer.MAX_VALUE);
  }

  public LinkFaults withLoss(double share) {
    return new LinkFaults(
        share,
        bursts,
        burstNanos,
        duplication,
        corruption,
        reordering,
        delayNanos,
        jitterNanos,
        reorderNanos,
        mtuBytes,
        bytesPerSecond,
        queueBytes);
  }

  /// Loses everything for up to `millis` from a share of the datagrams on.
  public LinkFaults withBursts(double share, long millis) {
    return new LinkFaults(
        loss,
        share,
        millis * MILLI,
        duplication,
        corruption,
        reordering,
        delayNanos,
        jitterNanos,
        reorderNanos,
        mtuBytes,
        bytesPerSecond,
        queueBytes);
  }

  public LinkFaults withDuplication(double share) {
    return new LinkFaults(
        loss,
        bursts,
        burstNanos,
        share,
        corruption,
        reordering,
        delayNanos,
        jitterNanos,
        reorderNanos,
        mtuBytes,
        bytesPerSecond,
        queueBytes);
  }

  public LinkFaults withCorruption(double share) {
    return new LinkFaults(
        loss,
        bursts,
        burstNanos,
        duplication,
        share,
        reordering,
        delayNanos,
        jitterNanos,
        reorderNanos,
        mtuBytes,
        bytesPerSecond,
        queueBytes);
  }

  public LinkFaults withReordering(double share, long byMillis) {
    return new LinkFaults(
        loss,
        bursts,
        burstNanos,
        duplication,
        corruption,
        share,
        delayNanos,
        jitterNanos,
        byMillis * MILLI,
        mtuBytes,
        bytesPerSecond,
        queueBytes);
  }

  public LinkFaults withJitter(long millis) {
    return new LinkFaults(
        loss,
        bursts,
        burstNanos,
        duplication,
        corruption,
        reordering,
        delayNanos,
        millis * MILLI,
        reorderNanos,
        mtuBytes,
        bytesPerSecond,
        queueBytes);
  }

  public LinkFaults withMtu(int bytes) {
    return new LinkFaults(
        loss,
        bursts,
        burstNanos,
        duplication,
        corruption,
        reordering,
        delayNanos,
        jitterNanos,
        reorderNanos,
        bytes,
        bytesPerSecond,
        queueBytes);
  }

  public LinkFaults withRate(long bytesEachSecond, int queuedBytes) {
    return new LinkFaults(
        loss,
        bursts,
        burstNanos,
        duplication,
        corruption,
        reordering,
        delayNanos,
        jitterNanos,
        reorderNanos,
        mtuBytes,
        bytesEachSecond,
        queuedBytes);
  }
}
