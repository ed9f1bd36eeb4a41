-- Times are milliseconds of the Unix epoch, hashes are SHA-256 in hexadecimal, scopes are words
-- separated by one space.
CREATE TABLE token (
  id TEXT PRIMARY KEY,
  hash TEXT NOT NULL UNIQUE,
  owner TEXT NOT NULL,
  scopes TEXT NOT NULL,
  created_millis BIGINT NOT NULL,
  expires_millis BIGINT,
  revoked_millis BIGINT
);

CREATE TABLE route (
  name TEXT PRIMARY KEY,
  owner TEXT NOT NULL,
  created_millis BIGINT NOT NULL
);

CREATE INDEX route_owner ON route (owner);
