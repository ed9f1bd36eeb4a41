package io.penstock.transport.codervpn;

import io.netty.channel.ChannelHandler;
import io.penstock.protocol.codervpn.ProtocolVersion;
import io.penstock.protocol.codervpn.Speaker;
import io.penstock.protocol.codervpn.SpeakerConfig;
import io.penstock.protocol.codervpn.SpeakerEnd;
import io.penstock.protocol.codervpn.message.Log;
import io.penstock.protocol.codervpn.message.ManagerMessage;
import io.penstock.protocol.codervpn.message.NetworkSettingsRequest;
import io.penstock.protocol.codervpn.message.NetworkSettingsResponse;
import io.penstock.protocol.codervpn.message.PeerUpdate;
import io.penstock.protocol.codervpn.message.StartRequest;
import io.penstock.protocol.codervpn.message.StartResponse;
import io.penstock.protocol.codervpn.message.StopResponse;
import io.penstock.protocol.codervpn.message.TunnelMessage;
import io.penstock.protocol.codervpn.message.WakeResponse;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The tunnel's end of a stream to a manager.
///
/// Its [#handler] goes last into the pipeline of a channel, before that is connected. All methods
/// may be called from any thread; futures complete on the event loop of the channel and fail with a
/// [CallFailedException]. Nothing is sent once a stop was answered.
public final class TunnelConnection implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(TunnelConnection.class);

  private final SpeakerConnection<TunnelMessage, ManagerMessage> connection;
  private final TunnelHandler handler;

  /// @param handler does what the manager asks
  public TunnelConnection(SpeakerConfig config, TunnelHandler handler) {
    this.handler = handler;
    this.connection = new SpeakerConnection<>(config, Speaker::tunnel, this::handle);
  }

  /// What runs the stream over the channel that it is added to, once.
  public ChannelHandler handler() {
    return connection;
  }

  /// Completes when the headers are exchanged; nothing may be said before.
  public CompletionStage<ProtocolVersion> opened() {
    return connection.opened();
  }

  /// Completes when the stream is over, and says why; the tunnel then stops, for its manager is
  /// gone.
  public CompletionStage<SpeakerEnd> closed() {
    return connection.closed();
  }

  /// Asks the manager to change the system's network settings; the response may be a refusal.
  public CompletableFuture<NetworkSettingsResponse> networkSettings(
      NetworkSettingsRequest request, Duration limit) {
    return connection.call(
        TunnelMessage.newBuilder().setNetworkSettings(request).build(),
        limit,
        reply ->
            reply.hasNetworkSettings()
                ? Optional.of(reply.getNetworkSettings())
                : Optional.empty());
  }

  /// Tells of changed peers; completes when the connection has taken it. Whoever waits for that
  /// before the next update is not refused for want of room. After a failure the manager does not
  /// know of the change.
  public CompletableFuture<Void> peersChanged(PeerUpdate update) {
    return connection.send(TunnelMessage.newBuilder().setPeerUpdate(update).build());
  }

  /// Says something for the manager's log; completes when the connection has taken it.
  public CompletableFuture<Void> log(Log log) {
    return connection.send(TunnelMessage.newBuilder().setLog(log).build());
  }

  /// Ends the stream after what was said before.
  @Override
  public void close() {
    connection.finish();
  }

  private Optional<TunnelMessage> handle(ManagerMessage message) {
    var reply = TunnelMessage.newBuilder();
    switch (message.getMsgCase()) {
      case START -> reply.setStart(start(message.getStart()));
      case STOP -> reply.setStop(stop());
      case GET_PEER_UPDATE -> reply.setPeerUpdate(handler.peers());
      case WAKE -> {
        handler.wake();
        reply.setWake(WakeResponse.getDefaultInstance());
      }
      case NETWORK_SETTINGS, MSG_NOT_SET -> throw new AssertionError(message.getMsgCase());
    }
    return Optional.of(reply.build());
  }

  private StartResponse start(StartRequest request) {
    try {
      return handler.start(request);
    } catch (InterruptedException _) {
      return StartResponse.newBuilder().setErrorMessage("the start was cancelled").build();
    } catch (RuntimeException e) {
      LOG.error("the tunnel did not start", e);
      return StartResponse.newBuilder().setErrorMessage(e.toString()).build();
    }
  }

  private StopResponse stop() {
    try {
      return handler.stop();
    } catch (RuntimeException e) {
      LOG.error("the tunnel did not stop as it should", e);
      return StopResponse.newBuilder().setErrorMessage(e.toString()).build();
    }
  }
}
