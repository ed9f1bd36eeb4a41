package io.penstock.gateway.overlay.session;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSSigner;
import com.nimbusds.jose.crypto.impl.BaseJWSProvider;
import com.nimbusds.jose.util.Base64URL;
import io.penstock.api.NodeKey;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.Signature;
import java.util.Set;

/// Signs JWTs as `EdDSA` with Ed25519 (RFC 8037, section 3.1) by the JDK's own means; the library's
/// would need another library.
final class Ed25519Jws extends BaseJWSProvider implements JWSSigner {

  static final JWSAlgorithm ALGORITHM = JWSAlgorithm.EdDSA;

  private final PrivateKey key;

  Ed25519Jws(PrivateKey key) {
    super(Set.of(ALGORITHM));
    this.key = key;
  }

  @Override
  public Base64URL sign(JWSHeader header, byte[] input) throws JOSEException {
    try {
      Signature signer = Signature.getInstance(NodeKey.ALGORITHM);
      signer.initSign(key);
      signer.update(input);
      return Base64URL.encode(signer.sign());
    } catch (GeneralSecurityException e) {
      throw new JOSEException("cannot sign with " + NodeKey.ALGORITHM, e);
    }
  }
}
