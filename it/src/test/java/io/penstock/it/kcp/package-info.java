/// Our KCP against kcp-go, in both directions and with the knobs that people turn.
@org.jspecify.annotations.NullMarked
package io.penstock.it.kcp;
