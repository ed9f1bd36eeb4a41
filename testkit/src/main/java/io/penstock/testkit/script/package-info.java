/// Packet scripts: what a host is sent, what it is told to do, and what it must send when.
///
/// A script knows no engine. [io.penstock.testkit.script.ScriptRunner] plays it against a
/// [io.penstock.testkit.script.ScriptedHost], which may be a stack in virtual time or anything else
/// that takes and gives packets. Everything runs on the thread of the test.
///
/// **A script** is text. Its first line is a comment with the sentence that it proves. Then come
/// settings (`config NAME VALUE`, `ip 6`, and `kernel yes` or `kernel no: REASON`, whether it is
/// played against the Linux kernel as well), and then one step a line:
///
/// ```
/// TIME [@FLOW] ACTION          # comment
/// ```
///
/// `TIME` is `0.25`, in seconds from the beginning, or `+0.25`, after the step before; without it a
/// step happens together with the one before. A flow is a letter, `@a` when none is named.
///
/// **Segments.** `<` sends one to the host, `>` expects exactly that one next, at exactly that
/// time; whatever the host sends and nobody expects is a failure.
///
/// ```
/// < FLAGS SEQ[:END] [ack N] [win N] [OPTIONS] [MODIFIERS]
/// ```
///
/// `FLAGS` are letters of `SFRPUEW` and `.` for ACK. Numbers count from the initial sequence number
/// of their side, so the first byte is 1. `SEQ:END` is a segment with payload up to `END`; the
/// bytes follow from their place in the stream and are checked on both ways. In an expectation `*`
/// is any number, what is not written is not looked at (PSH only when it is written), and options
/// in brackets are all there may be besides padding, unless the list ends with `...`:
///
/// | Option | Meaning |
/// |---|---|
/// | `mss N`, `ws N`, `sackok`, `nop`, `eol`, `raw HEX` | as they are |
/// | `ts VAL [ECHO]` | the host's stamps count from its first; without `ECHO` the host's last one |
/// | `sack A:B C:D …` | numbers of the side that sent the bytes |
///
/// Modifiers: `badsum` and `badipsum` spoil a checksum, `ce` marks congestion, `ect0` and `notect`
/// expect a mark, `urg N` sets the pointer, `ttl N`, `ipopt HEX` adds IPv4 options, `fromall` comes
/// from the broadcast address, `toall` and `tomany` go to it and to a multicast group.
///
/// **ICMP.** `< icmp KIND [MTU] quote SEQ` with the kinds `net host proto port toobig prohibited
/// ttl quench`; it quotes the last packet that the host sent with that number, or one that it never
/// sent.
///
/// **Shorthand.** `established [rtt S] [win N] [OPTIONS]` is a handshake that the script begins,
/// `connected …` one that the host begins. `port N` lets a flow lead to that port of the host, `isn
/// N` sets the script's own initial number, `reborn` forgets the host's numbers.
///
/// **Calls.** Every other word is for the host, see its documentation. Calls of one moment come to
/// the host before it may send, as those of a program do that is not interrupted.
@org.jspecify.annotations.NullMarked
package io.penstock.testkit.script;
