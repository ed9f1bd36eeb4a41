package io.penstock.it.example;

import io.penstock.node.Node;
import java.net.Proxy;
import java.net.spi.InetAddressResolver.LookupPolicy;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;

/// Gets a page of the overlay with OkHttp: `GATEWAY CA_FILE TOKEN_FILE URL`.
final class OkHttpByName {

  private static final LookupPolicy ANY = LookupPolicy.of(LookupPolicy.IPV4 | LookupPolicy.IPV6);

  private OkHttpByName() {}

  public static void main(String[] arguments) throws Exception {
    try (Node node = Member.join("ok", arguments)) {
      OkHttpClient client =
          new OkHttpClient.Builder()
              .proxy(Proxy.NO_PROXY) // a proxy of the machine would be told the name
              .socketFactory(node.socketFactory())
              .dns(host -> node.resolver().lookupByName(host, ANY).toList())
              .build();
      Request request = new Request.Builder().url(arguments[Member.WORDS]).build();
      try (Response response = client.newCall(request).execute()) {
        System.out.println(response.body().string());
      } finally {
        client.dispatcher().executorService().shutdown();
        client.connectionPool().evictAll();
      }
    }
  }
}
