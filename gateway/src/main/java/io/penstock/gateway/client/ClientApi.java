package io.penstock.gateway.client;

import io.netty.channel.ChannelPipeline;
import io.penstock.api.Discovery;
import io.penstock.api.Listing;
import io.penstock.api.Scope;
import io.penstock.api.web.Endpoint;
import io.penstock.api.web.WebApi;
import io.penstock.api.web.WebConnection;
import io.penstock.api.web.WebLimits;
import io.penstock.api.web.WebProblemException;
import io.penstock.api.web.WebRequest;
import io.penstock.api.web.WebResponse;
import io.penstock.gateway.store.Storage;
import io.penstock.gateway.store.StoredToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.Supplier;

/// The client API of a gateway: `GET /api/v1/discovery` for everybody, `GET /api/v1/routes` with a
/// token for the routes of its user, and what other rooms add.
///
/// Safe for use by several threads; one for all connections.
public final class ClientApi {

  private final Storage storage;
  private final ClientGate gate;
  private final Supplier<Discovery> discovery;
  private final WebLimits limits;
  private final Executor blocking;
  private final WebApi api;

  /// Makes the API.
  ///
  /// @param discovery what to tell, asked for each request
  /// @param more endpoints of other rooms
  /// @param blocking runs the handlers, as a rule each on a virtual thread
  public ClientApi(
      Storage storage,
      Supplier<Discovery> discovery,
      List<Endpoint> more,
      WebLimits limits,
      Executor blocking) {
    this.storage = storage;
    this.gate = new ClientGate(storage);
    this.discovery = discovery;
    this.limits = limits;
    this.blocking = blocking;
    List<Endpoint> endpoints = new ArrayList<>();
    endpoints.add(
        new Endpoint("GET", "/api/v1/discovery", _ -> WebResponse.json(200, this.discovery.get())));
    endpoints.add(new Endpoint("GET", "/api/v1/routes", this::routes));
    endpoints.addAll(more);
    this.api = new WebApi(WebApi.Words.GATEWAY, _ -> {}, endpoints);
  }

  /// Serves the API on a connection whose TLS handshake is done; call it on the event loop of the
  /// channel. The connection closes itself after the time limit without a request.
  ///
  /// @param streaming is run on the event loop when the connection begins to carry events to a
  ///   caller who may have them, so that it is no stranger's any more
  public void install(ChannelPipeline pipeline, Runnable streaming) {
    WebConnection.install(pipeline, api, limits, blocking, streaming);
  }

  private WebResponse routes(WebRequest request) throws WebProblemException, IOException {
    StoredToken token = gate.require(request, Scope.CONNECT);
    var endpoints = discovery.get().publicEndpoints();
    return WebResponse.json(
        200,
        new Listing<>(
            storage.routesOf(token.user()).stream().map(route -> route.info(endpoints)).toList()));
  }
}
