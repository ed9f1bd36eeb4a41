/// Tests of the whole against the world: the original implementations, the system under load, and
/// benchmarks.
@org.jspecify.annotations.NullMarked
package io.penstock.it;
