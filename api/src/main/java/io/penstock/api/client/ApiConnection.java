package io.penstock.api.client;

import io.penstock.api.HostLookup;
import io.penstock.api.HostPort;
import io.penstock.api.Json;
import io.penstock.api.MalformedJsonException;
import io.penstock.api.Problem;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.UnknownHostException;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandler;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.channels.UnresolvedAddressException;
import java.security.cert.CertPathBuilderException;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/// Sends requests to one gateway and turns everything that can go wrong into an [ApiException].
final class ApiConnection implements AutoCloseable {

  /// A gateway on the same machine answers in milliseconds; one far away gets time for TLS.
  static final Duration CALL_LIMIT = Duration.ofSeconds(15);

  private static final Duration CONNECT_LIMIT = Duration.ofSeconds(5);

  /// Tens of thousands of routes; more is not an answer of a gateway.
  static final int MAX_ANSWER_BYTES = 16 * 1024 * 1024;

  /// A few sentences.
  private static final int MAX_PROBLEM_BYTES = 64 * 1024;

  /// What a person is told to do about the faults that only they can mend.
  ///
  /// @param unreachable when nothing answers
  /// @param untrusted when the gateway is not known for the one that is meant
  /// @param refused when the token is not taken
  record Advice(String unreachable, String untrusted, String refused) {}

  private final HttpClient http;
  private final URI base;
  private final HostLookup hosts;
  private final Optional<String> token;
  private final Advice advice;
  private final RequestHeaders headers;

  /// A connection to the host that the JDK's client looks up by itself.
  ApiConnection(URI base, Optional<SSLContext> tls, Optional<String> token, Advice advice) {
    this(client(tls).build(), base, HostLookup.SYSTEM, token, advice, RequestHeaders.NONE);
  }

  /// A connection to the tunnel port of a gateway.
  ApiConnection(GatewayAccess to, Optional<String> token, Advice advice) {
    this(
        to.hosts().equals(HostLookup.SYSTEM)
            ? client(Optional.of(to.tls())).build()
            : PeerNameContext.meaning(to.gateway().host(), to.tls(), client(Optional.of(to.tls()))),
        URI.create("https://" + to.gateway()),
        to.hosts(),
        token,
        advice,
        to.headers());
  }

  private ApiConnection(
      HttpClient http,
      URI base,
      HostLookup hosts,
      Optional<String> token,
      Advice advice,
      RequestHeaders headers) {
    this.http = http;
    this.base = base;
    this.hosts = hosts;
    this.token = token;
    this.advice = advice;
    this.headers = headers;
  }

