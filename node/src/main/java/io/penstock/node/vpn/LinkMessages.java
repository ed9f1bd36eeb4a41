package io.penstock.node.vpn;

import io.penstock.node.NodeStatus;
import io.penstock.protocol.codervpn.message.PenstockLink;

/// How a node is doing, as a tunnel tells its manager.
final class LinkMessages {

  private LinkMessages() {}

  static PenstockLink of(NodeStatus status) {
    var link = PenstockLink.newBuilder();
    switch (status) {
      case NodeStatus.Starting(String why) ->
          link.setState(PenstockLink.State.DEGRADED).setReason(why);
      case NodeStatus.Running _ -> link.setState(PenstockLink.State.RUNNING);
      case NodeStatus.Degraded(String why, _, _) ->
          link.setState(PenstockLink.State.DEGRADED).setReason(why);
      case NodeStatus.Stopped(String code, String message) ->
          link.setState(PenstockLink.State.STOPPED).setCode(code).setReason(message);
    }
    return link.build();
  }
}
