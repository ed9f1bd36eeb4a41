/// The gateway's own certificate authority, and the certificates that its listeners show.
///
/// Made at the first start in the data directory and kept there; X.509 as in RFC 5280. Called when
/// the gateway starts, and by the ingress when a visitor names a host for the first time, off the
/// event loops, as issuing costs a signature.
@NullMarked
package io.penstock.gateway.certificate;

import org.jspecify.annotations.NullMarked;
