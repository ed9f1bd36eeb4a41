package io.penstock.node.serve;

import io.penstock.transport.relay.Authority;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// What a [ServeConfig] means: what each port serves.
///
/// Blocks of control connections come before the rest, port by port and host by host. A port
/// without anything to do is not served.
///
/// @param ports what they serve
public record ServePlan(SortedMap<Integer, ServedPort> ports) {

  /// Nothing is served.
  public static final ServePlan EMPTY = new ServePlan(new TreeMap<>());

  /// What to do about fields that are kept and not served.
  public enum Unsupported {
    /// They are an error.
    REFUSE,
    /// They are kept, and nothing comes of them.
    IGNORE
  }

  public ServePlan {
    ports = Collections.unmodifiableSortedMap(new TreeMap<>(ports));
  }

  /// Reads the meaning of a config.
  ///
  /// @throws ServeException `INVALID` or `UNSUPPORTED`, naming the field
  public static ServePlan of(ServeConfig config, Unsupported unsupported) throws ServeException {
    if (unsupported == Unsupported.REFUSE) {
      refuseUnsupported(config);
    }
    for (var block : config.foreground().entrySet()) {
      if (!block.getValue().foreground().isEmpty()) {
        throw invalid("Foreground.%s has a Foreground of its own".formatted(block.getKey()));
      }
      if (unsupported == Unsupported.REFUSE) {
        refuseUnsupported(block.getValue());
      }
    }
    List<ServeConfig> inOrder = new ArrayList<>(config.foreground().values());
    inOrder.add(config);
    SitesByPort sites = new SitesByPort(inOrder);
    SortedMap<Integer, ServedPort> ports = new TreeMap<>();
    for (ServeConfig each : inOrder) {
      for (var entry : each.tcp().entrySet()) {
        int port = entry.getKey();
        ServedPort served = port(port, entry.getValue(), sites);
        if (served != null) {
          ports.putIfAbsent(port, served);
        }
      }
    }
    return new ServePlan(ports);
  }

  private static void refuseUnsupported(ServeConfig config) throws ServeException {
    for (var entry : config.allowFunnel().entrySet()) {
      if (entry.getValue()) {
        throw new ServeException(
            ServeException.Reason.UNSUPPORTED,
            ("AllowFunnel has \"%s\": true, and there is no funnel here; show a site to the public"
                    + " with \"penstock http\", or ignore what is unsupported")
                .formatted(entry.getKey()));
      }
    }
    if (!config.services().isEmpty()) {
      throw new ServeException(
          ServeException.Reason.UNSUPPORTED,
          ("Services has \"%s\", and services are not supported here; serve it on a port of the"
                  + " node, or ignore what is unsupported")
              .formatted(config.services().firstKey()));
    }
  }

  private static @Nullable ServedPort port(int port, TcpPortHandler handler, SitesByPort sites)
      throws ServeException {
    String at = "TCP." + port;
    boolean accept = handler.penstock().accept();
    boolean forward = !handler.tcpForward().isEmpty();
    int kinds = count(handler.https(), handler.http(), forward, accept);
    if (kinds > 1) {
      throw invalid(at + " has more than one of HTTPS, HTTP, TCPForward and Penstock.Accept");
    }
    boolean bytes = forward || accept;
    if (!bytes && !handler.terminateTls().isEmpty()) {
      throw invalid(at + ".TerminateTLS is only allowed with TCPForward or Penstock.Accept");
    }
    if (!forward && handler.proxyProtocol() != 0) {
      throw invalid(at + ".ProxyProtocol is only allowed with TCPForward");
    }
    if (kinds == 0) {
      return null;
    }
    if (!bytes) {
      return new ServedPort.Web(handler.https(), sites(sites.of(port)));
    }
    return new ServedPort.Bytes(
        tlsName(at, handler.terminateTls()),
        accept ? new ServeTarget.Accept() : forward(at, handler));
  }

  private static int count(boolean... flags) {
    int set = 0;
    for (boolean flag : flags) {
      set += flag ? 1 : 0;
    }
    return set;
  }

