/// `java.net.Socket`, `ServerSocket` and `DatagramSocket` over the TCP/IP stack, for blocking code.
///
/// [io.penstock.transport.netstack.socket.StackSockets] makes them. In front of each stands the
/// JDK's own class, which keeps the rules about what may be called when; behind it a core, which is
/// what the JDK calls a `SocketImpl`, with its options in an `OptionStore`. Between the threads
/// that block and the event loop of the stack stand an `Intake` for what comes and an `Outlet` for
/// what goes, with credit in bytes; the only place where a thread ever waits is a `Gate`.
///
/// Called by whoever embeds a stack, on any thread but its event loop.
package io.penstock.transport.netstack.socket;
