/// The client API, which a gateway serves on its tunnel port to whoever negotiates `http/1.1`
/// there: where its other doors are, and which routes a token may serve.
///
/// The caller of [ClientApi] has done TLS and ALPN. Handlers run on virtual threads.
@NullMarked
package io.penstock.gateway.client;

import org.jspecify.annotations.NullMarked;
