package io.penstock.it.bench;

import io.penstock.api.CreateTokenRequest;
import io.penstock.api.RouteName;
import io.penstock.api.Scope;
import io.penstock.gateway.Gateway;
import io.penstock.gateway.config.GatewayConfig;
import io.penstock.transport.NativeSupport;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// The measured gateway: the defaults on free ports of the loopback, one user, one route.
///
/// Its argument is the data directory. It says where it listens and what an agent needs to know.
final class GatewayProgram {

  static final String DOMAIN = "hello.localhost";
  private static final String USER = "bench";

  private GatewayProgram() {}

  static void main(String[] arguments) throws Exception {
    MeasuredProgram program = MeasuredProgram.begin();
    Path data = Path.of(arguments[0]);
    // The route is there before the gateway reads them, so nobody has to be told of it.
    try (Gateway first = Gateway.start(config(data))) {
      first.storage().addRoute(RouteName.parse(DOMAIN), USER);
    }
    try (Gateway gateway = Gateway.start(config(data))) {
      String token =
          gateway
              .storage()
              .createToken(
                  new CreateTokenRequest(
                      USER, Set.of(Scope.CONNECT, Scope.OVERLAY), Optional.empty()))
              .token();
      Map<String, Object> ready = new LinkedHashMap<>();
      ready.put("http", "127.0.0.1:" + gateway.addresses().http().orElseThrow().getPort());
      ready.put("tunnel", "127.0.0.1:" + gateway.addresses().tunnel().getPort());
      ready.put("fingerprint", gateway.fingerprint().orElseThrow());
      ready.put("token", token);
      ready.put("epoll", NativeSupport.epoll());
      ready.put("openssl", NativeSupport.openSsl());
      ready.put("quic", NativeSupport.quic());
      program.say(ready);
      program.serve();
    }
  }

  private static GatewayConfig config(Path data) {
    return GatewayConfig.builder().data(data).onFreePorts().build();
  }
}
