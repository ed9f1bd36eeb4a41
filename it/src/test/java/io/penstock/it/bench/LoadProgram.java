package io.penstock.it.bench;

import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.penstock.api.HostPort;
import io.penstock.it.bench.TunnelOpener.Invitation;
import io.penstock.it.bench.TunnelOpener.Inviter;
import io.penstock.transport.NativeSupport;
import io.penstock.transport.snaptun.ConnectResult;
import io.penstock.transport.tls.Fingerprint;
import io.penstock.transport.tls.Trust;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The client that is measured and measures: it loads tunnels with packets as it is told line by
/// line.
///
/// Its arguments are `echo SERVER`, for a server that echoes, or `nodes GATEWAY FINGERPRINT TOKEN
/// PREFIX`, for two nodes behind a gateway. It knows the lines `throughput SECONDS`, `latency
/// SECONDS RATE`, `establish COUNT`, `hold COUNT` and `bare COUNT`, and answers each with one.
final class LoadProgram {

  private final MultiThreadIoEventLoopGroup loops = NativeSupport.newEventLoops(2, "bench-load");
  private final TunnelOpener opener = new TunnelOpener();
  private final List<Object> held = new ArrayList<>();
  private final Inviter inviter;
  private final boolean nodes;
  private @Nullable PacketLoad load;

  private LoadProgram(Inviter inviter, boolean nodes) throws IOException {
    this.inviter = inviter;
    this.nodes = nodes;
  }

  static void main(String[] arguments) throws Exception {
    MeasuredProgram program = MeasuredProgram.begin();
    HostPort server = HostPort.parse(arguments[1]);
    boolean nodes = arguments[0].equals("nodes");
    Inviter inviter =
        nodes
            ? TunnelOpener.nodes(
                server,
                new Trust.Pinned(Fingerprint.parse(arguments[2])),
                arguments[3],
                arguments[4])
            : TunnelOpener.anybody(server);
    LoadProgram load = new LoadProgram(inviter, nodes);
    program.say(Map.of("ready", true));
    program.serve(load::answer);
    System.exit(0);
  }

  private Map<String, ?> answer(String[] words) throws Exception {
    return switch (words[0]) {
      case "throughput" ->
          load().throughput(Double.parseDouble(words[1])).toCompletableFuture().get();
      case "latency" ->
          load()
              .latency(Double.parseDouble(words[1]), Double.parseDouble(words[2]))
              .toCompletableFuture()
              .get();
      case "establish" -> establish(Integer.parseInt(words[1]));
      case "hold" -> hold(Integer.parseInt(words[1]));
      case "bare" -> bare(Integer.parseInt(words[1]));
      default -> throw new IllegalArgumentException("unknown line " + words[0]);
    };
  }

  private PacketLoad load() throws Exception {
    PacketLoad open = load;
    if (open == null) {
      EventLoop loop = loops.next();
      List<ConnectResult.Connected> tunnels =
          TunnelOpener.openAll(
              inviter.invitations(nodes ? 2 : 1), invitation -> opener.open(loop, invitation));
      open = new PacketLoad(tunnels.getFirst(), tunnels.getLast());
      open.awaitPath();
      load = open;
    }
    return open;
  }

  private Map<String, ?> establish(int count) throws Exception {
    List<Invitation> invitations = inviter.invitations(count);
    long began = System.nanoTime();
    List<ConnectResult.Connected> tunnels = openTunnels(invitations);
    double seconds = (System.nanoTime() - began) / 1e9;
    for (ConnectResult.Connected tunnel : tunnels) {
      tunnel.control().close(0, "");
    }
    for (ConnectResult.Connected tunnel : tunnels) {
      tunnel.control().closed().toCompletableFuture().join();
    }
    return Map.of("tunnels", count, "seconds", seconds);
  }

  private Map<String, ?> hold(int count) throws Exception {
    held.addAll(openTunnels(inviter.invitations(count)));
    return Map.of("held", held.size());
  }

  private Map<String, ?> bare(int count) throws Exception {
    held.addAll(
        TunnelOpener.openAll(
            inviter.invitations(count), each -> opener.openBare(loops.next(), each)));
    return Map.of("held", held.size());
  }

  private List<ConnectResult.Connected> openTunnels(List<Invitation> invitations) throws Exception {
    return TunnelOpener.openAll(invitations, each -> opener.open(loops.next(), each));
  }
}
