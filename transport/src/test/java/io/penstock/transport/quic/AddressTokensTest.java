package io.penstock.transport.quic;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.Test;

class AddressTokensTest {

  private static final long LIFETIME = Duration.ofSeconds(15).toNanos();
  private static final long PERIOD = Duration.ofHours(1).toNanos();
  private static final InetSocketAddress CLIENT = at("192.0.2.7", 4711);
  private static final byte[] ORIGINAL_ID = {1, 2, 3, 4, 5, 6, 7, 8};
  private static final int REFUSED = -1;

  private final Random random = new Random(1);
  private long now = -5;
  private final TokenKeys keys = new TokenKeys(PERIOD, now, random::nextBytes);
  private final AddressTokens tokens = new AddressTokens(keys, LIFETIME, () -> now);

  @Test
  void a_token_that_comes_back_from_its_address_names_the_original_id() {
    ByteBuf token = token(CLIENT);

    int at = tokens.validateToken(token, CLIENT);

    assertThat(ByteBufUtil.getBytes(token, at, token.readableBytes() - at)).isEqualTo(ORIGINAL_ID);
    assertThat(token.readableBytes()).isLessThanOrEqualTo(tokens.maxTokenLength());
  }

  @Test
  void a_handler_of_another_loop_accepts_it_too() {
    AddressTokens other = new AddressTokens(keys, LIFETIME, () -> now);

    assertThat(other.validateToken(token(CLIENT), CLIENT)).isNotEqualTo(REFUSED);
  }

  @Test
  void a_token_is_worth_nothing_at_another_address_or_port() {
    ByteBuf token = token(CLIENT);

    assertThat(tokens.validateToken(token, at("192.0.2.8", 4711))).isEqualTo(REFUSED);
    assertThat(tokens.validateToken(token, at("192.0.2.7", 4712))).isEqualTo(REFUSED);
    assertThat(tokens.validateToken(token, at("2001:db8::7", 4711))).isEqualTo(REFUSED);
  }

  @Test
  void any_changed_bit_makes_it_a_forgery() {
    ByteBuf token = token(CLIENT);
    for (int bit = 0; bit < token.readableBytes() * Byte.SIZE; bit++) {
      ByteBuf forged = token.copy();
      int at = bit / Byte.SIZE;
      forged.setByte(at, forged.getByte(at) ^ (1 << (bit % Byte.SIZE)));

      assertThat(tokens.validateToken(forged, CLIENT)).as("bit " + bit).isEqualTo(REFUSED);
    }
  }

  @Test
  void a_token_of_any_other_length_is_refused() {
    ByteBuf token = token(CLIENT);
    for (int length = 0; length < token.readableBytes(); length++) {
      assertThat(tokens.validateToken(token.slice(0, length), CLIENT)).isEqualTo(REFUSED);
    }
    ByteBuf longer = Unpooled.wrappedBuffer(token, Unpooled.buffer().writeZero(1));
    assertThat(tokens.validateToken(longer, CLIENT)).isEqualTo(REFUSED);
    ByteBuf huge = Unpooled.wrappedBuffer(new byte[1000]);
    assertThat(tokens.validateToken(huge, CLIENT)).isEqualTo(REFUSED);
  }

  @Test
  void a_token_lives_as_long_as_configured_and_no_longer() {
    ByteBuf token = token(CLIENT);

    now += LIFETIME;
    assertThat(tokens.validateToken(token, CLIENT)).isNotEqualTo(REFUSED);
    now += 1;
    assertThat(tokens.validateToken(token, CLIENT)).isEqualTo(REFUSED);
  }

  @Test
  void a_token_from_the_future_is_refused() {
    ByteBuf token = token(CLIENT);

    now -= 1;

    assertThat(tokens.validateToken(token, CLIENT)).isEqualTo(REFUSED);
  }

  @Test
  void a_new_key_leaves_the_tokens_of_the_last_one_valid() {
    now += PERIOD - 1;
    ByteBuf token = token(CLIENT);

    now += 2;

    assertThat(tokens.validateToken(token, CLIENT)).isNotEqualTo(REFUSED);
    assertThat(token(CLIENT).getByte(0)).isNotEqualTo(token.getByte(0));
  }

  @Test
  void the_key_before_the_last_one_is_gone() {
    AddressTokens lasting = new AddressTokens(keys, 10 * PERIOD, () -> now);
    ByteBuf token = token(CLIENT);

    now += PERIOD;
    assertThat(lasting.validateToken(token, CLIENT)).isNotEqualTo(REFUSED);
    now += PERIOD;
    assertThat(lasting.validateToken(token, CLIENT)).isEqualTo(REFUSED);
  }

  @Test
  void nothing_of_a_long_unused_key_remains() {
    AddressTokens lasting = new AddressTokens(keys, 10 * PERIOD, () -> now);
    ByteBuf token = token(CLIENT);

    now += 3 * PERIOD;

    assertThat(lasting.validateToken(token, CLIENT)).isEqualTo(REFUSED);
  }

  private ByteBuf token(InetSocketAddress client) {
    ByteBuf out = Unpooled.buffer();
    assertThat(tokens.writeToken(out, Unpooled.wrappedBuffer(ORIGINAL_ID), client)).isTrue();
    return out;
  }

  private static InetSocketAddress at(String address, int port) {
    return new InetSocketAddress(InetAddress.ofLiteral(address), port);
  }
}
