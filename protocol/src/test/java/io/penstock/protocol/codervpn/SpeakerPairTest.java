package io.penstock.protocol.codervpn;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Message;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.penstock.protocol.codervpn.message.ManagerMessage;
import io.penstock.protocol.codervpn.message.TunnelMessage;
import io.penstock.testkit.SeededRandom;
import io.penstock.testkit.Seeds;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// Our two ends with each other: whatever they ask and say, in whatever pieces it travels, each
/// call ends once, notices keep their order, and a stop ends it all.
@ExtendWith(End.CloseAll.class)
class SpeakerPairTest {

  private static final int RUNS = 300;

  @Test
  void any_conversation_in_any_pieces_ends_in_good_order() {
    Seeds.forEach(RUNS, seed -> new Conversation(new SeededRandom(seed)).run());
  }

  private static final class Conversation {

    private final SeededRandom random;
    private final End<ManagerMessage, TunnelMessage> manager;
    private final End<TunnelMessage, ManagerMessage> tunnel;
    private final List<Long> managerCalls = new ArrayList<>();
    private final List<Long> tunnelCalls = new ArrayList<>();
    private final List<Long> answeredToManager = new ArrayList<>();
    private final List<Long> answeredToTunnel = new ArrayList<>();
    private final List<String> logs = new ArrayList<>();
    private final List<String> heard = new ArrayList<>();

    Conversation(SeededRandom random) {
      this.random = random;
      this.manager =
          End.manager(
              SpeakerConfig.manager()
                  .header(random.oneOf(List.of(HeaderChoice.ORIGINAL, HeaderChoice.CURRENT)))
                  .build());
      this.tunnel = End.tunnel(SpeakerConfig.tunnel().maxWaitingBytes(1024).build());
    }

    void run() {
      exchangeHeaders();
      for (int step = random.between(1, 60); step > 0; step--) {
        act();
      }
      managerCalls.add(call(manager, Samples.STOP));
      for (int turn = 0; turn < 10; turn++) {
        travel();
      }
      manager.inputEnded();
      tunnel.inputEnded();
      travel();

      assertThat(manager.end()).isEqualTo(SpeakerEnd.Orderly.STOPPED);
      assertThat(tunnel.end()).isEqualTo(SpeakerEnd.Orderly.STOPPED);
      assertThat(answeredToManager).containsExactlyElementsOf(managerCalls);
      assertThat(answeredToTunnel).containsExactlyInAnyOrderElementsOf(tunnelCalls);
      assertThat(heard).isEqualTo(logs);
    }

    private void exchangeHeaders() {
      tunnel.receive(manager.output());
      manager.receive(tunnel.output());
      assertThat(manager.takeEvents()).isEqualTo(tunnel.takeEvents()).hasSize(1);
    }

    private void act() {
      switch (random.between(0, 4)) {
        case 0 -> managerCalls.add(call(manager, Samples.GET_PEER_UPDATE));
        case 1 -> managerCalls.add(call(manager, Samples.START));
        case 2 -> tunnelCalls.add(call(tunnel, Samples.SETTINGS));
        case 3 -> {
          String text = "x".repeat(random.magnitude(0, 2000)) + logs.size();
          assertThat(tunnel.speaker.send(Samples.log(text), tunnel.now)).isEmpty();
          logs.add(text);
        }
        default -> travel();
      }
    }

    private static <S extends Message, R extends Message> long call(End<S, R> end, S request) {
      return end.speaker.call(request, 3600 * End.SECOND, end.now)
              instanceof CallStart.Waiting(long call)
          ? call
          : -1;
    }

    /// Everything said so far reaches the other end, in pieces.
    private void travel() {
      pieces(manager.output()).forEach(tunnel::receive);
      handleAtTunnel();
      pieces(tunnel.output()).forEach(manager::receive);
      handleAtManager();
    }

    private List<byte[]> pieces(byte[] whole) {
      List<byte[]> pieces = new ArrayList<>();
      for (ByteBuf piece : random.split(Unpooled.wrappedBuffer(whole))) {
        pieces.add(piece.array());
      }
      return pieces;
    }

    private void handleAtTunnel() {
      for (var events = tunnel.takeEvents(); !events.isEmpty(); events = tunnel.takeEvents()) {
        for (SpeakerEvent<ManagerMessage> event : events) {
          switch (event) {
            case SpeakerEvent.Request<ManagerMessage>(long ticket, ManagerMessage request) ->
                tunnel.speaker.reply(ticket, response(request), tunnel.now);
            case SpeakerEvent.Replied<ManagerMessage>(long call, _) -> answeredToTunnel.add(call);
            case SpeakerEvent.CallFailed<ManagerMessage>(long call, _) ->
                answeredToTunnel.add(call);
            case SpeakerEvent.Closed<ManagerMessage> closed -> {
              tunnel.events.add(closed);
              return;
            }
            default -> {}
          }
        }
      }
    }

    private static TunnelMessage response(ManagerMessage request) {
      return switch (request.getMsgCase()) {
        case START -> Samples.STARTED;
        case STOP -> Samples.STOPPED;
        default -> Samples.NO_PEERS;
      };
    }

    private void handleAtManager() {
      for (var events = manager.takeEvents(); !events.isEmpty(); events = manager.takeEvents()) {
        for (SpeakerEvent<TunnelMessage> event : events) {
          switch (event) {
            case SpeakerEvent.Request<TunnelMessage>(long ticket, _) ->
                manager.speaker.reply(ticket, ManagerMessage.getDefaultInstance(), manager.now);
            case SpeakerEvent.Notice<TunnelMessage>(long ticket, TunnelMessage notice) -> {
              heard.add(notice.getLog().getMessage());
              manager.speaker.release(ticket, manager.now);
            }
            case SpeakerEvent.Replied<TunnelMessage>(long call, _) -> answeredToManager.add(call);
            case SpeakerEvent.CallFailed<TunnelMessage>(long call, _) ->
                answeredToManager.add(call);
            case SpeakerEvent.Closed<TunnelMessage> closed -> {
              manager.events.add(closed);
              return;
            }
            default -> {}
          }
        }
      }
    }
  }
}
