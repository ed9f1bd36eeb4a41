package io.penstock.gateway.store;

import io.penstock.api.IpAddress;
import io.penstock.api.IpFamily;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jdbi.v3.core.Handle;

/// The leases as one transaction sees them; not to be used after it, nor by a second thread.
public final class LeaseTable {

  private final Handle transaction;

  LeaseTable(Handle transaction) {
    this.transaction = transaction;
  }

  /// Counts one more grant.
  public long nextGeneration() {
    return transaction
        .createQuery("UPDATE lease_generation SET last = last + 1 RETURNING last")
        .mapTo(Long.class)
        .one();
  }

  /// Whether there is such a node; only then can it have a lease.
  public boolean hasNode(UUID node) {
    return transaction
            .createQuery("SELECT COUNT(*) FROM node WHERE id = :node")
            .bind("node", node.toString())
            .mapTo(Integer.class)
            .one()
        > 0;
  }

  /// The lease of a node in a family.
  public Optional<StoredLease> of(UUID node, IpFamily family) {
    return transaction
        .createQuery("SELECT * FROM lease WHERE node = :node AND family = :family")
        .bind("node", node.toString())
        .bind("family", family.version())
        .map((row, _) -> lease(row))
        .findOne();
  }

  /// The lease of an address.
  public Optional<StoredLease> at(IpAddress address) {
    return transaction
        .createQuery("SELECT * FROM lease WHERE address = :address")
        .bind("address", address.toString())
        .map((row, _) -> lease(row))
        .findOne();
  }

  /// All leases in the order of their addresses.
  public List<StoredLease> all() {
    return transaction
        .createQuery("SELECT * FROM lease")
        .map((row, _) -> lease(row))
        .list()
        .stream()
        .sorted(Comparator.comparing(StoredLease::address))
        .toList();
  }

  /// The leases whose hold is over.
  public List<StoredLease> expired(Instant now) {
    return transaction
        .createQuery("SELECT * FROM lease WHERE hold_until_millis < :now")
        .bind("now", now.toEpochMilli())
        .map((row, _) -> lease(row))
        .list();
  }

  /// Puts a lease in the place of what there was for its address.
  public void put(StoredLease lease) {
    transaction
        .createUpdate(
            """
            INSERT INTO lease (address, family, node, generation, hold_until_millis, gateway)
            VALUES (:address, :family, :node, :generation, :hold, :gateway)
            ON CONFLICT (address) DO UPDATE SET
            node = excluded.node, generation = excluded.generation,
            hold_until_millis = excluded.hold_until_millis, gateway = excluded.gateway\
            """)
        .bind("address", lease.address().toString())
        .bind("family", lease.address().family().version())
        .bind("node", lease.node().toString())
        .bind("generation", lease.generation())
        .bind("hold", lease.heldUntil().map(Instant::toEpochMilli).orElse(null))
        .bind("gateway", lease.gateway().map(UUID::toString).orElse(null))
        .execute();
  }

  /// Removes the lease of an address.
  public void remove(IpAddress address) {
    transaction
        .createUpdate("DELETE FROM lease WHERE address = :address")
        .bind("address", address.toString())
        .execute();
  }

  /// Removes a node with its leases.
  ///
  /// @return whether there was one
  public boolean removeNode(UUID node) {
    return transaction
            .createUpdate("DELETE FROM node WHERE id = :node")
            .bind("node", node.toString())
            .execute()
        > 0;
  }

  private static StoredLease lease(ResultSet row) throws SQLException {
    return new StoredLease(
        IpAddress.parse(row.getString("address")),
        UUID.fromString(row.getString("node")),
        row.getLong("generation"),
        Database.time(row, "hold_until_millis"),
        Optional.ofNullable(row.getString("gateway")).map(UUID::fromString));
  }
}
