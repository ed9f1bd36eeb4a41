/// What tests of protocols have in common: a network in virtual time with seeded faults, seeds that
/// are told on failure, random sources that they replay, a faulty relay for real UDP, and a
/// PostgreSQL server.
///
/// Nothing here knows an engine; a test hands over the few functions that it drives. Everything but
/// the relay and the server runs on the thread of the test.
@org.jspecify.annotations.NullMarked
package io.penstock.testkit;
