package io.penstock.node.vpn.os;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.netty.channel.EventLoopGroup;
import io.penstock.api.IpAddress;
import io.penstock.node.vpn.dns.SplitResolver;
import io.penstock.node.vpn.dns.SplitResolverConfig;
import io.penstock.node.vpn.dns.SplitRules;
import io.penstock.node.vpn.os.ReplacedFile.Restored;
import io.penstock.transport.NativeSupport;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
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

  /// What the file said last that was not from us.
  private ResolvConf theirs;

  private List<UndoEntry.File> files = List.of();
  private @Nullable Running running;

  /// The resolver and where it runs.
  private record Running(EventLoopGroup loops, SplitResolver resolver) {}

  private ResolvConfDns(Path resolvConf, SplitResolverConfig config, ResolvConf theirs) {
    this.resolvConf = resolvConf;
    this.config = config;
    this.theirs = theirs;
  }

  /// Reads what is there now, before anything of ours is.
  static ResolvConfDns of(Path resolvConf, SplitResolverConfig config) throws IOException {
    return new ResolvConfDns(resolvConf, config, read(resolvConf));
  }

  private static ResolvConf read(Path resolvConf) throws IOException {
    try {
      return ResolvConf.parse(Files.readString(resolvConf, ISO_8859_1));
    } catch (NoSuchFileException _) {
      return ResolvConf.parse("");
    }
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
    // Whoever has written it since, as a DHCP client does in another network, knows better.
    boolean untouched = !files.isEmpty() && files.getFirst().file().isInPlace();
    ResolvConf rest = untouched ? theirs : read(resolvConf);
    String ours =
        rest.with(config.address().getAddress().getHostAddress(), after.get().searchDomains());
    ReplacedFile file = ReplacedFile.of(resolvConf, ours);
    ReplacedFile kept =
        untouched ? new ReplacedFile(resolvConf, files.getFirst().file().before(), ours) : file;
    return new Change(
        new On(before, after.get(), rest, file, kept), List.of(new UndoEntry.File(file)));
  }

  @Override
  public List<UndoEntry> entries() {
    return List.copyOf(files);
  }

  @Override
  public Set<IpAddress> upstream() {
    return theirs.addresses();
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
            others());
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

  private List<InetSocketAddress> others() {
    return theirs.serversOrDefault().stream()
        .flatMap(server -> socket(server, config.address().getAddress()).stream())
        .toList();
  }

  /// DNS is ours from now on, or with other servers and domains.
  private final class On implements Step {

    private final Optional<OsDns> before;
    private final OsDns after;
    private final ResolvConf rest;
    private final ReplacedFile file;
    private final ReplacedFile kept;
    private final ResolvConf theirsBefore = theirs;
    private final List<UndoEntry.File> filesBefore = files;

    /// @param rest what the file says besides
    /// @param file the change of what is there now
    /// @param kept the change of what was there before anything of ours
    private On(
        Optional<OsDns> before,
        OsDns after,
        ResolvConf rest,
        ReplacedFile file,
        ReplacedFile kept) {
      this.before = before;
      this.after = after;
      this.rest = rest;
      this.file = file;
      this.kept = kept;
    }

    @Override
    public void apply() throws IOException {
      theirs = rest;
      answer(after);
      try {
        file.apply();
      } catch (IOException e) {
        IOException failure =
            new IOException(
                "cannot change %s: %s; with --dns=off it is left alone"
                    .formatted(resolvConf, e.getMessage()),
                e);
        try {
          // It may have failed when our content was there already.
          undo();
        } catch (IOException | RuntimeException left) {
          failure.addSuppressed(left);
        }
        throw failure;
      }
      files = List.of(new UndoEntry.File(kept));
    }

    @Override
    public void undo() throws IOException {
      var _ = file.restore();
      theirs = theirsBefore;
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
    private final List<ReplacedFile> restored = new ArrayList<>();

    private Off(Optional<OsDns> before) {
      this.before = before;
    }

    @Override
    public void apply() throws IOException {
      for (UndoEntry.File entry : filesBefore) {
        if (entry.file().restore() == Restored.DONE) {
          restored.add(entry.file());
        }
      }
      end();
    }

    @Override
    public void undo() throws IOException {
      if (before.isPresent()) {
        answer(before.get());
        for (ReplacedFile file : restored) {
          file.apply();
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
