package io.penstock.node.serve;

import org.jspecify.annotations.Nullable;

/// Which configs may follow which, for callers who would not mean it: the command line and the
/// local API.
///
/// A control connection that is new may not take a port that is in use, and the background may not
/// take one from a control connection. Those two hold for everybody. A port's type does not change
/// in place: whoever means it removes the port first; the library may.
final class UpdateRules {

  private UpdateRules() {}

  static void check(ServeConfig current, ServeConfig next, TypeChange typeChange)
      throws ServeException {
    checkBackground(current, next, typeChange);
    for (var block : next.foreground().entrySet()) {
      ServeConfig before = current.foreground().get(block.getKey());
      for (int port : block.getValue().tcp().keySet()) {
        if (before != null && before.tcp().containsKey(port)) {
          checkType(port, before, block.getValue(), typeChange);
        } else if (current.tcp().containsKey(port) || inForeground(current, port)) {
          throw inUse("port %d is in use; stop serving it first".formatted(port));
        }
      }
    }
  }

  private static void checkBackground(ServeConfig current, ServeConfig next, TypeChange typeChange)
      throws ServeException {
    for (int port : next.tcp().keySet()) {
      if (current.tcp().containsKey(port)) {
        checkType(port, current, next, typeChange);
      } else if (inForeground(current, port)) {
        throw inUse(
            "port %d is served by a command in the foreground; end that first".formatted(port));
      }
    }
  }

  private static void checkType(
      int port, ServeConfig current, ServeConfig next, TypeChange typeChange)
      throws ServeException {
    ServedPort.Type was = type(current.tcp().get(port));
    ServedPort.Type is = type(next.tcp().get(port));
    if (typeChange == TypeChange.REFUSE && was != null && is != null && was != is) {
      throw inUse(
          "port %d serves %s and would serve %s; turn it off first, with the same flags and \"off\""
              .formatted(port, was.text(), is.text()));
    }
  }

  private static boolean inForeground(ServeConfig config, int port) {
    return config.foreground().values().stream().anyMatch(block -> block.tcp().containsKey(port));
  }

  static ServedPort.@Nullable Type type(@Nullable TcpPortHandler handler) {
    if (handler == null) {
      return null;
    }
    if (handler.https()) {
      return ServedPort.Type.HTTPS;
    }
    if (handler.http()) {
      return ServedPort.Type.HTTP;
    }
    if (handler.tcpForward().isEmpty() && !handler.penstock().accept()) {
      return null;
    }
    return handler.terminateTls().isEmpty()
        ? ServedPort.Type.TCP
        : ServedPort.Type.TLS_TERMINATED_TCP;
  }

  private static ServeException inUse(String what) {
    return new ServeException(ServeException.Reason.IN_USE, what);
  }
}
