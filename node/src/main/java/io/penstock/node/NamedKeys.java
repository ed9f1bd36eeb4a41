package io.penstock.node;

import io.penstock.node.serve.CertificateSource;
import java.io.IOException;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SNIServerName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;

/// Shows the certificates of a [CertificateSource] in handshakes of the JDK's TLS, by the name that
/// the visitor asks for (RFC 6066 section 3).
///
/// A visitor who asks for another name than those given, or for none, gets no certificate, and the
/// handshake fails. The source is asked again when what it gave is ten seconds old; while it fails,
/// what it gave before is shown. Safe for use by several threads; blocks as the source does.
final class NamedKeys extends X509ExtendedKeyManager {

  private static final long FRESH_NANOS = Duration.ofSeconds(10).toNanos();

  /// What is shown, and what was shown before, which a handshake may be about to fetch.
  private static final int KEPT = 2;

  /// What is shown under a name.
  ///
  /// @param number counts the certificates of the name, so that an alias means one of them for ever
  private record Shown(CertificateSource.Certificate certificate, int number, long atNanos) {}

  private record Alias(String name, int number) {

    /// A name has no space.
    @Override
    public String toString() {
      return number + " " + name;
    }

    static Alias parse(String text) {
      int space = text.indexOf(' ');
      return new Alias(text.substring(space + 1), Integer.parseInt(text.substring(0, space)));
    }
  }

  private final CertificateSource source;
  private final LongSupplier nanos;

  /// By name, the newest first. Guarded by this.
  private final Map<String, List<Shown>> shown = new HashMap<>();

  private NamedKeys(CertificateSource source, LongSupplier nanos) {
    this.source = source;
    this.nanos = nanos;
  }

  /// The TLS of a listener that has these names and no others; blocks until each has its
  /// certificate.
  ///
  /// @throws IOException when one has none, with the reason
  static ListenerTls tls(CertificateSource source, List<String> names) throws IOException {
    return ListenerTls.named(context(source, names, System::nanoTime), names);
  }

  /// A context that shows certificates for these names, and is not asked about names when a session
  /// is resumed; blocks as [#tls] does.
  ///
  /// @param nanos the clock by which certificates get old
  static SSLContext context(CertificateSource source, List<String> names, LongSupplier nanos)
      throws IOException {
    if (names.isEmpty()) {
      throw new IllegalArgumentException("names are [], allowed is at least one");
    }
    NamedKeys keys = new NamedKeys(source, nanos);
    for (String each : names) {
      String name = each.toLowerCase(Locale.ROOT);
      try {
        keys.show(name, source.certificate(name));
      } catch (IOException e) {
        throw new IOException("there is no certificate for " + name + ": " + e.getMessage(), e);
      }
    }
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(new KeyManager[] {keys}, new TrustManager[0], null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new IOException("cannot set up TLS: " + e.getMessage(), e);
    }
  }

  // ---- what the JDK asks in a handshake ----

  @Override
  public @Nullable String chooseServerAlias(
      String keyType, Principal @Nullable [] issuers, @Nullable Socket socket) {
    Optional<String> name = socket instanceof SSLSocket secure ? asked(secure) : Optional.empty();
    return name.flatMap(this::current)
        .filter(alias -> find(alias).filter(one -> fits(one, keyType)).isPresent())
        .map(Alias::toString)
        .orElse(null);
  }

  private static Optional<String> asked(SSLSocket socket) {
    if (socket.getHandshakeSession() instanceof ExtendedSSLSession session) {
      for (SNIServerName each : session.getRequestedServerNames()) {
        if (each instanceof SNIHostName host) {
          return Optional.of(host.getAsciiName().toLowerCase(Locale.ROOT));
        }
      }
    }
    return Optional.empty();
  }

  private static boolean fits(Shown one, String keyType) {
    return one.certificate().key().getAlgorithm().equals(keyType);
  }

  /// What to show under a name now; while one handshake asks the source, others show what is known.
  private Optional<Alias> current(String name) {
    Shown known;
    synchronized (this) {
      List<Shown> all = shown.get(name);
      if (all == null) {
        return Optional.empty();
      }
      known = all.getFirst();
      if (nanos.getAsLong() - known.atNanos() < FRESH_NANOS) {
        return Optional.of(new Alias(name, known.number()));
      }
      show(name, known.certificate());
    }
    try {
      return Optional.of(show(name, source.certificate(name)));
    } catch (IOException | RuntimeException _) {
      // What was good a moment ago is better than no answer; its end is in itself.
      return Optional.of(new Alias(name, known.number()));
    }
  }

  private synchronized Alias show(String name, CertificateSource.Certificate certificate) {
    List<Shown> before = shown.getOrDefault(name, List.of());
    Shown last = before.isEmpty() ? null : before.getFirst();
    boolean same = last != null && last.certificate().equals(certificate);
    int number = last == null ? 0 : last.number() + (same ? 0 : 1);
    Shown next = new Shown(certificate, number, nanos.getAsLong());
    List<Shown> after = new ArrayList<>(before.subList(same ? 1 : 0, before.size()));
    after.addFirst(next);
    shown.put(name, List.copyOf(after.subList(0, Math.min(after.size(), KEPT))));
    return new Alias(name, number);
  }

  private synchronized Optional<Shown> find(Alias alias) {
    return shown.getOrDefault(alias.name(), List.of()).stream()
        .filter(one -> one.number() == alias.number())
        .findFirst();
  }

  @Override
  public X509Certificate @Nullable [] getCertificateChain(String alias) {
    return find(Alias.parse(alias))
        .map(one -> one.certificate().chain().toArray(X509Certificate[]::new))
        .orElse(null);
  }

  @Override
  public @Nullable PrivateKey getPrivateKey(String alias) {
    return find(Alias.parse(alias)).map(one -> one.certificate().key()).orElse(null);
  }

  // ---- what a server is not asked ----

  @Override
  public String @Nullable [] getServerAliases(String keyType, Principal @Nullable [] issuers) {
    return null;
  }

  @Override
  public String @Nullable [] getClientAliases(String keyType, Principal @Nullable [] issuers) {
    return null;
  }

  @Override
  public @Nullable String chooseClientAlias(
      String[] keyTypes, Principal @Nullable [] issuers, @Nullable Socket socket) {
    return null;
  }
}
