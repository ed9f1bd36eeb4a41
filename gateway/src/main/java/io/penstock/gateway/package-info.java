/// The server side of Penstock: public listeners on one side, agents on the other.
///
/// [Gateway] builds the rooms and ends them. `ingress` serves visitors, `backend` admits and
/// watches agents and picks one for each request, `store` remembers tokens and routes, `admin` and
/// `client` are the HTTP APIs, `certificate` says who we are, `config` what we were told. Callers
/// may use any thread.
@NullMarked
package io.penstock.gateway;

import org.jspecify.annotations.NullMarked;
