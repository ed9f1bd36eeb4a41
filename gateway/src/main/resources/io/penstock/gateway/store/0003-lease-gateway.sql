-- The id of the gateway that granted the lease, a UUID in lower case; none where that was before
-- gateways had ids.
ALTER TABLE lease ADD COLUMN gateway TEXT;
