package io.penstock.transport.quic;

import io.netty.channel.ChannelHandler;

/// What runs on a connection and on the streams that its peer opens.
///
/// Both serve many channels, so each is sharable or a `ChannelInitializer`. A connection becomes
/// active when it is established; datagrams come to it as `ByteBuf`s.
///
/// @param connection added to each connection before its handshake
/// @param stream added to each stream that the peer opens
public record QuicHandlers(ChannelHandler connection, ChannelHandler stream) {}
