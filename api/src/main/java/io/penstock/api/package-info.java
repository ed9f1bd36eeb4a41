/// The vocabulary of Penstock's HTTP APIs: the records that gateway, node and command line exchange
/// as JSON, and the names of routes and addresses that people type.
///
/// The admin API is described by the OpenAPI document that every gateway serves
/// (`/api/v1/openapi.json`), its errors by RFC 9457; the client API by `docs/protocol/tun2.md`.
/// Everything here is immutable and may be used on any thread; nothing here blocks.
package io.penstock.api;
