/// The contract that every protocol engine keeps.
///
/// An engine is a pure state machine. A driver feeds it bytes and the time, takes what it wants to
/// send, and calls it again when its deadline has come. Exactly one thread calls an engine; which
/// one is the driver's choice. Randomness is injected, buffers are pooled, and whoever takes a
/// buffer owns one release of it.
package io.penstock.protocol;
