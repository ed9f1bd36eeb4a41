package io.penstock.api;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.security.KeyFactory;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Instant;
import java.util.HexFormat;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SessionProofTest {

  /// RFC 8032, section 7.1, test 1.
  private static final String SEED =
      "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";

  private static final NodeKey KEY = new NodeKey("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
  private static final Instant NOON = Instant.parse("2026-11-20T12:00:00Z");
  private static final byte[] BODY =
      Json.write(
          new SessionRequest(UUID.fromString("8b6fdc9e-5a3d-4d16-9c43-0d2f0f5f0a11"), "db", KEY));

  private static PrivateKey privateKey() throws Exception {
    return KeyFactory.getInstance("Ed25519")
        .generatePrivate(
            new PKCS8EncodedKeySpec(
                HexFormat.of().parseHex("302e020100300506032b657004220420" + SEED)));
  }

  /// Ed25519 signatures are the same each time; OpenSSL made this one from the documented bytes.
  @Test
  void signsExactlyWhatIsDocumented() throws Exception {
    assertThat(new String(BODY, UTF_8))
        .isEqualTo(
            "{\"node\":\"8b6fdc9e-5a3d-4d16-9c43-0d2f0f5f0a11\",\"name\":\"db\",\"publicKey\":\""
                + KEY
                + "\"}");

    assertThat(SessionProof.sign(privateKey(), "pst_secret", BODY, NOON).header())
        .isEqualTo(
            "v1 1795176000000 "
                + "u_FNQvlM-3Fp0zFuMWSNdKkRAXqPDF-Bn6yCiCEuGfiPLCl4xS1KwR0YUEJl_GGzCN9cONM-ZJYi0lXZiLnaCQ");
  }

  @Test
  void convincesWhoeverHasThePublicKey() throws Exception {
    SessionProof proof = SessionProof.sign(privateKey(), "pst_secret", BODY, NOON.plusNanos(5));

    assertThat(SessionProof.parse(proof.header())).isEqualTo(proof);
    assertThat(proof.signed()).isEqualTo(NOON);
    assertThat(proof.isBy(KEY, "pst_secret", BODY)).isTrue();
    assertThat(proof.isBy(KEY, "pst_other", BODY)).isFalse();
    assertThat(proof.isBy(KEY, "pst_secret", "{}".getBytes(UTF_8))).isFalse();
    assertThat(
            new SessionProof(NOON.plusMillis(1), proof.signature()).isBy(KEY, "pst_secret", BODY))
        .isFalse();
    NodeKey other =
        NodeKey.of(KeyPairGenerator.getInstance("Ed25519").generateKeyPair().getPublic());
    assertThat(proof.isBy(other, "pst_secret", BODY)).isFalse();
    assertThat(proof.isBy(new NodeKey("_".repeat(42) + "8"), "pst_secret", BODY))
        .as("no point of the curve")
        .isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "v1", "v1 1 x", "v2 1 ", "v1  1 ", "v1 -1 ", "V1 1 "})
  void takesNoOtherHeader(String head) {
    String tail = head.endsWith(" ") ? "A".repeat(86) : "";
    assertThatThrownBy(() -> SessionProof.parse(head + tail))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("Penstock-Node-Signature");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "short", "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURp"})
  void takesNoKeyOfAnotherLengthOrWithLooseBits(String text) {
    assertThatThrownBy(() -> new NodeKey(text)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void takesNoKeyOfAnotherKind() throws Exception {
    var rsa = KeyPairGenerator.getInstance("EC").generateKeyPair().getPublic();

    assertThatThrownBy(() -> NodeKey.of(rsa)).isInstanceOf(IllegalArgumentException.class);
  }
}
