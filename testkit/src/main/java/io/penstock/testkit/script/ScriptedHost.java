package io.penstock.testkit.script;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// A host that a script is played against.
public interface ScriptedHost extends AutoCloseable {

  /// The host's clock, 0 at the beginning of the script.
  long nowNanos();

  /// The next packet that the host sends until then, after which it is that time; null when there
  /// is none.
  byte @Nullable [] nextPacket(long untilNanos);

  /// The packet that the host is expected to send at that time, after which it is that time; null
  /// when it sends none. A host in real time, whose timers are never exact, waits a little longer
  /// and takes what comes close enough for what was expected.
  default byte @Nullable [] packetAt(long atNanos) {
    return nextPacket(atNanos);
  }

  /// How far a timestamp of the host may be from what a script says, in its own ticks.
  default long stampTolerance() {
    return 0;
  }

  /// Gives the host a packet now.
  void inject(byte[] packet);

  /// Tells the host to do something, or asks it.
  ///
  /// @param flow the letter of the flow
  /// @throws AssertionError when the answer is not what the script says
  void call(char flow, String verb, List<String> arguments);

  @Override
  void close();
}
