package io.penstock.protocol.kcp;

import io.penstock.protocol.Bounds;

/// The knobs of a KCP session.
///
/// Nothing here is negotiated: each end has its own, and all of them work with each other. Names
/// are KCP's own. Memory of one session is at most [#sendBufferBytes] plus [#receiveBufferBytes]
/// plus one datagram.
///
/// @param nodelay retransmit sooner: a timeout of at least 30 ms that grows by half, where
///   otherwise it is at least 100 ms and doubles
/// @param intervalMillis how long an acknowledgement may wait for company, 1 to 5000
/// @param resend how many later segments must be acknowledged before a missing one is sent again
///   without waiting for its timeout; 0 turns that off
/// @param nc no congestion window: send whatever the two windows allow
/// @param sndWnd most segments in flight, 1 to 32768
/// @param rcvWnd most segments held for the reader, 1 to 32768
/// @param mtu largest datagram that is sent, without IP and UDP headers, 50 to 1500 bytes
/// @param ackNoDelay acknowledge after each batch of datagrams and not only every `intervalMillis`
/// @param sendBufferBytes bound on what is held until it is acknowledged
/// @param receiveBufferBytes bound on what is held until it is read
/// @param deadLinkTransmissions the peer is dead when one segment was sent this often in vain
/// @param silenceMillis the peer is dead when it sends nothing for so long while bytes wait for it
/// @param lingerMillis how long a closed session goes on to deliver what was written before
public record KcpConfig(
    boolean nodelay,
    int intervalMillis,
    int resend,
    boolean nc,
    int sndWnd,
    int rcvWnd,
    int mtu,
    boolean ackNoDelay,
    int sendBufferBytes,
    int receiveBufferBytes,
    int deadLinkTransmissions,
    int silenceMillis,
    int lingerMillis) {

  /// Short, so that a lost segment costs a round trip and little more.
  public static final int DEFAULT_INTERVAL_MILLIS = 10;

  /// Two later segments: one is often mere reordering.
  public static final int DEFAULT_RESEND = 2;

  /// 1.3 MB in flight: 100 Mbit/s at a round trip of 100 ms.
  public static final int DEFAULT_WINDOW_SEGMENTS = 1024;

  /// Fits into the tunnels of mobile and DSL networks without fragments.
  public static final int DEFAULT_MTU = 1350;

  /// Room for a full window of full segments and what they cost on top.
  public static final int DEFAULT_BUFFER_BYTES = 2 * 1024 * 1024;

  /// KCP's own figure; at the capped back-off it takes most of a minute.
  public static final int DEFAULT_DEAD_LINK_TRANSMISSIONS = 20;

  /// Longer than a phone takes to change networks.
  public static final int DEFAULT_SILENCE_MILLIS = 30_000;

  /// A few timeouts: enough for a last record to survive a loss or two.
  public static final int DEFAULT_LINGER_MILLIS = 3_000;

  private static final int MAX_WINDOW_SEGMENTS = 32_768;
  private static final int MIN_BUFFER_BYTES = 16 * 1024;

  public KcpConfig {
    Bounds.requireBetween("kcp.interval_millis", intervalMillis, 1, 5_000);
    Bounds.requireBetween("kcp.resend", resend, 0, 1_000);
    Bounds.requireBetween("kcp.snd_wnd", sndWnd, 1, MAX_WINDOW_SEGMENTS);
    Bounds.requireBetween("kcp.rcv_wnd", rcvWnd, 1, MAX_WINDOW_SEGMENTS);
    Bounds.requireBetween("kcp.mtu", mtu, 50, 1_500);
    Bounds.requireBetween(
        "kcp.send_buffer_bytes", sendBufferBytes, MIN_BUFFER_BYTES, Integer.MAX_VALUE / 2);
    Bounds.requireBetween(
        "kcp.receive_buffer_bytes", receiveBufferBytes, MIN_BUFFER_BYTES, Integer.MAX_VALUE / 2);
    Bounds.requireBetween("kcp.dead_link_transmissions", deadLinkTransmissions, 2, 1_000);
    Bounds.requireBetween("kcp.silence_millis", silenceMillis, 100, 86_400_000);
    Bounds.requireBetween("kcp.linger_millis", lingerMillis, 0, 600_000);
  }

  /// What Penstock uses: quick to retransmit, wide windows, considerate of the network.
  public static KcpConfig defaults() {
    return builder().build();
  }

  /// What kcp-go uses when nobody turns a knob.
  public static KcpConfig kcpGoDefaults() {
    return builder()
        .nodelay(false)
        .intervalMillis(100)
        .resend(0)
        .nc(false)
        .ackNoDelay(false)
        .sndWnd(32)
        .rcvWnd(32)
        .mtu(1400)
        .build();
  }

  public static Builder builder() {
    return new Builder();
  }

  /// The data bytes that one segment carries.
  public int mss() {
    return mtu - KcpHeader.BYTES;
  }

  /// Collects the knobs; those not set keep their defaults.
  public static final class Builder {

    private boolean nodelay = true;
    private int intervalMillis = DEFAULT_INTERVAL_MILLIS;
    private int resend = DEFAULT_RESEND;
    private boolean nc;
    private int sndWnd = DEFAULT_WINDOW_SEGMENTS;
    private int rcvWnd = DEFAULT_WINDOW_SEGMENTS;
    private int mtu = DEFAULT_MTU;
    private boolean ackNoDelay = true;
    private int sendBufferBytes = DEFAULT_BUFFER_BYTES;
    private int receiveBufferBytes = DEFAULT_BUFFER_BYTES;
    private int deadLinkTransmissions = DEFAULT_DEAD_LINK_TRANSMISSIONS;
    private int silenceMillis = DEFAULT_SILENCE_MILLIS;
    private int lingerMillis = DEFAULT_LINGER_MILLIS;

    private Builder() {}

    public Builder nodelay(boolean value) {
      nodelay = value;
      return this;
    }

    public Builder intervalMillis(int value) {
      intervalMillis = value;
      return this;
    }

    public Builder resend(int value) {
      resend = value;
      return this;
    }

    public Builder nc(boolean value) {
      nc = value;
      return this;
    }

    public Builder sndWnd(int value) {
      sndWnd = value;
      return this;
    }

    public Builder rcvWnd(int value) {
      rcvWnd = value;
      return this;
    }

    public Builder mtu(int value) {
      mtu = value;
      return this;
    }

    public Builder ackNoDelay(boolean value) {
      ackNoDelay = value;
      return this;
    }

    public Builder sendBufferBytes(int value) {
      sendBufferBytes = value;
      return this;
    }

    public Builder receiveBufferBytes(int value) {
      receiveBufferBytes = value;
      return this;
    }

    public Builder deadLinkTransmissions(int value) {
      deadLinkTransmissions = value;
      return this;
    }

    public Builder silenceMillis(int value) {
      silenceMillis = value;
      return this;
    }

    public Builder lingerMillis(int value) {
      lingerMillis = value;
      return this;
    }

    public KcpConfig build() {
      return new KcpConfig(
          nodelay,
          intervalMillis,
          resend,
          nc,
          sndWnd,
          rcvWnd,
          mtu,
          ackNoDelay,
          sendBufferBytes,
          receiveBufferBytes,
          deadLinkTransmissions,
          silenceMillis,
          lingerMillis);
    }
  }
}
