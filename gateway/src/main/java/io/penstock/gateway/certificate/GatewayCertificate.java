package io.penstock.gateway.certificate;

import java.io.IOException;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/// The certificate of the gateway itself, by which agents know it on the tunnel port.
///
/// It is kept in the data directory and made anew at a start when the authority, the names or the
/// addresses of this machine are no longer those in it, or when less than a third of its life is
/// left.
public final class GatewayCertificate {

  private static final String CERTIFICATE_FILE = "gateway.crt";
  private static final String KEY_FILE = "gateway.key";

  /// A gateway that runs on without a restart has this long at least.
  private static final Duration RENEW_BEFORE = Duration.ofDays(120);

  private GatewayCertificate() {}

  /// Reads the certificate, or has the authority issue it.
  ///
  /// @param hostname the configured public name of the gateway, if there is one
  public static Identity loadOrIssue(
      Path directory, CertificateAuthority authority, Optional<String> hostname, Clock clock)
      throws IOException {
    Path certificateFile = directory.resolve(CERTIFICATE_FILE);
    Path keyFile = directory.resolve(KEY_FILE);
    List<String> names = names(hostname);
    List<InetAddress> addresses = addresses();
    if (Files.exists(certificateFile) && Files.exists(keyFile)) {
      Identity kept = Pem.read(certificateFile, keyFile);
      if (stillGood(kept, authority, names, addresses, clock)) {
        return kept;
      }
    }
    Identity fresh = authority.issue(names, addresses);
    Pem.writeKey(keyFile, fresh.key());
    Pem.writeChain(certificateFile, fresh.chain());
    return fresh;
  }

  private static boolean stillGood(
      Identity kept,
      CertificateAuthority authority,
      List<String> names,
      List<InetAddress> addresses,
      Clock clock) {
    X509Certificate leaf = kept.chain().getFirst();
    try {
      leaf.verify(authority.certificate().getPublicKey());
      Set<String> covered = new LinkedHashSet<>();
      Collection<List<?>> alternatives = leaf.getSubjectAlternativeNames();
      if (alternatives != null) {
        alternatives.forEach(name -> covered.add(String.valueOf(name.get(1))));
      }
      Set<String> wanted = new LinkedHashSet<>(names);
      addresses.forEach(address -> wanted.add(CertificateAuthority.literal(address)));
      return kept.chain().getLast().equals(authority.certificate())
          && covered.containsAll(wanted)
          && leaf.getNotAfter().toInstant().isAfter(clock.instant().plus(RENEW_BEFORE));
    } catch (GeneralSecurityException _) {
      return false;
    }
  }

  private static List<String> names(Optional<String> hostname) {
    Set<String> names = new LinkedHashSet<>();
    hostname.ifPresent(name -> names.add(name.toLowerCase(Locale.ROOT)));
    names.add("localhost");
    try {
      String own = InetAddress.getLocalHost().getHostName().toLowerCase(Locale.ROOT);
      if (own.matches("[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")) {
        names.add(own);
      }
    } catch (UnknownHostException _) {
      // A machine without a name is reached by its addresses.
    }
    return List.copyOf(names);
  }

  private static List<InetAddress> addresses() throws SocketException {
    List<InetAddress> addresses = new ArrayList<>();
    addresses.add(InetAddress.ofLiteral("127.0.0.1"));
    addresses.add(InetAddress.ofLiteral("::1"));
    for (NetworkInterface each : NetworkInterface.networkInterfaces().toList()) {
      if (each.isUp() && !each.isLoopback()) {
        each.inetAddresses().filter(a -> !a.isLinkLocalAddress()).forEach(addresses::add);
      }
    }
    return List.copyOf(addresses);
  }
}
