package io.penstock.protocol.smux;

/// Which end of the connection a session is; it decides nothing but the parity of stream ids.
///
/// The parity is not enforced on what the peer opens: the original does not do it either, so that
/// two clients or two servers can talk as long as their ids do not collide.
public enum SmuxRole {
  /// The end that dialled: opens 3, 5, 7 and so on.
  CLIENT(1),
  /// The end that accepted the connection: opens 2, 4, 6 and so on.
  SERVER(0);

  private final int idBeforeFirst;

  SmuxRole(int idBeforeFirst) {
    this.idBeforeFirst = idBeforeFirst;
  }

  /// The value that the id counter starts from; two is added before each use.
  int idBeforeFirst() {
    return idBeforeFirst;
  }
}
