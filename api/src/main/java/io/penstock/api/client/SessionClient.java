package io.penstock.api.client;

import io.penstock.api.CertificateRequest;
import io.penstock.api.HostPort;
import io.penstock.api.IssuedCertificate;
import io.penstock.api.Json;
import io.penstock.api.Session;
import io.penstock.api.SessionProof;
import io.penstock.api.SessionRequest;
import java.io.IOException;
import java.security.PrivateKey;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import javax.net.ssl.SSLContext;

/// Gets sessions and certificates for one node from the client API on the tunnel port of a gateway.
///
/// Each request is signed with a later time than the one before, also when the clock was set back.
/// Every call throws [ApiException] when it fails and blocks 15 s at most, after a look-up of the
/// gateway's host that is not the machine's. Safe for use by several threads.
public final class SessionClient implements AutoCloseable {

  private static final String SESSIONS = "/api/v1/sessions";
  private static final String CERTIFICATES = "/api/v1/certificates";
  static final ApiConnection.Advice ADVICE =
      new ApiConnection.Advice(
          "check that the gateway runs and that HOST:PORT is its tunnel port (7443 unless"
              + " configured), not the port of a web page",
          "check the address, and how the gateway is trusted: by its fingerprint or its CA file"
              + " (NodeConfig.Builder.trust in a program, --fingerprint or --ca of a command)",
          "make a token on the gateway with \"penstock token create --user U --scope overlay\" and"
              + " give it with --token-file F or PENSTOCK_TOKEN");

  private final HostPort gateway;
  private final String apiToken;
  private final InstantSource clock;
  private final ApiConnection connection;
  private final AtomicLong lastSignedMillis = new AtomicLong(Long.MIN_VALUE);

  /// Makes a client that has not connected yet.
  ///
  /// @param gateway its tunnel port
  /// @param apiToken secret of a token with the scope `overlay`
  public SessionClient(HostPort gateway, SSLContext tls, String apiToken, InstantSource clock) {
    this(GatewayAccess.plain(gateway, tls), apiToken, clock);
  }

  /// As above, for a gateway that is reached in another way.
  public SessionClient(GatewayAccess to, String apiToken, InstantSource clock) {
    this.gateway = to.gateway();
    this.apiToken = apiToken;
    this.clock = clock;
    this.connection = new ApiConnection(to, Optional.of(apiToken), ADVICE);
  }

  /// Gets a session; an address that the gateway gave without a host has this one's.
  ///
  /// @param key the private half of the request's key
  public Session open(SessionRequest request, PrivateKey key) throws IOException {
    Session answer = connection.parse(post(SESSIONS, request, key), Session.class);
    HostPort quic = answer.quic();
    return new Session(
        answer.token(),
        answer.expires(),
        quic.isEverywhere() ? gateway.withPort(quic.port()) : quic,
        answer.alpn(),
        answer.network());
  }

  /// Gets a certificate for the node's own name.
  ///
  /// @param key the private half of the request's key
  public IssuedCertificate certify(CertificateRequest request, PrivateKey key) throws IOException {
    return connection.parse(post(CERTIFICATES, request, key), IssuedCertificate.class);
  }

  private byte[] post(String path, Object request, PrivateKey key) throws IOException {
    byte[] body = Json.write(request);
    long now = clock.millis();
    Instant signed =
        Instant.ofEpochMilli(lastSignedMillis.updateAndGet(last -> Math.max(now, last + 1)));
    SessionProof proof = SessionProof.sign(key, apiToken, body, signed);
    return connection.post(path, body, Map.of(SessionProof.HEADER, proof.header()));
  }

  @Override
  public void close() {
    connection.close();
  }
}
