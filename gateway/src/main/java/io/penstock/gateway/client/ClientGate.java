package io.penstock.gateway.client;

import io.penstock.api.Scope;
import io.penstock.api.web.WebProblemException;
import io.penstock.api.web.WebRequest;
import io.penstock.gateway.store.Storage;
import io.penstock.gateway.store.StoredToken;
import java.io.IOException;
import java.util.Map;

/// Who may call what on the client API. Safe for use by several threads; blocks on the storage.
public final class ClientGate {

  private static final Map<String, String> CHALLENGE =
      Map.of("WWW-Authenticate", "Bearer realm=\"penstock\"");

  private final Storage storage;

  public ClientGate(Storage storage) {
    this.storage = storage;
  }

  /// Requires an API token with a scope.
  ///
  /// @return the token
  public StoredToken require(WebRequest request, Scope scope)
      throws WebProblemException, IOException {
    StoredToken token =
        storage
            .hasToken(request.bearer().orElse(""))
            .orElseThrow(() -> refusal("the token is missing, unknown, revoked or expired"));
    if (!token.scopes().contains(scope)) {
      throw new WebProblemException(
          403,
          "missing_scope",
          "the token of %s lacks the scope %s".formatted(token.user(), scope.word()));
    }
    return token;
  }

  /// The answer to whoever shows no token that is good here.
  public static WebProblemException refusal(String detail) {
    return new WebProblemException(401, "bad_token", detail, CHALLENGE);
  }
}
