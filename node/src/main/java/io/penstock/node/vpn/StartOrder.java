package io.penstock.node.vpn;

import io.penstock.api.client.RequestHeaders;
import io.penstock.node.NodeConfig;
import io.penstock.protocol.codervpn.message.StartRequest;
import java.util.OptionalInt;

/// What a manager says of the node that its tunnel is to start.
///
/// @param url the gateway: `HOST`, `HOST:PORT` or `https://HOST:PORT`, as [NodeConfig#builder]
///   takes it
/// @param token the secret of an API token with the scope `overlay`
/// @param headers that go along with each HTTP request to the gateway
/// @param device the descriptor of a TUN device that is open in the tunnel's process, 3 or more;
///   empty when none is given
public record StartOrder(String url, String token, RequestHeaders headers, OptionalInt device) {

  /// The first file descriptor that is no standard stream; anything below means that no device was
  /// given, as an unset field reads 0.
  private static final int FIRST_DEVICE = 3;

  /// @throws IllegalArgumentException when something is missing, with what to tell the manager
  public StartOrder {
    url = url.strip();
    token = token.strip();
    if (url.isEmpty()) {
      throw new IllegalArgumentException(
          "missing coder url: give the address of the gateway, https://HOST:PORT");
    }
    if (token.isEmpty()) {
      throw new IllegalArgumentException(
          "missing api token: give one with the scope overlay, from \"penstock token create\"");
    }
    if (device.isPresent() && device.getAsInt() < FIRST_DEVICE) {
      throw new IllegalArgumentException(
          "tunnel file descriptor is %d, allowed is %d or more"
              .formatted(device.getAsInt(), FIRST_DEVICE));
    }
  }

  /// An order without headers and without a device.
  public static StartOrder of(String url, String token) {
    return new StartOrder(url, token, RequestHeaders.NONE, OptionalInt.empty());
  }

  /// Reads a request.
  ///
  /// @throws IllegalArgumentException when it cannot be done, with what to tell the manager
  static StartOrder of(StartRequest request) {
    int descriptor = request.getTunnelFileDescriptor();
    return new StartOrder(
        request.getCoderUrl(),
        request.getApiToken(),
        new RequestHeaders(
            request.getHeadersList().stream()
                .map(one -> new RequestHeaders.Field(one.getName(), one.getValue()))
                .toList()),
        descriptor >= FIRST_DEVICE ? OptionalInt.of(descriptor) : OptionalInt.empty());
  }

  /// The request that says this.
  StartRequest request() {
    var request = StartRequest.newBuilder().setCoderUrl(url).setApiToken(token);
    device.ifPresent(request::setTunnelFileDescriptor);
    for (RequestHeaders.Field field : headers.fields()) {
      request.addHeadersBuilder().setName(field.name()).setValue(field.value());
    }
    return request.build();
  }

  /// The node's settings: what the tunnel's owner says, with what the manager says in place.
  ///
  /// @throws IllegalArgumentException when the address or another setting is not allowed
  NodeConfig node(VpnTunnelConfig config) {
    return config
        .node()
        .apply(NodeConfig.builder(url, config.name()))
        .token(token)
        .headers(headers)
        .build();
  }

  /// Leaves the token out.
  @Override
  public String toString() {
    return "StartOrder[url=%s, headers=%s, device=%s]".formatted(url, headers, device);
  }
}
