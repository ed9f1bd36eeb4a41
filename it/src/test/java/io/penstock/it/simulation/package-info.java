/// The overlay under virtual time: nodes with their stacks, the tunnels' engines of both ends, the
/// gateway's router and leases, joined by simulated links. One thread drives it all, and a seed
/// replays a run.
package io.penstock.it.simulation;
