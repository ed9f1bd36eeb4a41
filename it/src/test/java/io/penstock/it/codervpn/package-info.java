/// Our codervpn streams against those of the Go original, of its first release and of a later one,
/// in both roles.
@org.jspecify.annotations.NullMarked
package io.penstock.it.codervpn;
