package io.penstock.gateway.certificate;

import static java.util.concurrent.CompletableFuture.supplyAsync;

import com.github.benmanes.caffeine.cache.AsyncCache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.netty.handler.ssl.SslContext;
import io.netty.util.AsyncMapping;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import io.penstock.transport.tls.ServerTls;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Predicate;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/// The certificates that visitors see: one per host name (SNI, RFC 6066), issued by the own
/// authority when a visitor first asks for it, and only for names that have a route.
///
/// Called on event loops; the signature is made on the executor, once for however many handshakes
/// wait for it, and none of them holds its loop.
public final class VisitorCertificates implements AsyncMapping<String, SslContext> {

  /// Names kept at most; a wildcard route makes any number of them possible.
  private static final int MAX_NAMES = 1024;

  /// A kept certificate is issued anew long before it runs out.
  private static final Duration KEPT = Duration.ofDays(30);

  private final CertificateAuthority authority;
  private final Predicate<String> hasRoute;
  private final List<String> protocols;
  private final Executor executor;
  private final AsyncCache<String, SslContext> contexts;

  /// @param hasRoute says for a lower-case host whether a route answers for it; called on event
  ///   loops
  /// @param protocols the application protocols that the listener speaks
  public VisitorCertificates(
      CertificateAuthority authority,
      Predicate<String> hasRoute,
      List<String> protocols,
      Executor executor) {
    this.authority = authority;
    this.hasRoute = hasRoute;
    this.protocols = List.copyOf(protocols);
    this.executor = executor;
    this.contexts =
        Caffeine.newBuilder()
            .maximumSize(MAX_NAMES)
            .expireAfterWrite(KEPT)
            .executor(Runnable::run)
            .buildAsync();
  }

  @Override
  public Future<SslContext> map(@Nullable String serverName, Promise<SslContext> promise) {
    String host = serverName == null ? "" : serverName.toLowerCase(Locale.ROOT);
    if (!hasRoute.test(host)) {
      return promise.setFailure(new SSLException("no route for this host name"));
    }
    CompletableFuture<SslContext> context;
    try {
      context = contexts.get(host, (name, _) -> supplyAsync(() -> issue(name), executor));
    } catch (RejectedExecutionException e) {
      return promise.setFailure(e);
    }
    context.whenComplete(
        (made, failure) -> {
          if (failure == null) {
            promise.trySuccess(made);
          } else {
            promise.tryFailure(failure);
          }
        });
    return promise;
  }

  private SslContext issue(String host) {
    try {
      Identity identity = authority.issue(List.of(host), List.of());
      return ServerTls.context(identity.key(), identity.chain(), protocols);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
