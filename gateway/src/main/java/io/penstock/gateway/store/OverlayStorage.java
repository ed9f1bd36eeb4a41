package io.penstock.gateway.store;

import io.penstock.api.NodeKey;
import io.penstock.api.SessionRequest;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jdbi.v3.core.Handle;

/// The gateway's durable memory of the overlay network: nodes, leases, and the keys that sign
/// session tokens.
///
/// As safe and as blocking as [Storage], from which it comes. Times are given, and kept to the
/// millisecond.
public final class OverlayStorage {

  /// Work on the leases that is done all or not at all.
  @FunctionalInterface
  public interface LeaseWork<R> {
    R on(LeaseTable leases) throws StorageException;
  }

  private final Database database;

  OverlayStorage(Database database) {
    this.database = database;
  }

  // ---- nodes ----

  /// Lets a node be the one with its id, name and key, if it may.
  ///
  /// @param user whose token it came with
  /// @param signed when its request was signed, later than any before
  /// @param maxNodes how many there may be
  public NodeBinding bind(
      SessionRequest wanted, String user, Instant signed, Instant now, int maxNodes)
      throws StorageException {
    return database.inTransaction(
        transaction -> {
          Optional<StoredNode> known = find(transaction, wanted.node());
          if (known.isPresent()) {
            return again(transaction, known.get(), wanted, user, signed, now);
          }
          if (count(transaction) >= maxNodes) {
            return new NodeBinding.Full();
          }
          if (insert(transaction, wanted, user, signed, now)) {
            return new NodeBinding.Bound(find(transaction, wanted.node()).orElseThrow(), true);
          }
          // Another gateway was quicker, with the same node or the same name.
          known = find(transaction, wanted.node());
          return known.isPresent()
              ? again(transaction, known.get(), wanted, user, signed, now)
              : new NodeBinding.NameTaken();
        });
  }

  private static NodeBinding again(
      Handle transaction,
      StoredNode known,
      SessionRequest wanted,
      String user,
      Instant signed,
      Instant now) {
    if (!known.publicKey().equals(wanted.publicKey())) {
      return new NodeBinding.OtherKey();
    }
    if (!known.user().equals(user)) {
      return new NodeBinding.OtherUser();
    }
    if (!known.name().equals(wanted.name())) {
      return new NodeBinding.OtherName(known.name());
    }
    int later =
        transaction
            .createUpdate(
                """
                UPDATE node SET signed_millis = :signed, seen_millis = :now
                WHERE id = :id AND signed_millis < :signed\
                """)
            .bind("signed", signed.toEpochMilli())
            .bind("now", now.toEpochMilli())
            .bind("id", known.id().toString())
            .execute();
    return later == 0
        ? new NodeBinding.Replayed()
        : new NodeBinding.Bound(find(transaction, known.id()).orElse(known), false);
  }

  private static boolean insert(
      Handle transaction, SessionRequest wanted, String user, Instant signed, Instant now) {
    int added =
        transaction
            .createUpdate(
                """
                INSERT INTO node
                (id, name, public_key, owner, created_millis, seen_millis, signed_millis)
                VALUES (:id, :name, :key, :owner, :now, :now, :signed) ON CONFLICT DO NOTHING\
                """)
            .bind("id", wanted.node().toString())
            .bind("name", wanted.name())
            .bind("key", wanted.publicKey().text())
            .bind("owner", user)
            .bind("now", now.toEpochMilli())
            .bind("signed", signed.toEpochMilli())
            .execute();
    return added > 0;
  }

  /// The node with this id.
  public Optional<StoredNode> node(UUID id) throws StorageException {
    return database.with(handle -> find(handle, id));
  }

  /// All nodes, the oldest first.
  public List<StoredNode> nodes() throws StorageException {
    return database.with(
        handle ->
            handle
                .createQuery("SELECT * FROM node ORDER BY created_millis, id")
                .map((row, _) -> node(row))
                .list());
  }

  /// Whose those of these nodes are that there are.
  public Map<UUID, String> owners(Set<UUID> ids) throws StorageException {
    Map<UUID, String> owners = new HashMap<>();
    return database.with(
        handle -> {
          for (List<String> some : IdLists.of(ids)) {
            handle
                .createQuery("SELECT id, owner FROM node WHERE id IN (<ids>)")
                .bindList("ids", some)
                .map((row, _) -> Map.entry(row.getString("id"), row.getString("owner")))
                .forEach(entry -> owners.put(UUID.fromString(entry.getKey()), entry.getValue()));
          }
          return owners;
        });
  }

  // ---- leases ----

  /// Reads and changes leases in one transaction, while nobody else does, on any gateway.
  public <R> R withLeases(LeaseWork<R> work) throws StorageException {
    return database.inTransaction(
        transaction -> {
          database.dialect().lockForLeases(transaction);
          return work.on(new LeaseTable(transaction));
        });
  }

  // ---- the keys that sign session tokens ----

  /// The keys that are not retired, the newest first.
  public List<StoredSigningKey> signingKeys(Instant now) throws StorageException {
    return database.with(
        handle ->
            handle
                .createQuery(
                    """
                    SELECT * FROM signing_key WHERE retire_millis > :now
                    ORDER BY created_millis DESC, kid\
                    """)
                .bind("now", now.toEpochMilli())
                .map((row, _) -> signingKey(row))
                .list());
  }

  /// Adds a key, and forgets those that have retired when it was made.
  public void addSigningKey(StoredSigningKey key) throws StorageException {
    database.inTransaction(
        transaction -> {
          transaction
              .createUpdate("DELETE FROM signing_key WHERE retire_millis <= :now")
              .bind("now", key.created().toEpochMilli())
              .execute();
          return transaction
              .createUpdate(
                  """
                  INSERT INTO signing_key
                  (kid, private_key, public_key, created_millis, retire_millis)
                  VALUES (:kid, :private, :public, :created, :retires)\
                  """)
              .bind("kid", key.kid())
              .bind("private", key.privateKey())
              .bind("public", key.publicKey())
              .bind("created", key.created().toEpochMilli())
              .bind("retires", key.retires().toEpochMilli())
              .execute();
        });
  }

  // ---- rows ----

  private static int count(Handle handle) {
    return handle.createQuery("SELECT COUNT(*) FROM node").mapTo(Integer.class).one();
  }

  private static Optional<StoredNode> find(Handle handle, UUID id) {
    return handle
        .createQuery("SELECT * FROM node WHERE id = :id")
        .bind("id", id.toString())
        .map((row, _) -> node(row))
        .findOne();
  }

  private static StoredNode node(ResultSet row) throws SQLException {
    return new StoredNode(
        UUID.fromString(row.getString("id")),
        row.getString("name"),
        new NodeKey(row.getString("public_key")),
        row.getString("owner"),
        Instant.ofEpochMilli(row.getLong("created_millis")),
        Instant.ofEpochMilli(row.getLong("seen_millis")));
  }

  private static StoredSigningKey signingKey(ResultSet row) throws SQLException {
    return new StoredSigningKey(
        row.getString("kid"),
        row.getString("private_key"),
        row.getString("public_key"),
        Instant.ofEpochMilli(row.getLong("created_millis")),
        Instant.ofEpochMilli(row.getLong("retire_millis")));
  }
}
