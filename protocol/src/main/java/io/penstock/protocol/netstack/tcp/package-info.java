/// TCP of the user-space stack: connections, listeners, loss recovery, congestion control.
///
/// Specification: RFC 9293, with 1337, 2018, 2883, 3168, 3522, 4821, 5682, 5927, 5961, 6056, 6191,
/// 6298, 6528, 6675, 7323, 8985, 9406, 9438 and 9937; each class names its own. [TcpLayer] owns
/// everything and is called by the stack above on one thread; nothing here knows of IP beyond the
/// addresses and the header that it writes in front of a segment.
package io.penstock.protocol.netstack.tcp;
