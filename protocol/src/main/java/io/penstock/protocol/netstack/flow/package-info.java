/// Flows that nothing of ours owns yet: the first packets of a TCP connection or of a UDP
/// conversation for which there is no listener wait here until somebody says what to do with them.
///
/// That a flow is decided on before its SYN is answered is what fallback handlers need (accept,
/// refuse, or drop in silence). There is no specification; the limits keep a flood of such flows
/// from costing more than they say. The stack calls it, on its one thread.
package io.penstock.protocol.netstack.flow;
