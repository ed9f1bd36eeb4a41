/// The admin listener: the admin API (`/api/v1`, described by the OpenAPI document that it serves),
/// the metrics (`/metrics`) and the health checks (`/healthz`, `/readyz`).
///
/// Only holders of a token with the scope `admin` may use the API; without TLS it is served on the
/// loopback alone, and to clients that address it by a name of its own. Handlers run on virtual
/// threads. What they need from the running gateway is the interface [Operations].
@NullMarked
package io.penstock.gateway.admin;

import org.jspecify.annotations.NullMarked;
