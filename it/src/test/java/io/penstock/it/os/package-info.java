/// Network settings put in place on a Linux machine of the test's own: namespaces with interfaces,
/// routes and a `resolv.conf` that nobody else sees.
@NullMarked
package io.penstock.it.os;

import org.jspecify.annotations.NullMarked;
