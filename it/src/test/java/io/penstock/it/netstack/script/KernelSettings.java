package io.penstock.it.netstack.script;

import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;

/// What the `config` lines of a script are to the kernel: settings of its network namespace, and
/// options of its sockets.
final class KernelSettings {

  private static final Path FOLDER = Path.of("/proc/sys/net/ipv4");

  private final Map<String, String> system = new LinkedHashMap<>();
  private final Map<TcpOption, Integer> options = new EnumMap<>(TcpOption.class);
  private String congestion = "cubic";
  private int mtu = 1500;
  private boolean noDelay;

  KernelSettings(Map<String, String> settings) {
    defaults();
    settings.forEach(this::set);
  }

  /// Where the kernel has a choice, that of the stack.
  private void defaults() {
    system.put("tcp_ecn", "1");
    // A SYN is repeated after 1, 2, 4 … seconds, not four times after one.
    system.put("tcp_syn_linear_timeouts", "0");
    // What is out of order is acknowledged at once, and every acknowledgment of an error is sent.
    system.put("tcp_comp_sack_nr", "0");
    system.put("tcp_invalid_ratelimit", "0");
    // Windows begin with all that a SYN can tell, and are scaled by seven.
    system.put("tcp_rmem", "4096 262144 6291456");
    system.put("tcp_wmem", "4096 262144 6291456");
    system.put("tcp_moderate_rcvbuf", "0");
    system.put("tcp_no_metrics_save", "1");
  }

  private void set(String name, String value) {
    String flag = value.equals("on") ? "1" : "0";
    switch (name) {
      case "mtu" -> mtu = Integer.parseInt(value);
      case "sack" -> system.put("tcp_sack", flag);
      case "timestamps" -> system.put("tcp_timestamps", flag);
      case "windowscaling" -> system.put("tcp_window_scaling", flag);
      case "ecn" -> system.put("tcp_ecn", flag);
      case "nodelay" -> noDelay = value.equals("on");
      case "congestion" -> congestion = value.equals("new_reno") ? "reno" : value;
      case "keepaliveinterval" -> options.put(TcpOption.KEEP_INTERVAL, Integer.parseInt(value));
      case "keepaliveprobes" -> options.put(TcpOption.KEEP_COUNT, Integer.parseInt(value));
      case "usertimeout" -> options.put(TcpOption.USER_TIMEOUT, Integer.parseInt(value) * 1000);
      case "halfopen" -> system.put("tcp_syncookies", value.equals("0") ? "2" : "1");
      case "pacing" -> {
        // The kernel does not pace of itself.
      }
      default -> throw new IllegalArgumentException("the kernel has no setting " + name);
    }
  }

  int mtu() {
    return mtu;
  }

  /// Sets those of the namespace that the calling thread is in.
  void apply() throws IOException {
    for (var setting : system.entrySet()) {
      Files.writeString(FOLDER.resolve(setting.getKey()), setting.getValue());
    }
  }

  /// Sets those of a socket, which a listener passes on.
  void apply(Socket socket) throws IOException {
    // Not for the namespace: to set that takes a machine whose own default it is.
    byte[] name = congestion.getBytes(StandardCharsets.US_ASCII);
    TcpOption.CONGESTION.set(socket, ByteBuffer.wrap(name));
    for (var option : options.entrySet()) {
      option.getKey().set(socket, option.getValue());
    }
    if (noDelay) {
      socket.setTcpNoDelay(true);
    }
  }
}
