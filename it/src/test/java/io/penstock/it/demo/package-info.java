/// The demo, as a user starts it.
@org.jspecify.annotations.NullMarked
package io.penstock.it.demo;