  /// Version 2 with TLS because only then does the JDK's client offer protocols in TLS (RFC 7301),
  /// by which a gateway tells an API call from an agent; every gateway selects http/1.1. No proxy,
  /// since a token must not pass through one that happens to be configured for browsers.
  private static HttpClient.Builder client(Optional<SSLContext> tls) {
    HttpClient.Builder builder =
        HttpClient.newBuilder()
            .version(tls.isPresent() ? HttpClient.Version.HTTP_2 : HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .proxy(HttpClient.Builder.NO_PROXY)
            .connectTimeout(CONNECT_LIMIT);
    tls.ifPresent(builder::sslContext);
    return builder;
  }

  /// The gateway's address, for messages.
  URI base() {
    return base;
  }

  byte[] get(String path) throws IOException {
    return call("GET", path, null, Map.of());
  }

  /// Begins an answer that goes on for as long as both sides like; the caller closes it.
  ///
  /// The time limit is that of its beginning.
  InputStream stream(String path) throws IOException {
    HttpRequest.Builder request = request("text/event-stream");
    HttpResponse<InputStream> response = send(request, path, BodyHandlers.ofInputStream());
    if (response.statusCode() / 100 == 2) {
      return response.body();
    }
    try (InputStream body = response.body()) {
      throw problem(response.statusCode(), body.readNBytes(MAX_PROBLEM_BYTES));
    }
  }

  byte[] post(String path, Object body) throws IOException {
    return post(path, Json.write(body), Map.of());
  }

  /// Sends JSON as it is, with headers of its own.
  byte[] post(String path, byte[] json, Map<String, String> own) throws IOException {
    return call("POST", path, json, own);
  }

  void delete(String path) throws IOException {
    call("DELETE", path, null, Map.of());
  }

  /// Reads an answer of the gateway.
  <T> T parse(byte[] json, Class<T> type) throws ApiException {
    try {
      return Json.readAnswer(json, type);
    } catch (MalformedJsonException e) {
      throw noGateway(e);
    }
  }

  ApiException noGateway(Throwable cause) {
    return new ApiException(
        "what answers at %s is no Penstock gateway, or one of another version: %s"
            .formatted(base, cause.getMessage()),
        cause);
  }

  @Override
  public void close() {
    http.shutdownNow();
  }

  private byte[] call(String method, String path, byte @Nullable [] body, Map<String, String> own)
      throws IOException {
    HttpRequest.Builder request = request("application/json");
    own.forEach(request::header);
    if (body == null) {
      request.method(method, BodyPublishers.noBody());
    } else {
      request.header("Content-Type", "application/json");
      request.method(method, BodyPublishers.ofByteArray(body));
    }
    HttpResponse<byte[]> response =
        send(request, path, BodyHandlers.limiting(BodyHandlers.ofByteArray(), MAX_ANSWER_BYTES));
    if (response.statusCode() / 100 == 2) {
      return response.body();
    }
    throw problem(response.statusCode(), response.body());
  }

  private HttpRequest.Builder request(String accepted) {
    HttpRequest.Builder request = HttpRequest.newBuilder().header("Accept", accepted);
    token.ifPresent(secret -> request.header("Authorization", "Bearer " + secret));
    headers.fields().forEach(field -> request.header(field.name(), field.value()));
    return request;
  }

  /// Tries the addresses of the host one after the other, until one is connected to.
  private <T> HttpResponse<T> send(HttpRequest.Builder request, String path, BodyHandler<T> body)
      throws IOException {
    Iterator<URI> places = places().iterator();
    long until = System.nanoTime() + CALL_LIMIT.toNanos();
    while (true) {
      HttpRequest next = request.uri(places.next().resolve(path)).build();
      try {
        return sendOnce(next, body, until - System.nanoTime());
      } catch (ExecutionException e) {
        Throwable cause = e.getCause() == null ? e : e.getCause();
        if (!(cause instanceof ConnectException || cause instanceof HttpConnectTimeoutException)
            || !places.hasNext()) {
          throw unreachable(cause);
        }
      }
    }
  }

  private List<URI> places() throws ApiException {
    if (hosts.equals(HostLookup.SYSTEM)) {
      return List.of(base);
    }
    HostPort target = HostPort.parse(base.getRawAuthority());
    try {
      return hosts.resolve(target).stream()
          .map(at -> new HostPort(at.getAddress().getHostAddress(), at.getPort()))
          .map(at -> URI.create("https://" + at))
          .toList();
    } catch (UnknownHostException e) {
      throw new ApiException(
          "no address is known for %s: %s".formatted(target.host(), e.getMessage()), e);
    }
  }

  private <T> HttpResponse<T> sendOnce(HttpRequest request, BodyHandler<T> body, long limitNanos)
      throws IOException, ExecutionException {
    CompletableFuture<HttpResponse<T>> answer = http.sendAsync(request, body);
    try {
      return answer.get(limitNanos, TimeUnit.NANOSECONDS);
    } catch (InterruptedException _) {
      answer.cancel(true);
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while waiting for " + base);
    } catch (TimeoutException e) {
      answer.cancel(true);
      throw new ApiException(
          "%s did not answer within %d s; %s"
              .formatted(base, CALL_LIMIT.toSeconds(), advice.unreachable),
          e);
    }
  }

  private ApiException unreachable(Throwable cause) {
    for (@Nullable Throwable each = cause; each != null; each = each.getCause()) {
      if (each instanceof UnresolvedAddressException) {
        return new ApiException(
            "no address is known for %s; %s".formatted(base.getHost(), advice.unreachable), cause);
      }
      if (each instanceof SSLException && isPlaintext(each)) {
        return new ApiException(
            "what answers at %s speaks no TLS; %s".formatted(base, advice.unreachable), cause);
      }
      if (each instanceof SSLException) {
        return new ApiException(
            "no secure connection to %s: %s; %s".formatted(base, distrust(each), advice.untrusted),
            cause);
      }
    }
    String happened =
        cause instanceof ConnectException
            ? "nothing answers at " + base
            : base + " failed: " + cause.getMessage();
    return new ApiException(happened + "; " + advice.unreachable, cause);
  }

  /// The JDK has no class of its own for an answer that is no TLS record.
  private static boolean isPlaintext(Throwable failure) {
    return String.valueOf(failure.getMessage())
        .toLowerCase(Locale.ROOT)
        .contains("unrecognized ssl message");
  }

  /// The JDK's words for an unknown authority are for those who know its classes.
  private static String distrust(Throwable failure) {
    for (@Nullable Throwable each = failure; each != null; each = each.getCause()) {
      if (each instanceof CertPathBuilderException) {
        return "no authority that is trusted here has issued its certificate";
      }
    }
    return String.valueOf(failure.getMessage());
  }

  private ApiException problem(int status, byte[] body) {
    Problem problem;
    try {
      problem = Json.readAnswer(body, Problem.class);
    } catch (MalformedJsonException _) {
      return new ApiException(
          status,
          ApiException.UNREACHABLE,
          "what answers at %s is no Penstock gateway: its status is %d".formatted(base, status));
    }
    boolean refused = status == 401 || status == 403;
    return new ApiException(
        status,
        problem.code(),
        refused ? problem.detail() + "; " + advice.refused : problem.detail());
  }
}
