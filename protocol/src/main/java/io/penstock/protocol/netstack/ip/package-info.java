/// What the stack does with IP packets whatever they carry: which addresses are ours, fragments put
/// together and made, what the link can do, the MTU of paths, and the queue of packets to be sent.
///
/// Specifications: RFC 791, 815, 1122 section 3.3 and 8900 (IPv4), RFC 8200, 5722, 6946 and 7739
/// (IPv6 fragments), RFC 1191 and 8201 (path MTU), RFC 6724 (source addresses). Called by the stack
/// and by its protocols, all on the thread of the stack; nothing here calls back.
package io.penstock.protocol.netstack.ip;
