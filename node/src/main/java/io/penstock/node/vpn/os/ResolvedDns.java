package io.penstock.node.vpn.os;

import static io.penstock.node.vpn.os.IpStep.words;
import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.penstock.api.IpAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/// DNS by systemd-resolved, which keeps servers and zones for each interface and forgets them with
/// it: nothing is ever to be taken back.
final class ResolvedDns implements HostDns {

  /// Where it listens, which is what `resolv.conf` names when programs use it.
  static final Set<String> STUBS = Set.of("127.0.0.53", "127.0.0.54");

  private final Command resolvectl;
  private final String link;

  private ResolvedDns(Command resolvectl, String link) {
    this.resolvectl = resolvectl;
    this.link = link;
  }

  /// That of this machine.
  ///
  /// @param resolvConf tells whether programs ask it
  /// @return empty when it does not run, or is not what programs ask
  static Optional<HostDns> find(String link, Path resolvConf) throws IOException {
    Optional<Command> program = Command.find("resolvectl");
    if (program.isEmpty() || !Files.isReadable(resolvConf)) {
      return Optional.empty();
    }
    boolean asked =
        ResolvConf.parse(Files.readString(resolvConf, ISO_8859_1)).servers().stream()
            .anyMatch(STUBS::contains);
    if (!asked || !program.get().run(List.of("--no-pager", "dns")).isSuccess()) {
      return Optional.empty();
    }
    return Optional.of(new ResolvedDns(program.get(), link));
  }

  @Override
  public Change change(Optional<OsDns> before, Optional<OsDns> after) {
    return new Change(new LinkDns(before, after), List.of());
  }

  @Override
  public List<UndoEntry> entries() {
    return List.of();
  }

  @Override
  public Set<IpAddress> upstream() throws IOException {
    Set<IpAddress> servers = new LinkedHashSet<>();
    resolvectl
        .require(List.of("--no-pager", "dns"))
        .lines()
        .filter(line -> !line.contains("(" + link + ")"))
        .flatMap(line -> Stream.of(line.split("\\s+", -1)))
        .forEach(word -> ResolvConf.address(word).ifPresent(servers::add));
    return servers;
  }

  @Override
  public void end() {}

  /// What the interface is given. The zones are routes for names (`~`); the interface is asked for
  /// no others.
  private final class LinkDns implements Step {

    private final Optional<OsDns> before;
    private final Optional<OsDns> after;

    private LinkDns(Optional<OsDns> before, Optional<OsDns> after) {
      this.before = before;
      this.after = after;
    }

    @Override
    public void apply() throws IOException {
      set(after);
    }

    @Override
    public void undo() throws IOException {
      set(before);
    }

    private void set(Optional<OsDns> dns) throws IOException {
      if (dns.isEmpty()) {
        var _ = resolvectl.require(List.of("revert", link));
        return;
      }
      List<String> zones = dns.get().zones().stream().map(zone -> "~" + zone).toList();
      List<IpAddress> servers = dns.get().servers();
      resolvectl.require(words("dns", link, servers.isEmpty() ? List.of("") : servers));
      resolvectl.require(words("domain", link, zones, dns.get().searchDomains()));
      resolvectl.require(words("default-route", link, "false"));
    }

    @Override
    public String toString() {
      return "resolvectl dns " + link + " " + after;
    }
  }
}
