/// The format of capture files that tcpdump and Wireshark open.
///
/// Specification: draft-ietf-opsawg-pcap (the classic format, not pcapng), link type 101 of the
/// registry of link types. It only writes bytes into a buffer; whoever captures packets knows the
/// time of day and has the file.
package io.penstock.protocol.netstack.pcap;
