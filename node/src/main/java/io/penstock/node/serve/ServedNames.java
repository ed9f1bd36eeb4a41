package io.penstock.node.serve;

import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;

/// The host names that a certificate is good for (RFC 9525).
final class ServedNames {

  private static final int DNS_NAME = 2;

  private ServedNames() {}

  static List<String> of(X509Certificate certificate) {
    List<String> names = new ArrayList<>();
    try {
      Collection<List<?>> alternatives = certificate.getSubjectAlternativeNames();
      if (alternatives != null) {
        for (List<?> each : alternatives) {
          if (each.get(0) instanceof Integer kind && kind == DNS_NAME) {
            names.add(each.get(1).toString().toLowerCase(Locale.ROOT));
          }
        }
      }
    } catch (CertificateParsingException _) {
      // Then it is good for nothing.
    }
    return names;
  }

  /// > the wildcard character matches exactly one label (RFC 9525 section 6.3)
  static boolean matches(String pattern, String name) {
    if (!pattern.startsWith("*.")) {
      return pattern.equals(name);
    }
    int dot = name.indexOf('.');
    return dot > 0 && name.substring(dot).equals(pattern.substring(1));
  }
}
