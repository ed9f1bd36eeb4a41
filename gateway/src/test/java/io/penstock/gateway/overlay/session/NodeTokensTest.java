package io.penstock.gateway.overlay.session;

import static io.penstock.gateway.overlay.MovedClock.NOON;
import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.PlainJWT;
import com.nimbusds.jwt.SignedJWT;
import io.penstock.api.Scope;
import io.penstock.gateway.overlay.MovedClock;
import io.penstock.gateway.store.OverlayStorage;
import io.penstock.gateway.store.SqliteStorage;
import io.penstock.gateway.store.Storage;
import io.penstock.gateway.store.StoredSigningKey;
import io.penstock.gateway.store.StoredToken;
import io.penstock.testkit.SeededRandom;
import io.penstock.testkit.Seeds;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Date;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NodeTokensTest {

  private static final String AUDIENCE = "overlay:penstock.internal";
  private static final UUID NODE = UUID.fromString("00000000-0000-4000-8000-00000000000a");
  private static final Duration HOUR = Duration.ofHours(1);

  @TempDir Path directory;

  private final MovedClock clock = new MovedClock();
  private Storage storage;
  private NodeTokens tokens;

  @BeforeEach
  void open() throws Exception {
    storage = SqliteStorage.open(directory.resolve("penstock.db"), clock);
    tokens = tokens(AUDIENCE);
  }

  @AfterEach
  void close() {
    storage.close();
  }

  private NodeTokens tokens(String audience) {
    return new NodeTokens(SessionConfig.DEFAULT, audience, storage.overlay(), clock);
  }

  private static StoredToken apiToken(Optional<Instant> expires) {
    return new StoredToken("tok_1", "ann", Set.of(Scope.OVERLAY), NOON, expires, Optional.empty());
  }

  private String issued() throws Exception {
    return tokens.issue(NODE, apiToken(Optional.empty())).token();
  }

  private static String part(String token, int index) {
    return new String(
        Base64.getUrlDecoder().decode(token.split("\\.", -1)[index]), StandardCharsets.UTF_8);
  }

  private PrivateKey ourKey() throws Exception {
    return KeyFactory.getInstance("Ed25519")
        .generatePrivate(
            new PKCS8EncodedKeySpec(Base64.getDecoder().decode(stored().privateKey())));
  }

  private StoredSigningKey stored() throws Exception {
    OverlayStorage overlay = storage.overlay();
    return overlay.signingKeys(clock.instant()).getFirst();
  }

  private static JWTClaimsSet.Builder claims() {
    return new JWTClaimsSet.Builder()
        .claim("pssid", NODE.toString())
        .claim("tok", "tok_1")
        .subject("ann")
        .jwtID("x")
        .audience(AUDIENCE)
        .expirationTime(Date.from(NOON.plus(HOUR)));
  }

  /// Signs with our own key what we would not have signed.
  private String signed(JWSHeader.Builder header, JWTClaimsSet claims) throws Exception {
    SignedJWT jwt = new SignedJWT(header.build(), claims);
    jwt.sign(new Ed25519Jws(ourKey()));
    return jwt.serialize();
  }

  private JWSHeader.Builder header() throws Exception {
    return new JWSHeader.Builder(JWSAlgorithm.EdDSA).keyID(stored().kid());
  }

  @Test
  void saysWhoseSessionItIsAndForHowLong() throws Exception {
    NodeTokens.Issued issued = tokens.issue(NODE, apiToken(Optional.empty()));

    assertThat(issued.expires()).isEqualTo(NOON.plus(HOUR));
    assertThat(part(issued.token(), 0))
        .isEqualTo("{\"kid\":\"%s\",\"typ\":\"JWT\",\"alg\":\"EdDSA\"}".formatted(stored().kid()));
    assertThat(part(issued.token(), 1))
        .contains("\"pssid\":\"" + NODE + "\"", "\"sub\":\"ann\"", "\"tok\":\"tok_1\"")
        .contains("\"jti\":\"", "\"aud\":\"" + AUDIENCE + "\"", "\"exp\":");
    assertThat(tokens.verify(issued.token()))
        .isInstanceOfSatisfying(
            TokenVerdict.Valid.class,
            valid -> {
              assertThat(valid.claims().node()).isEqualTo(NODE);
              assertThat(valid.claims().user()).isEqualTo("ann");
              assertThat(valid.claims().apiToken()).isEqualTo("tok_1");
              assertThat(valid.claims().expires()).isEqualTo(issued.expires());
            });
    assertThat(issued).asString().doesNotContain(issued.token());
  }

  @Test
  void givesEverySessionAnIdOfItsOwn() throws Exception {
    assertThat(part(issued(), 1)).isNotEqualTo(part(issued(), 1));
  }

  @Test
  void endsWithTheApiTokenAtTheLatest() throws Exception {
    Instant soon = NOON.plusSeconds(90).plusMillis(500);

    assertThat(tokens.issue(NODE, apiToken(Optional.of(soon))).expires())
        .isEqualTo(NOON.plusSeconds(90));
    assertThat(tokens.issue(NODE, apiToken(Optional.of(NOON.plus(HOUR.multipliedBy(2))))).expires())
        .isEqualTo(NOON.plus(HOUR));
  }

  @Test
  void isOverAtTheSecondOfItsEnd() throws Exception {
    String token = issued();

    clock.advance(HOUR.minusMillis(1));
    assertThat(tokens.verify(token)).isInstanceOf(TokenVerdict.Valid.class);
    clock.advance(Duration.ofMillis(1));
    assertThat(tokens.verify(token)).isEqualTo(new TokenVerdict.Expired(NOON.plus(HOUR)));
  }

  @Test
  void rotatesItsKeyAndStillTakesWhatTheOneBeforeHasSigned() throws Exception {
    String old = issued();
    String firstKid = stored().kid();
    clock.advance(SessionConfig.DEFAULT_KEY_ROTATION.minusSeconds(1));
    String last = issued();
    assertThat(part(last, 0)).contains(firstKid);

    clock.advance(Duration.ofSeconds(1));
    String fresh = issued();

    assertThat(part(fresh, 0)).doesNotContain(firstKid);
    assertThat(storage.overlay().signingKeys(clock.instant())).hasSize(2);
    assertThat(tokens.verify(last)).isInstanceOf(TokenVerdict.Valid.class);
    assertThat(tokens.verify(fresh)).isInstanceOf(TokenVerdict.Valid.class);
    assertThat(tokens.verify(old)).isInstanceOf(TokenVerdict.Expired.class);

    clock.advance(HOUR.plusSeconds(2));
    assertThat(storage.overlay().signingKeys(clock.instant())).hasSize(1);
    assertThat(tokens.verify(last))
        .as("its key has retired")
        .isEqualTo(new TokenVerdict.BadSignature());
  }

  @Test
  void takesWhatAnotherGatewayOnTheSameDatabaseHasSigned() throws Exception {
    issued();
    NodeTokens other = tokens(AUDIENCE);
    assertThat(other.verify(issued())).isInstanceOf(TokenVerdict.Valid.class);

    clock.advance(SessionConfig.DEFAULT_KEY_ROTATION);
    assertThat(other.verify(issued())).isInstanceOf(TokenVerdict.Valid.class);
  }

  @Test
  void keepsItsKeyOverARestart() throws Exception {
    String token = issued();
    storage.close();
    open();

    assertThat(tokens.verify(token)).isInstanceOf(TokenVerdict.Valid.class);
  }

  @Test
  void refusesATokenThatIsNotSigned() throws Exception {
    String none = new PlainJWT(claims().build()).serialize();
    String ours = issued();

    assertThat(tokens.verify(none)).isInstanceOf(TokenVerdict.Malformed.class);
    assertThat(tokens.verify(ours.substring(0, ours.lastIndexOf('.') + 1)))
        .isInstanceOf(TokenVerdict.Malformed.class);
  }

  @Test
  void refusesEveryOtherAlgorithmAlsoOneKeyedWithOurPublicKey() throws Exception {
    issued();
    SignedJWT confused =
        new SignedJWT(
            new JWSHeader.Builder(JWSAlgorithm.HS256).keyID(stored().kid()).build(),
            claims().build());
    confused.sign(new MACSigner(stored().publicKey().getBytes(StandardCharsets.US_ASCII)));

    assertThat(tokens.verify(confused.serialize()))
        .isEqualTo(new TokenVerdict.Malformed("its algorithm is not EdDSA"));
  }

  @Test
  void refusesATokenWithoutOurSignature() throws Exception {
    String token = issued();
    String[] parts = token.split("\\.", -1);
    String forged =
        Base64.getUrlEncoder()
            .withoutPadding()
            .encodeToString(part(token, 1).replace("ann", "eve").getBytes(StandardCharsets.UTF_8));

    assertThat(tokens.verify(parts[0] + "." + forged + "." + parts[2]))
        .isEqualTo(new TokenVerdict.BadSignature());
    assertThat(tokens.verify(parts[0] + "." + parts[1] + "." + "A".repeat(86)))
        .isEqualTo(new TokenVerdict.BadSignature());
    assertThat(tokens.verify(signed(header().keyID("other"), claims().build())))
        .as("a key of nobody")
        .isEqualTo(new TokenVerdict.BadSignature());
  }

  @Test
  void refusesATokenForAnotherNetwork() throws Exception {
    String token = tokens("overlay:other").issue(NODE, apiToken(Optional.empty())).token();

    assertThat(tokens.verify(token))
        .isEqualTo(new TokenVerdict.Malformed("it is for another audience"));
  }

  @Test
  void refusesWhatWeWouldNotHaveSigned() throws Exception {
    issued();
    JWTClaimsSet good = claims().build();

    assertThat(tokens.verify(signed(header(), good))).isInstanceOf(TokenVerdict.Valid.class);
    assertThat(tokens.verify(signed(header().type(new JOSEObjectType("at+jwt")), good)))
        .isEqualTo(new TokenVerdict.Malformed("its type is not JWT"));
    assertThat(tokens.verify(signed(header().criticalParams(Set.of("exp")), good)))
        .isEqualTo(new TokenVerdict.Malformed("it has critical extensions"));
    assertThat(tokens.verify(signed(new JWSHeader.Builder(JWSAlgorithm.EdDSA), good)))
        .isEqualTo(new TokenVerdict.Malformed("it names no key"));
    assertThat(tokens.verify(signed(header(), claims().expirationTime(null).build())))
        .isEqualTo(new TokenVerdict.Malformed("it lacks a claim"));
    assertThat(tokens.verify(signed(header(), claims().claim("pssid", "x").build())))
        .isEqualTo(new TokenVerdict.Malformed("its pssid is no UUID"));
    assertThat(tokens.verify(signed(header(), claims().claim("pssid", 7).build())))
        .isInstanceOf(TokenVerdict.Malformed.class);
    assertThat(tokens.verify("x".repeat(5000)))
        .isEqualTo(new TokenVerdict.Malformed("it is too long"));
  }

  @Test
  void makesOfADamagedTokenNothingThatItWasNot() throws Exception {
    String good = issued();
    TokenVerdict worth = tokens.verify(good);
    Seeds.forEach(
        2000,
        seed -> {
          SeededRandom random = new SeededRandom(seed);
          StringBuilder text = new StringBuilder(good);
          for (int edits = random.between(1, 4); edits > 0; edits--) {
            int at = random.between(0, text.length() - 1);
            char other = (char) random.magnitude(0, 0x180);
            switch (random.between(0, 2)) {
              case 0 -> text.deleteCharAt(at);
              case 1 -> text.insert(at, other);
              default -> text.setCharAt(at, other);
            }
          }
          assertThat(tokens.verify(text.toString()))
              .satisfiesAnyOf(
                  verdict -> assertThat(verdict).isEqualTo(worth),
                  verdict -> assertThat(verdict).isEqualTo(new TokenVerdict.BadSignature()),
                  verdict -> assertThat(verdict).isInstanceOf(TokenVerdict.Malformed.class));
        });
  }
}
