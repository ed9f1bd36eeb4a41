package io.penstock.gateway.store;

import org.jdbi.v3.core.Handle;

/// What the two databases do differently; all other SQL is the same.
enum Dialect {
  /// Its transactions are begun as `IMMEDIATE` (see [SqliteStorage]), which is the lock already.
  SQLITE {
    @Override
    void lockForMigration(Handle transaction) {
      // The transaction holds the only write lock there is.
    }

    @Override
    void lockForLeases(Handle transaction) {
      // As above.
    }
  },
  /// Several gateways may start on one database at once.
  POSTGRESQL {
    @Override
    void lockForMigration(Handle transaction) {
      transaction
          .createQuery("SELECT pg_advisory_xact_lock(:key)")
          .bind("key", MIGRATION_LOCK)
          .mapTo(String.class)
          .list();
    }

    @Override
    void lockForLeases(Handle transaction) {
      transaction
          .createQuery("SELECT last FROM lease_generation FOR UPDATE")
          .mapTo(Long.class)
          .list();
    }
  };

  /// Any number that no other program on the same database uses: "penstock" in ASCII.
  private static final long MIGRATION_LOCK = 0x70656e73746f636bL;

  /// Keeps every other gateway from migrating until the transaction ends.
  abstract void lockForMigration(Handle transaction);

  /// Keeps every other gateway from reading and changing leases until the transaction ends.
  abstract void lockForLeases(Handle transaction);
}
