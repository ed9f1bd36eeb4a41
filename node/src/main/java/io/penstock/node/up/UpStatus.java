package io.penstock.node.up;

/// How a machine's overlay interface is doing.
public sealed interface UpStatus {

  /// It is being made.
  ///
  /// @param step what is done now, for people, such as `starting the tunnel`
  record Starting(String step) implements UpStatus {}

  /// A tunnel process carries its packets.
  record Up() implements UpStatus {}

  /// The tunnel process has ended by itself; the interface, its addresses and routes stay.
  ///
  /// @param why for people
  record Restarting(String why) implements UpStatus {}

  /// It is over, and what was done to the machine is taken back.
  ///
  /// @param why for people; empty when that was asked for
  record Down(String why) implements UpStatus {}
}
