package io.penstock.node.vpn.os;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.netty.channel.EventLoopGroup;
import io.penstock.api.IpAddress;
import io.penstock.node.vpn.dns.SplitResolver;
import io.penstock.node.vpn.dns.SplitResolverConfig;
import io.penstock.node.vpn.dns.SplitRules;
import io.penstock.transport.NativeSupport;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// DNS by a resolver of our own, which `resolv.conf` names as the only one: it asks the servers of
/// the overlay for names of the overlay, and the servers that the file named before for all others.
///
/// It stays the only one named there. Programs would ask a second one for names of the overlay
/// whenever the first does not answer.
final class ResolvConfDns implements HostDns {

  private static final int DNS_PORT = 53;
  private static final Duration END_LIMIT = Duration.ofSeconds(5);

  private final Path resolvConf;
  private final SplitResolverConfig config;
  private final List<InetSocketAddress> others;
  private final Set<IpAddress> upstream;
  private final ResolvConf previous;

  private List<UndoEntry.File> files = List.of();
  private @Nullable Running running;

  /// The resolver and where it runs.
  private record Running(EventLoopGroup loops, SplitResolver resolver) {}

  private ResolvConfDns(Path resolvConf, SplitResolverConfig config, ResolvConf previous) {
    this.resolvConf = resolvConf;
    this.config = config;
    this.previous = previous;
    this.upstream = previous.addresses();
    this.others =
        previous.servers().stream()
            .flatMap(server -> socket(server, config.address().getAddress()).stream())
            .toList();
  }

  /// Reads what is there now, before anything of ours is.
  static ResolvConfDns of(Path resolvConf, SplitResolverConfig config) throws IOException {
    String content;
    try {
      content = Files.readString(resolvConf, ISO_8859_1);
    } catch (NoSuchFileException _) {
      content = "";
    }
    return new ResolvConfDns(resolvConf, config, ResolvConf.parse(content));
  }

  /// A server that is not ourselves, as the C library understands it: addresses alone.
  private static Optional<InetSocketAddress> socket(String server, InetAddress ourselves) {
    try {
      InetAddress address = InetAddress.ofLiteral(server);
      return address.equals(ourselves)
          ? Optional.empty()
          : Optional.of(new InetSocketAddress(address, DNS_PORT));
    } catch (IllegalArgumentException _) {
      return Optional.empty();
    }
  }

  @Override
  public Change change(Optional<OsDns> before, Optional<OsDns> after) throws IOException {
    if (after.isEmpty()) {
      return new Change(new Off(before), List.of());
    }
    String ours =
        previous.with(config.address().getAddress().getHostAddress(), after.get().searchDomains());
    ReplacedFile file = ReplacedFile.of(resolvConf, ours);
    return new Change(new On(before, after.get(), file), List.of(new UndoEntry.File(file)));
  }

  @Override
  public List<UndoEntry> entries() {
    return List.copyOf(files);
  }

  @Override
  public Set<IpAddress> upstream() {
    return upstream;
  }

  @Override
  public void end() {
    files = List.of();
    Running ended = running;
    running = null;
    if (ended != null) {
      ended.resolver().close();
      NativeSupport.endEventLoops(ended.loops(), END_LIMIT).awaitUninterruptibly();
    }
  }

  private void answer(OsDns dns) throws IOException {
    SplitRules rules =
        new SplitRules(
            dns.zones(),
            dns.servers().stream()
                .map(server -> new InetSocketAddress(server.inet(), DNS_PORT))
                .toList(),
            others);
    if (running != null) {
      running.resolver().change(rules);
      return;
    }
    EventLoopGroup loops = NativeSupport.newEventLoops(1, "penstock-dns");
    try {
      running = new Running(loops, SplitResolver.start(loops.next(), config, rules));
    } catch (IOException e) {
      NativeSupport.endEventLoops(loops, END_LIMIT);
      throw e;
    }
  }

  /// DNS is ours from now on, or with other servers and domains.
  private final class On implements Step {

    private final Optional<OsDns> before;
    private final OsDns after;
    private final ReplacedFile file;
    private final List<UndoEntry.File> filesBefore = files;

    private On(Optional<OsDns> before, OsDns after, ReplacedFile file) {
      this.before = before;
      this.after = after;
      this.file = file;
    }

    @Override
    public void apply() throws IOException {
      answer(after);
      try {
        file.apply();
      } catch (IOException e) {
        back();
        throw new IOException(
            "cannot change %s: %s; with --dns=off it is left alone"
                .formatted(resolvConf, e.getMessage()),
            e);
      }
      ReplacedFile.Before original =
          files.isEmpty() ? file.before() : files.getFirst().file().before();
      files = List.of(new UndoEntry.File(new ReplacedFile(resolvConf, original, file.ours())));
    }

    @Override
    public void undo() throws IOException {
      var _ = file.restore();
      back();
    }

    private void back() throws IOException {
      if (before.isPresent()) {
        answer(before.get());
      } else {
        end();
      }
      files = filesBefore;
    }

    @Override
    public String toString() {
      return "name our own resolver in " + resolvConf;
    }
  }

  /// DNS is as it was.
  private final class Off implements Step {

    private final Optional<OsDns> before;
    private final List<UndoEntry.File> filesBefore = files;

    private Off(Optional<OsDns> before) {
      this.before = before;
    }

    @Override
    public void apply() throws IOException {
      for (UndoEntry.File entry : filesBefore) {
        var _ = entry.file().restore();
      }
      end();
    }

    @Override
    public void undo() throws IOException {
      if (before.isPresent()) {
        answer(before.get());
        for (UndoEntry.File entry : filesBefore) {
          entry.file().apply();
        }
        files = filesBefore;
      }
    }

    @Override
    public String toString() {
      return "restore " + resolvConf;
    }
  }
}
