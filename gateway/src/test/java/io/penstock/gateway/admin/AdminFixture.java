package io.penstock.gateway.admin;

import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.netty.channel.EventLoopGroup;
import io.penstock.api.CreateTokenRequest;
import io.penstock.api.HostPort;
import io.penstock.api.Scope;
import io.penstock.api.client.AdminClient;
import io.penstock.gateway.config.AdminSettings;
import io.penstock.gateway.store.SqliteStorage;
import io.penstock.gateway.store.Storage;
import io.penstock.transport.NativeSupport;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;

/// An admin server on a free port with a database of its own, and a token for it.
final class AdminFixture implements AutoCloseable {

  final RecordingOperations operations = new RecordingOperations();
  final PrometheusMeterRegistry metrics = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  final EventLoopGroup eventLoops = NativeSupport.newEventLoops(1, "test");
  final HttpClient http = HttpClient.newHttpClient();
  final Storage storage;
  final String token;
  final AdminServer server;

  AdminFixture(Path directory) throws IOException {
    storage = SqliteStorage.open(directory.resolve("penstock.db"), Clock.systemUTC());
    token = token(Scope.ADMIN);
    server =
        AdminServer.start(
            AdminSettings.DEFAULT.listeningOn(HostPort.parse("127.0.0.1:0")),
            surroundings(),
            Set.of("gateway.example.com"));
  }

  AdminServer.Surroundings surroundings() {
    return new AdminServer.Surroundings(
        storage,
        operations,
        Optional.of(new RecordingOverlay(operations.asked)),
        metrics,
        eventLoops);
  }

  String token(Scope scope) throws IOException {
    return storage
        .createToken(new CreateTokenRequest("ops", Set.of(scope), Optional.empty()))
        .token();
  }

  AdminClient client() throws IOException {
    return AdminClient.plain(server.address(), token);
  }

  HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create("http://" + server.address() + path));
  }

  HttpResponse<String> send(HttpRequest request) throws IOException, InterruptedException {
    return http.send(request, BodyHandlers.ofString());
  }

  @Override
  public void close() throws IOException {
    http.close();
    server.close();
    NativeSupport.endEventLoops(eventLoops, Duration.ofSeconds(2));
    storage.close();
  }
}
