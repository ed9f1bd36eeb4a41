/// Packet scripts played against [io.penstock.protocol.netstack.NetStack] in virtual time.
///
/// The scripts are in `src/test/resources/scripts/tcp`; how one is written is said in
/// [io.penstock.testkit.script], what a host may be told in
/// [io.penstock.protocol.netstack.script.NetStackHost]. Expectations follow the RFCs.
@org.jspecify.annotations.NullMarked
package io.penstock.protocol.netstack.script;
