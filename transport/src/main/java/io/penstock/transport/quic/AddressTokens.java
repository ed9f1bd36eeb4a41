package io.penstock.transport.quic;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.quic.QuicTokenHandler;
import java.net.InetSocketAddress;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.function.LongSupplier;
import javax.crypto.Mac;

/// Makes and checks the tokens by which a client proves that it receives at its address (RFC 9000,
/// section 8.1.2).
///
/// ```
///  0       1                9                               41
///  +-------+----------------+-------------------------------+-----------------------------+
///  | key   | issued, nanos  | HMAC-SHA-256                  | original connection id 0..20|
///  +-------+----------------+-------------------------------+-----------------------------+
/// ```
///
/// The HMAC covers the address, the port, the time and the original id. Nothing is kept per client,
/// and nothing else of a connection is made before the token came back. Keys are random and live in
/// memory only: [TokenKeys] replaces them, and is shared by the handlers of all event loops.
///
/// Runs on one event loop.
final class AddressTokens implements QuicTokenHandler {

  static final int MAC_BYTES = 32;
  private static final int HEAD_BYTES = 1 + Long.BYTES;
  private static final int MAX_ID_BYTES = 20;
  private static final int REFUSED = -1;

  private final TokenKeys keys;
  private final long lifetimeNanos;
  private final LongSupplier nanoTime;
  private final Mac mac;
  private final byte[] expected = new byte[MAC_BYTES];
  private final byte[] given = new byte[MAC_BYTES];

  AddressTokens(TokenKeys keys, long lifetimeNanos, LongSupplier nanoTime) {
    this.keys = keys;
    this.lifetimeNanos = lifetimeNanos;
    this.nanoTime = nanoTime;
    try {
      mac = Mac.getInstance(TokenKeys.ALGORITHM);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has " + TokenKeys.ALGORITHM, e);
    }
  }

  @Override
  public boolean writeToken(ByteBuf out, ByteBuf originalId, InetSocketAddress client) {
    long now = nanoTime.getAsLong();
    TokenKeys.Key key = keys.current(now);
    compute(key, client, now, originalId);
    out.writeByte(key.id()).writeLong(now).writeBytes(expected);
    out.writeBytes(originalId, originalId.readerIndex(), originalId.readableBytes());
    return true;
  }

  /// Returns where the original connection id begins in the token, or -1.
  @Override
  public int validateToken(ByteBuf token, InetSocketAddress client) {
    int at = token.readerIndex();
    int idBytes = token.readableBytes() - HEAD_BYTES - MAC_BYTES;
    if (idBytes < 0 || idBytes > MAX_ID_BYTES) {
      return REFUSED;
    }
    long issued = token.getLong(at + 1);
    long now = nanoTime.getAsLong();
    long age = now - issued;
    var key = keys.find(token.getByte(at), now);
    if (key.isEmpty() || age < 0 || age > lifetimeNanos) {
      return REFUSED;
    }
    token.getBytes(at + HEAD_BYTES, given);
    int idAt = HEAD_BYTES + MAC_BYTES;
    compute(key.get(), client, issued, token.slice(at + idAt, idBytes));
    return MessageDigest.isEqual(expected, given) ? idAt : REFUSED;
  }

  @Override
  public int maxTokenLength() {
    return HEAD_BYTES + MAC_BYTES + MAX_ID_BYTES;
  }

  /// Leaves the HMAC in [#expected]; the address is last but one, with its length before it, so
  /// that no two inputs look alike.
  private void compute(TokenKeys.Key key, InetSocketAddress client, long issued, ByteBuf id) {
    try {
      mac.init(key.secret());
      for (int shift = Long.SIZE - Byte.SIZE; shift >= 0; shift -= Byte.SIZE) {
        mac.update((byte) (issued >>> shift));
      }
      byte[] address = client.getAddress().getAddress();
      mac.update((byte) address.length);
      mac.update(address);
      mac.update((byte) (client.getPort() >>> Byte.SIZE));
      mac.update((byte) client.getPort());
      for (int at = id.readerIndex(); at < id.writerIndex(); at++) {
        mac.update(id.getByte(at));
      }
      mac.doFinal(expected, 0);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("a random key and 32 bytes are what HMAC wants", e);
    }
  }
}
