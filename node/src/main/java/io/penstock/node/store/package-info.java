/// The files that a node keeps in its state directory, one [io.penstock.node.store.OwnerFile] each,
/// and the [io.penstock.node.store.DirectoryLock] on it.
///
/// Used by whoever has something to keep: the identity, the serve config, its certificate. May be
/// called from any thread, and blocks.
@NullMarked
package io.penstock.node.store;

import org.jspecify.annotations.NullMarked;
