/// Clients of a gateway's two HTTP APIs: the admin API on its admin listener, and the client API on
/// its tunnel port.
///
/// Both are described by the OpenAPI document and by `docs/protocol/tun2.md`. Used by the command
/// line and by agents; every call blocks up to its time limit, so call on a thread that may wait,
/// such as a virtual one. The messages of [ApiException] are written for the person at the command
/// line and say what to type next.
package io.penstock.api.client;