  private static Optional<String> tlsName(String at, String name) throws ServeException {
    if (name.isEmpty()) {
      return Optional.empty();
    }
    if (!Authority.isValid(name) || name.indexOf(':') >= 0) {
      throw invalid("%s.TerminateTLS is \"%s\", which is no host name".formatted(at, name));
    }
    return Optional.of(Authority.host(name));
  }

  private static ServeTarget.TcpForward forward(String at, TcpPortHandler handler)
      throws ServeException {
    int version = handler.proxyProtocol();
    if (version < 0 || version > 2) {
      throw invalid("%s.ProxyProtocol is %d, allowed are 0, 1 and 2".formatted(at, version));
    }
    SocketAddress to;
    try {
      to = BackendAddress.parse(handler.tcpForward());
    } catch (IllegalArgumentException e) {
      throw invalid(at + ".TCPForward", handler.tcpForward(), e);
    }
    if (version != 0 && to instanceof UnixDomainSocketAddress) {
      throw invalid(
          at + ".ProxyProtocol needs a target with an address, and a Unix socket has none");
    }
    return new ServeTarget.TcpForward(to, version);
  }

  private static SortedMap<String, ServeTarget.Mounts> sites(List<SitesByPort.Site> ofPort)
      throws ServeException {
    SortedMap<String, ServeTarget.Mounts> byHost = new TreeMap<>();
    for (SitesByPort.Site site : ofPort) {
      byHost.putIfAbsent(site.host(), mounts(site.key(), site.config()));
    }
    return Collections.unmodifiableSortedMap(byHost);
  }

  private static ServeTarget.Mounts mounts(String key, WebServerConfig site) throws ServeException {
    SortedMap<String, ServeTarget.OfRequest> byMount = new TreeMap<>();
    for (var entry : site.handlers().entrySet()) {
      String mount = entry.getKey();
      if (!mount.startsWith("/")) {
        throw invalid(
            "Web.%s has the mount \"%s\", which has no slash in front".formatted(key, mount));
      }
      byMount.put(mount, target("Web.%s.%s".formatted(key, mount), entry.getValue()));
    }
    return new ServeTarget.Mounts(Collections.unmodifiableSortedMap(byMount));
  }

  /// The order of the original: a text wins over a redirect, that over files, those over a proxy.
  private static ServeTarget.OfRequest target(String at, HttpHandler handler)
      throws ServeException {
    if (handler.penstock().accept()) {
      return new ServeTarget.Accept();
    }
    if (!handler.text().isEmpty()) {
      return new ServeTarget.Text(handler.text());
    }
    if (!handler.redirect().isEmpty()) {
      return redirect(at, handler.redirect());
    }
    if (!handler.path().isEmpty()) {
      return files(at, handler.path());
    }
    if (!handler.proxy().isEmpty()) {
      try {
        return new ServeTarget.Proxy(
            ProxyTarget.parse(handler.proxy()), handler.penstock().stripPrefix());
      } catch (IllegalArgumentException e) {
        throw invalid(at + ".Proxy", handler.proxy(), e);
      }
    }
    return new ServeTarget.Nothing();
  }

  private static ServeTarget.Redirect redirect(String at, String text) throws ServeException {
    ServeTarget.Redirect redirect = ServeTarget.Redirect.parse(text);
    boolean clean = redirect.location().chars().allMatch(c -> c > ' ' && c < 0x7f);
    if (!clean || redirect.location().isEmpty()) {
      throw invalid(
          at
              + ".Redirect is to be a location without spaces, control characters and letters"
              + " that have to be encoded in a URL");
    }
    return redirect;
  }

  private static ServeTarget.Files files(String at, String text) throws ServeException {
    try {
      Path path = Path.of(text);
      if (path.isAbsolute()) {
        return new ServeTarget.Files(path);
      }
    } catch (InvalidPathException _) {
      // It is said below.
    }
    throw invalid(at + ".Path is to be an absolute path of this machine");
  }

  static ServeException invalid(String what) {
    return new ServeException(ServeException.Reason.INVALID, "the serve config says: " + what);
  }

  private static ServeException invalid(String at, String value, IllegalArgumentException why) {
    return invalid("%s is \"%s\", which %s".formatted(at, value, why.getMessage()));
  }
}
