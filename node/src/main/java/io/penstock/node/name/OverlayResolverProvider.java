package io.penstock.node.name;

import java.net.spi.InetAddressResolver;
import java.net.spi.InetAddressResolverProvider;

/// Puts the names of the running nodes behind [java.net.InetAddress], for the whole process (JEP
/// 418).
///
/// Database drivers and others look a host up before they ask a socket factory for a socket. The
/// JDK loads this by itself at the first lookup, if it finds it with the class loader of the
/// application. It must not log or look up anything while it is loaded: the lookup waits for it.
public final class OverlayResolverProvider extends InetAddressResolverProvider {

  @Override
  public InetAddressResolver get(Configuration configuration) {
    InetAddressResolver machine = configuration.builtinResolver();
    MachineHosts.isLookedUpBy(machine);
    return new ZoneResolver(
        RunningNodes.ofThisProcess(), OwnNames.of(configuration::lookupLocalHostName), machine);
  }

  @Override
  public String name() {
    return "penstock";
  }
}
