package io.penstock.it.tunnel;

import io.penstock.transport.tls.ClientTls;
import io.penstock.transport.tls.Trust;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Path;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;

/// Visitors' TLS connections to the ingress, made by the JDK as a browser would: the server's name
/// is sent, and its certificate has to bear it.
final class TlsVisit {

  private TlsVisit() {}

  /// Connects and shakes hands; offers HTTP/2 too, which the gateway does not speak yet.
  ///
  /// @param ca the authority to trust, as a PEM file
  /// @param serverName what is asked for, empty to name nothing and check no name
  static SSLSocket connect(String address, Path ca, String serverName) throws IOException {
    Socket plain = RawVisit.connect(address);
    try {
      SSLSocketFactory factory = ClientTls.jdkContext(new Trust.CaFile(ca)).getSocketFactory();
      String peer = serverName.isEmpty() ? "127.0.0.1" : serverName;
      SSLSocket tls = (SSLSocket) factory.createSocket(plain, peer, plain.getPort(), true);
      SSLParameters parameters = tls.getSSLParameters();
      parameters.setApplicationProtocols(new String[] {"h2", "http/1.1"});
      if (!serverName.isEmpty()) {
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
      }
      tls.setSSLParameters(parameters);
      tls.startHandshake();
      return tls;
    } catch (IOException e) {
      plain.close();
      throw e;
    }
  }

  /// The DNS names in the certificate that the server showed.
  static List<String> names(SSLSocket socket) throws IOException {
    try {
      return certificate(socket).getSubjectAlternativeNames().stream()
          .map(name -> String.valueOf(name.get(1)))
          .toList();
    } catch (CertificateParsingException e) {
      throw new IOException(e);
    }
  }

  static X509Certificate certificate(SSLSocket socket) throws IOException {
    return (X509Certificate) socket.getSession().getPeerCertificates()[0];
  }
}
