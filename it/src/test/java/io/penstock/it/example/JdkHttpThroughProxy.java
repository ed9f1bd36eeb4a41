package io.penstock.it.example;

import io.penstock.node.Node;
import io.penstock.node.proxy.LoopbackProxy;
import io.penstock.node.proxy.ProxyConfig;
import io.penstock.transport.tls.ClientTls;
import java.net.Authenticator;
import java.net.PasswordAuthentication;
import java.net.ProxySelector;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import org.jspecify.annotations.Nullable;

/// Gets a page of the overlay over TLS with the client of the JDK: `GATEWAY CA_FILE TOKEN_FILE
/// URL`.
///
/// The JDK tells a proxy no password for a `CONNECT` unless it is started with
/// `-Djdk.http.auth.tunneling.disabledSchemes=`.
final class JdkHttpThroughProxy {

  private JdkHttpThroughProxy() {}

  public static void main(String[] arguments) throws Exception {
    try (Node node = Member.join("jdk", arguments);
        LoopbackProxy proxy = node.loopbackProxy(ProxyConfig.random());
        HttpClient client =
            HttpClient.newBuilder()
                .proxy(ProxySelector.of(proxy.address()))
                .authenticator(new ProxyPassword(proxy))
                .sslContext(ClientTls.jdkContext(Member.trust(arguments)))
                .build()) {
      HttpRequest request = HttpRequest.newBuilder(URI.create(arguments[Member.WORDS])).build();
      System.out.println(client.send(request, BodyHandlers.ofString()).body());
    }
  }

  private static final class ProxyPassword extends Authenticator {

    private final LoopbackProxy proxy;

    private ProxyPassword(LoopbackProxy proxy) {
      this.proxy = proxy;
    }

    @Override
    protected @Nullable PasswordAuthentication getPasswordAuthentication() {
      return getRequestorType() == RequestorType.PROXY
          ? new PasswordAuthentication(proxy.user(), proxy.password().toCharArray())
          : null;
    }
  }
}
