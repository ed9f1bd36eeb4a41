/// `penstock up`, `down` and `status` as processes of their own on machines of the test's own: each
/// is a network namespace with its own mounts and `resolv.conf`, all of them joined by a bridge in
/// a namespace where the gateway runs.
@NullMarked
package io.penstock.it.up;

import org.jspecify.annotations.NullMarked;
