package io.penstock.gateway.overlay;

import static io.penstock.gateway.overlay.MovedClock.NOON;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.api.CreateTokenRequest;
import io.penstock.api.CreatedToken;
import io.penstock.api.IpAddress;
import io.penstock.api.NodeKey;
import io.penstock.api.Scope;
import io.penstock.api.SessionRequest;
import io.penstock.gateway.config.OverlaySettings;
import io.penstock.gateway.overlay.lease.AddressPool;
import io.penstock.gateway.overlay.lease.PoolConfig;
import io.penstock.gateway.overlay.peer.PeerDirectory;
import io.penstock.gateway.overlay.session.NodeClaims;
import io.penstock.gateway.overlay.session.NodeTokens;
import io.penstock.gateway.overlay.session.SessionConfig;
import io.penstock.gateway.overlay.session.SessionGuard;
import io.penstock.gateway.store.SqliteStorage;
import io.penstock.gateway.store.Storage;
import io.penstock.protocol.snaptun.AddressRange;
import io.penstock.protocol.snaptun.IsdAs;
import io.penstock.transport.snaptun.Allocation;
import io.penstock.transport.snaptun.Allocation.Refused.Reason;
import io.penstock.transport.snaptun.TokenVerdict;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What the tunnel server is told of tokens and addresses.
class TunnelAdaptersTest {

  private static final long OURS = OverlaySettings.DEFAULT_ISD_AS.toLong();

  @TempDir Path directory;

  private final MovedClock clock = new MovedClock();
  private final UUID db = UUID.fromString("00000000-0000-4000-8000-00000000000a");
  private final TunnelSession session = session(db, "tok_1");
  private Storage storage;
  private CreatedToken token;
  private NodeTokens tokens;
  private NodeValidator validator;
  private NodeAllocator allocator;
  private AddressPool pool;

  @BeforeEach
  void open() throws Exception {
    storage = SqliteStorage.open(directory.resolve("penstock.db"), clock);
    storage
        .overlay()
        .bind(new SessionRequest(db, "db", new NodeKey("A".repeat(43))), "ann", NOON, NOON, 9);
    token =
        storage.createToken(new CreateTokenRequest("ann", Set.of(Scope.OVERLAY), Optional.empty()));
    tokens = new NodeTokens(SessionConfig.DEFAULT, "overlay:x", storage.overlay(), clock);
    validator = new NodeValidator(new SessionGuard(tokens, storage));
    pool =
        AddressPool.open(
            PoolConfig.DEFAULT,
            UUID.randomUUID(),
            storage.overlay(),
            clock,
            new Random(7),
            new PeerDirectory(storage.overlay()));
    allocator = new NodeAllocator(pool, OverlaySettings.DEFAULT_ISD_AS);
  }

  @AfterEach
  void close() {
    storage.close();
  }

  private TokenVerdict<TunnelSession> judged(String text) {
    return validator.validate(text, clock.instant());
  }

  @Test
  void judgesTokensAsTheWireTellsThemApart() throws Exception {
    NodeTokens.Issued issued = tokens.issue(db, storage.hasToken(token.token()).orElseThrow());

    assertThat(judged(issued.token()))
        .isInstanceOfSatisfying(
            TokenVerdict.Valid.class,
            valid -> assertThat(valid.expiry()).isEqualTo(issued.expires()));
    assertThat(judged("x")).isInstanceOf(TokenVerdict.Malformed.class);
    storage.revokeToken(token.id());
    assertThat(judged(issued.token())).isInstanceOf(TokenVerdict.BadSignature.class);
    clock.advance(SessionConfig.DEFAULT_SESSION_LIFETIME);
    assertThat(judged(issued.token())).isInstanceOf(TokenVerdict.Expired.class);
  }

  @Test
  void saysThatATokenCannotBeJudgedWithoutTheStorage() throws Exception {
    String session = tokens.issue(db, storage.hasToken(token.token()).orElseThrow()).token();
    storage.close();

    assertThat(judged(session)).isInstanceOf(TokenVerdict.Failed.class);
  }

