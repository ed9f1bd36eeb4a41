package io.penstock.transport.netstack.socket;

import io.penstock.protocol.Deadlines;
import java.io.InterruptedIOException;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jetbrains.lincheck.datastructures.Validate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// The bridge between an event loop and threads that block, under a model checker that tries the
/// ways in which their steps can mix. Whatever they do at once has the results of some order, one
/// after the other; nothing is lost, and nothing is taken twice.
///
/// The checker lets a thread that sleeps wake up at any time, so it says nothing about lost
/// wake-ups; [GateTest] does.
class BridgeModelTest {

  private static ModelCheckingOptions options() {
    return new ModelCheckingOptions()
        .iterations(20)
        .invocationsPerIteration(1_000)
        .threads(3)
        .actorsPerThread(3)
        .actorsBefore(0)
        .actorsAfter(1);
  }

  @Test
  void what_is_taken_in_is_taken_once_and_in_order() {
    options().sequentialSpecification(IntakeInTurn.class).check(IntakeAtOnce.class);
  }

  @Test
  void what_comes_while_it_is_closed_is_discarded_once() {
    // To discard takes a while only where something waits already.
    options()
        .threads(2)
        .actorsBefore(2)
        .actorsPerThread(2)
        .invocationsPerIteration(2_000)
        .sequentialSpecification(IntakeInTurn.class)
        .check(IntakeAtOnce.class);
  }

  /// Things go in on the event loop and come out on any thread.
  public static final class IntakeAtOnce {

    private final AtomicInteger added = new AtomicInteger();
    private final AtomicInteger gone = new AtomicInteger();
    private final AtomicReference<@Nullable Thing> looked = new AtomicReference<>();
    private final AtomicBoolean lost = new AtomicBoolean();
    private final Intake<Thing> intake =
        new Intake<>(() -> false, _ -> 1, 1, () -> {}, this::discard);

    /// One that is no other, though their numbers may be the same.
    private static final class Thing {
      final int number;

      Thing(int number) {
        this.number = number;
      }
    }

    private void discard(Thing thing) {
      gone.incrementAndGet();
      if (looked.get() == thing) {
        lost.set(true);
      }
    }

    @Operation(nonParallelGroup = "event loop")
    public void add(@Param(gen = IntGen.class) int number) {
      added.incrementAndGet();
      intake.add(new Thing(number));
      intake.answered();
    }

    @Operation(nonParallelGroup = "event loop", runOnce = true)
    public void end() {
      intake.end();
    }

    @Operation
    public @Nullable Integer take() {
      intake.enter(Deadlines.NONE);
      try {
        Thing thing = intake.poll();
        if (thing == null) {
          return null;
        }
        gone.incrementAndGet();
        return thing.number;
      } finally {
        intake.exit();
      }
    }

    /// As bytes are read, which are in the way of others until the last one is.
    @Operation
    public @Nullable Integer look() {
      intake.enter(Deadlines.NONE);
      try {
        Thing thing = intake.head();
        if (thing == null) {
          return null;
        }
        looked.set(thing);
        Thing taken = intake.poll();
        looked.set(null);
        if (taken != null) {
          gone.incrementAndGet();
        }
        return thing.number;
      } finally {
        intake.exit();
      }
    }

    @Operation(runOnce = true)
    public void close() {
      intake.close();
    }

    /// What went in was taken or discarded once, or is there; one that is closed has discarded it.
    @Validate
    public void nothingIsLost() {
      while (!intake.isClosed() && take() != null) {
        // It only takes what is there.
      }
      if (added.get() != gone.get()) {
        throw new IllegalStateException(added + " added, " + gone + " taken or discarded");
      }
      if (lost.get()) {
        throw new IllegalStateException("discarded while a thread looked at what waits");
      }
    }
  }

  /// The same, one after the other.
  public static final class IntakeInTurn {

    private final Queue<Integer> things = new ArrayDeque<>();
    private boolean closed;

    public void add(int thing) {
      if (!closed) {
        things.add(thing);
      }
    }

    public void end() {}

    public @Nullable Integer take() {
      return things.poll();
    }

    public @Nullable Integer look() {
      return things.poll();
    }

    public void close() {
      closed = true;
      things.clear();
    }
  }

  @Test
  void what_is_written_is_fetched_once_and_in_order() {
    // Of two threads, more of the ways are tried.
    options()
        .threads(2)
        .invocationsPerIteration(5_000)
        .sequentialSpecification(OutletInTurn.class)
        .check(OutletAtOnce.class);
  }

  /// Bytes go out on any thread and are fetched on the event loop, which looks when it is asked.
  public static final class OutletAtOnce {

    private final AtomicInteger requests = new AtomicInteger();
    private final Outlet outlet = new Outlet(() -> false, 1 << 20, requests::incrementAndGet);
    private int written;
    private int fetched;

    @Operation(nonParallelGroup = "writers")
    public boolean write() throws InterruptedIOException {
      boolean taken = outlet.write(new byte[3], 0, 3);
      written += taken ? 3 : 0;
      return taken;
    }

    @Operation(nonParallelGroup = "event loop")
    public void fetch() {
      if (requests.getAndSet(0) > 0) {
        outlet.begin();
        for (byte[] piece = outlet.next(); piece != null; piece = outlet.next()) {
          fetched += piece.length;
          outlet.taken(piece.length);
        }
      }
    }

    @Operation(runOnce = true)
    public void close() {
      outlet.close();
    }

    /// Whatever was written and not fetched yet, the event loop is asked to fetch.
    @Validate
    public void nothingIsForgotten() {
      fetch();
      if (fetched < written) {
        throw new IllegalStateException(written + " written, " + fetched + " fetched");
      }
    }
  }

  /// The same, one after the other.
  public static final class OutletInTurn {

    private boolean closed;

    public boolean write() {
      return !closed;
    }

    public void fetch() {}

    public void close() {
      closed = true;
    }
  }
}
