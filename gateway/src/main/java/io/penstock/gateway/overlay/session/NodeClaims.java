package io.penstock.gateway.overlay.session;

import java.time.Instant;
import java.util.UUID;

/// What a session token says.
///
/// @param node whose session it is (`pssid`)
/// @param user whose node that is (`sub`)
/// @param apiToken the id of the API token that bought it (`tok`)
/// @param id of the session token itself (`jti`)
/// @param expires from when on it is not taken (`exp`)
public record NodeClaims(UUID node, String user, String apiToken, String id, Instant expires) {}
