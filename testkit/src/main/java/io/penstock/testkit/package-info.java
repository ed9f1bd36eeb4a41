/// What tests of protocols have in common: a network in virtual time with seeded faults, seeds that
/// are told on failure, random sources that they replay, and a faulty relay for real UDP.
///
/// Nothing here knows an engine; a test hands over the few functions that it drives. Everything but
/// the relay runs on the thread of the test.
@org.jspecify.annotations.NullMarked
package io.penstock.testkit;