  @Test
  void letsATunnelGoOnWithTokensOfItsNodeAlone() {
    TunnelSession sameNode = session(db, "tok_2");
    TunnelSession other = session(UUID.randomUUID(), "tok_1");

    assertThat(validator.continues(session, sameNode)).isTrue();
    assertThat(validator.continues(session, other)).isFalse();
  }

  @Test
  void aTunnelKnowsTheGenerationOfItsOwnLeasesAfterARenewalToo() {
    var first = (Allocation.Granted) allocator.allocate(session, AddressRange.ipv4(OURS, 0));
    IpAddress address = IpAddress.of(first.address().addressBytes());
    TunnelSession newerTunnel = session(db, "tok_1");
    allocator.allocate(newerTunnel, AddressRange.ipv4(OURS, 0));
    TunnelSession renewed = session(db, "tok_1");
    validator.continues(session, renewed);

    long own = session.lease(address).orElseThrow().generation();
    assertThat(renewed.lease(address).orElseThrow().generation()).isEqualTo(own);
    assertThat(newerTunnel.lease(address).orElseThrow().generation()).isGreaterThan(own);
  }

  @Test
  void aTunnelKeepsOneLeaseOfEachFamilyHoweverOftenItAsksForOthers() {
    IpAddress first = IpAddress.parse("10.86.0.20");
    IpAddress last = IpAddress.parse("10.86.0.21");
    allocator.allocate(session, AddressRange.ipv6(OURS, 0, 0));
    allocator.allocate(session, AddressRange.ofBytes(OURS, first.bytes()));
    allocator.allocate(session, AddressRange.ofBytes(OURS, last.bytes()));

    assertThat(session.lease(first)).isEmpty();
    assertThat(session.lease(last)).isPresent();
    assertThat(session.leases()).isEqualTo(2);
  }

  private static TunnelSession session(UUID node, String apiToken) {
    return new TunnelSession(new NodeClaims(node, "ann", apiToken, "j", NOON));
  }

  @Test
  void givesAddressesUnderTheConfiguredIsdAs() {
    var any = allocator.allocate(session, AddressRange.ipv4(IsdAs.WILDCARD, 0));
    var named =
        allocator.allocate(
            session, AddressRange.ofBytes(OURS, IpAddress.parse("fd7c:4a1b:93e2::9").bytes()));

    assertThat(any)
        .isInstanceOfSatisfying(
            Allocation.Granted.class,
            granted -> {
              assertThat(granted.address().isdAs()).isEqualTo(OURS);
              assertThat(granted.address().addressText()).startsWith("10.86.");
            });
    assertThat(named)
        .isInstanceOfSatisfying(
            Allocation.Granted.class,
            granted -> assertThat(granted.address()).hasToString("16-64512,fd7c:4a1b:93e2::9"));
  }

  private void isRefused(AddressRange wanted, Reason reason) {
    assertThat(allocator.allocate(session, wanted))
        .isInstanceOfSatisfying(
            Allocation.Refused.class, refused -> assertThat(refused.reason()).isEqualTo(reason));
  }

  @Test
  void refusesWhatIsNotOurs() {
    isRefused(AddressRange.ipv4(IsdAs.of(1, 0xff00_0000_0110L), 0), Reason.NO_SUCH_ISD_AS);
    isRefused(AddressRange.ipv4(OURS, 0x0a56_0001), Reason.NOT_IN_RANGE);
    isRefused(AddressRange.ipv4(OURS, 0x0a57_0009), Reason.NOT_IN_RANGE);
  }

  @Test
  void holdsAndTakesBackWhatItGave() throws Exception {
    var first = (Allocation.Granted) allocator.allocate(session, AddressRange.ipv4(OURS, 0));
    var second = (Allocation.Granted) allocator.allocate(session, AddressRange.ipv4(OURS, 0));

    assertThat(second.address()).isEqualTo(first.address());
    assertThat(allocator.putOnHold(first.id())).as("an older tunnel's").isFalse();
    assertThat(allocator.putOnHold(second.id())).isTrue();
    assertThat(allocator.deallocate(first.id())).isFalse();
    assertThat(allocator.deallocate(second.id())).isTrue();
    assertThat(pool.leases()).isEmpty();
  }
}
