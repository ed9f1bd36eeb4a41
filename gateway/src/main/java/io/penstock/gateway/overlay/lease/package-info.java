/// Who has which address of the overlay: [AddressPool], durable in the store.
///
/// The specification is `docs/protocol/sessions.md`, section "Addresses"; the rules of registering
/// again are those of the original's allocator (`docs/protocol/snaptun.md`). Called by the
/// composition of the overlay when a tunnel is assigned an address and when it ends, and by the
/// admin API. Every call blocks on JDBC: virtual threads only.
@NullMarked
package io.penstock.gateway.overlay.lease;

import org.jspecify.annotations.NullMarked;
