/// The check that no test leaks a Netty buffer.
///
/// [io.penstock.testkit.leak.LeakCheck] is found by JUnit in every module that has the testkit on
/// its test class path; no test names it. It runs on the thread of the tests.
@org.jspecify.annotations.NullMarked
package io.penstock.testkit.leak;
