package io.penstock.gateway.admin;

import io.penstock.api.CreateTokenRequest;
import io.penstock.api.Scope;
import io.penstock.gateway.config.DataDirectory;
import io.penstock.gateway.store.Storage;
import java.io.IOException;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The token with which commands on the gateway's own machine use the admin API.
public final class AdminToken {

  private static final Logger LOG = LoggerFactory.getLogger(AdminToken.class);
  private static final String USER = "admin";

  private AdminToken() {}

  /// Sees to it that the data directory holds the secret of a good admin token; makes one if not.
  ///
  /// Blocks. A revoked token is replaced at the next start, so whoever wants it gone revokes it
  /// while the gateway runs and leaves the directory to its owner.
  public static void ensure(DataDirectory directory, Storage storage) throws IOException {
    Optional<String> kept = directory.adminToken();
    if (kept.isPresent()
        && storage
            .hasToken(kept.get())
            .map(token -> token.scopes().contains(Scope.ADMIN))
            .orElse(false)) {
      return;
    }
    var created =
        storage.createToken(new CreateTokenRequest(USER, Set.of(Scope.ADMIN), Optional.empty()));
    directory.writeAdminToken(created.token());
    LOG.info("admin token written id={} directory={}", created.id(), directory.path());
  }
}
