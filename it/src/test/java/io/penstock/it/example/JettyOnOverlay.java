package io.penstock.it.example;

import io.penstock.node.Node;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.util.Callback;

/// Serves HTTP on port 80 of a node with Jetty: `GATEWAY CA_FILE TOKEN_FILE`.
final class JettyOnOverlay {

  private JettyOnOverlay() {}

  public static void main(String[] arguments) throws Exception {
    try (Node node = Member.join("web", arguments)) {
      serve(node, 80).join();
    }
  }

  static Server serve(Node node, int port) throws Exception {
    Server server = new Server();
    server.addConnector(new OverlayConnector(server, node, port, new HttpConnectionFactory()));
    server.setHandler(new Hello());
    server.start();
    return server;
  }

  /// Greets, and sends back what is sent.
  private static final class Hello extends Handler.Abstract {

    @Override
    public boolean handle(Request request, Response response, Callback callback) {
      if (request.getMethod().equals("POST")) {
        Content.copy(request, response, callback);
      } else {
        String text = "Hello from " + request.getHttpURI().getPath() + "\n";
        Content.Sink.write(response, true, text, callback);
      }
      return true;
    }
  }
}
