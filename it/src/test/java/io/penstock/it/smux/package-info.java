/// Our smux against the newest Go original, both versions, both roles.
@org.jspecify.annotations.NullMarked
package io.penstock.it.smux;
