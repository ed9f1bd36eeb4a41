/// How long agents and nodes wait before they try again to reach their gateway.
///
/// Plain values without threads or clocks; called from the event loop of whoever waits.
@NullMarked
package io.penstock.node.retry;

import org.jspecify.annotations.NullMarked;
