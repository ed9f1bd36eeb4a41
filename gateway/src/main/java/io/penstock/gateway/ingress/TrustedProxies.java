package io.penstock.gateway.ingress;

import io.netty.handler.ipfilter.IpFilterRuleType;
import io.netty.handler.ipfilter.IpSubnetFilterRule;
import io.netty.util.NetUtil;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;

/// The proxies in front of us whose forwarded headers are believed.
final class TrustedProxies {

  private final List<IpSubnetFilterRule> rules;

  private TrustedProxies(List<IpSubnetFilterRule> rules) {
    this.rules = rules;
  }

  /// Reads addresses and `address/prefix`.
  ///
  /// @throws IllegalArgumentException with a message that names the entry
  static TrustedProxies parse(List<String> entries) {
    List<IpSubnetFilterRule> rules = new ArrayList<>();
    for (String entry : entries) {
      rules.add(rule(entry));
    }
    return new TrustedProxies(List.copyOf(rules));
  }

  boolean trusts(SocketAddress peer) {
    if (rules.isEmpty() || !(peer instanceof InetSocketAddress address)) {
      return false;
    }
    for (IpSubnetFilterRule rule : rules) {
      if (rule.matches(address)) {
        return true;
      }
    }
    return false;
  }

  private static IpSubnetFilterRule rule(String entry) {
    int slash = entry.indexOf('/');
    String address = slash < 0 ? entry : entry.substring(0, slash);
    boolean v4 = NetUtil.isValidIpV4Address(address);
    if (v4 || NetUtil.isValidIpV6Address(address)) {
      try {
        int bits = v4 ? 32 : 128;
        int prefix = slash < 0 ? bits : Integer.parseInt(entry.substring(slash + 1));
        if (prefix >= 0 && prefix <= bits) {
          return new IpSubnetFilterRule(address, prefix, IpFilterRuleType.ACCEPT);
        }
      } catch (NumberFormatException _) {
        // falls to the message below
      }
    }
    throw new IllegalArgumentException(
        "ingress.trusted_proxies has '" + entry + "', allowed are addresses and address/prefix");
  }
}
