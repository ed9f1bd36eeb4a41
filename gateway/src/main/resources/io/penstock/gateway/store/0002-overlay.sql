-- Ids of nodes are UUIDs in lower case, public keys base64url of 32 bytes. A node is signed for with
-- times that only grow.
CREATE TABLE node (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  public_key TEXT NOT NULL,
  owner TEXT NOT NULL,
  created_millis BIGINT NOT NULL,
  seen_millis BIGINT NOT NULL,
  signed_millis BIGINT NOT NULL
);

-- Addresses in their one spelling, family 4 or 6. Without a hold the lease is assigned.
CREATE TABLE lease (
  address TEXT PRIMARY KEY,
  family INTEGER NOT NULL,
  node TEXT NOT NULL REFERENCES node (id) ON DELETE CASCADE,
  generation BIGINT NOT NULL,
  hold_until_millis BIGINT,
  UNIQUE (node, family)
);

-- One row, which counts the grants; whoever changes leases locks it first.
CREATE TABLE lease_generation (
  last BIGINT NOT NULL
);

INSERT INTO lease_generation (last) VALUES (0);

-- Ed25519: the private key as PKCS#8 in base64, the public one in base64url of 32 bytes.
CREATE TABLE signing_key (
  kid TEXT PRIMARY KEY,
  private_key TEXT NOT NULL,
  public_key TEXT NOT NULL,
  created_millis BIGINT NOT NULL,
  retire_millis BIGINT NOT NULL
);
