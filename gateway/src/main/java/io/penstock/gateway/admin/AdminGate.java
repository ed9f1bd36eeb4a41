package io.penstock.gateway.admin;

import io.netty.util.NetUtil;
import io.penstock.api.HostPort;
import io.penstock.api.Scope;
import io.penstock.api.web.WebApi;
import io.penstock.api.web.WebProblemException;
import io.penstock.api.web.WebRequest;
import io.penstock.gateway.store.Storage;
import io.penstock.gateway.store.StoredToken;
import java.io.IOException;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/// Who may use the admin listener.
///
/// Against DNS rebinding, where a web page makes its own name point to this machine, a request has
/// to address the listener by a name that is known to be its own or by an IP address, which no page
/// can rebind.
final class AdminGate implements WebApi.Gate {

  private static final Map<String, String> CHALLENGE =
      Map.of("WWW-Authenticate", "Bearer realm=\"penstock\"");

  private final Storage storage;
  private final Set<String> hosts;

  /// Makes a gate that knows the names of the listener, besides `localhost`.
  AdminGate(Storage storage, Set<String> hosts) {
    this.storage = storage;
    this.hosts = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);
    this.hosts.addAll(hosts);
    this.hosts.add("localhost");
  }

  @Override
  public void check(WebRequest request) throws WebProblemException {
    String host = request.header("Host").orElse("");
    String name;
    try {
      name = HostPort.parse(host, 0).host().toLowerCase(Locale.ROOT);
    } catch (IllegalArgumentException _) {
      throw new WebProblemException(400, "bad_request", "the Host header is missing or malformed");
    }
    if (!hosts.contains(name) && !isAddress(name)) {
      throw new WebProblemException(
          421,
          "wrong_host",
          "this listener does not answer to that host; add it to admin.hosts if it is its own");
    }
  }

  /// Requires a token with the scope `admin`.
  ///
  /// @return the token
  StoredToken admin(WebRequest request) throws WebProblemException, IOException {
    Optional<String> secret = request.bearer();
    if (secret.isEmpty()) {
      throw new WebProblemException(
          401, "no_token", "an admin token is needed, as Authorization: Bearer", CHALLENGE);
    }
    StoredToken token =
        storage
            .hasToken(secret.get())
            .orElseThrow(
                () ->
                    new WebProblemException(
                        401, "bad_token", "the token is unknown, revoked or expired", CHALLENGE));
    if (!token.scopes().contains(Scope.ADMIN)) {
      throw new WebProblemException(
          403, "missing_scope", "the token of " + token.user() + " lacks the scope admin");
    }
    return token;
  }

  private static boolean isAddress(String name) {
    return NetUtil.isValidIpV4Address(name) || NetUtil.isValidIpV6Address(name);
  }
}
