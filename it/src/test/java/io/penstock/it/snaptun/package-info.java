/// Our snaptun against the original, the Rust crate `snap-tun` 0.1.0, in both directions.
@org.jspecify.annotations.NullMarked
package io.penstock.it.snaptun;
