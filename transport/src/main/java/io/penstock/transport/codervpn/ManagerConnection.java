package io.penstock.transport.codervpn;

import io.netty.channel.ChannelHandler;
import io.penstock.protocol.codervpn.ProtocolVersion;
import io.penstock.protocol.codervpn.Speaker;
import io.penstock.protocol.codervpn.SpeakerConfig;
import io.penstock.protocol.codervpn.SpeakerEnd;
import io.penstock.protocol.codervpn.message.GetPeerUpdate;
import io.penstock.protocol.codervpn.message.ManagerMessage;
import io.penstock.protocol.codervpn.message.NetworkSettingsRequest;
import io.penstock.protocol.codervpn.message.NetworkSettingsResponse;
import io.penstock.protocol.codervpn.message.PeerUpdate;
import io.penstock.protocol.codervpn.message.StartRequest;
import io.penstock.protocol.codervpn.message.StartResponse;
import io.penstock.protocol.codervpn.message.StopRequest;
import io.penstock.protocol.codervpn.message.StopResponse;
import io.penstock.protocol.codervpn.message.TunnelMessage;
import io.penstock.protocol.codervpn.message.WakeRequest;
import io.penstock.protocol.codervpn.message.WakeResponse;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The manager's end of a stream to a tunnel.
///
/// Its [#handler] goes last into the pipeline of a channel, before that is connected. All methods
/// may be called from any thread; futures complete on the event loop of the channel and fail with a
/// [CallFailedException]. To cancel one is to give the call up.
public final class ManagerConnection implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(ManagerConnection.class);

  private final SpeakerConnection<ManagerMessage, TunnelMessage> connection;
  private final ManagerHandler handler;

  /// @param handler does what the tunnel asks
  public ManagerConnection(SpeakerConfig config, ManagerHandler handler) {
    this.handler = handler;
    this.connection = new SpeakerConnection<>(config, Speaker::manager, this::handle);
  }

  /// What runs the stream over the channel that it is added to, once.
  public ChannelHandler handler() {
    return connection;
  }

  /// Completes when the headers are exchanged; nothing may be asked before.
  public CompletionStage<ProtocolVersion> opened() {
    return connection.opened();
  }

  /// Completes when the stream is over, and says why.
  public CompletionStage<SpeakerEnd> closed() {
    return connection.closed();
  }

  /// Starts the tunnel; the response may be a refusal.
  public CompletableFuture<StartResponse> start(StartRequest request, Duration limit) {
    return connection.call(
        ManagerMessage.newBuilder().setStart(request).build(),
        limit,
        reply -> reply.hasStart() ? Optional.of(reply.getStart()) : Optional.empty());
  }

  /// Stops the tunnel, which ends the stream. The oldest Go tunnels end it without a response.
  public CompletableFuture<StopResponse> stop(Duration limit) {
    return connection.call(
        ManagerMessage.newBuilder().setStop(StopRequest.getDefaultInstance()).build(),
        limit,
        reply -> reply.hasStop() ? Optional.of(reply.getStop()) : Optional.empty());
  }

  /// Asks for all peers.
  public CompletableFuture<PeerUpdate> peers(Duration limit) {
    return connection.call(
        ManagerMessage.newBuilder().setGetPeerUpdate(GetPeerUpdate.getDefaultInstance()).build(),
        limit,
        reply -> reply.hasPeerUpdate() ? Optional.of(reply.getPeerUpdate()) : Optional.empty());
  }

  /// Says that the machine has slept; refused without a word to the tunnel if that is older than
  /// version 1.3.
  public CompletableFuture<WakeResponse> wake(Duration limit) {
    return connection.call(
        ManagerMessage.newBuilder().setWake(WakeRequest.getDefaultInstance()).build(),
        limit,
        reply -> reply.hasWake() ? Optional.of(reply.getWake()) : Optional.empty());
  }

  /// Ends the stream; the tunnel is not asked to stop, and does so as its manager is gone.
  @Override
  public void close() {
    connection.finish();
  }

  private Optional<ManagerMessage> handle(TunnelMessage message) {
    return switch (message.getMsgCase()) {
      case NETWORK_SETTINGS ->
          Optional.of(
              ManagerMessage.newBuilder()
                  .setNetworkSettings(networkSettings(message.getNetworkSettings()))
                  .build());
      case PEER_UPDATE -> {
        handler.peersChanged(message.getPeerUpdate());
        yield Optional.empty();
      }
      case LOG -> {
        handler.log(message.getLog());
        yield Optional.empty();
      }
      case START, STOP, WAKE, MSG_NOT_SET -> throw new AssertionError(message.getMsgCase());
    };
  }

  private NetworkSettingsResponse networkSettings(NetworkSettingsRequest request) {
    try {
      return handler.networkSettings(request);
    } catch (RuntimeException e) {
      LOG.error("the network settings failed", e);
      return NetworkSettingsResponse.newBuilder().setErrorMessage(e.toString()).build();
    }
  }
}
