package io.penstock.cli;

import io.penstock.transport.NativeSupport;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Properties;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `penstock version`: the version, the JDK, and which native parts are active here.
@Command(
    name = "version",
    header = "Tell the version, the JDK, and which native parts are active.",
    optionListHeading = "%nOptions:%n",
    footerHeading = "%nExamples:%n",
    footer = {"  penstock version", "  penstock version --json"})
final class VersionCommand implements Runnable {

  private final Console console;

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  VersionCommand(Console console) {
    this.console = console;
  }

  @Override
  public void run() {
    Map<String, Boolean> parts = new LinkedHashMap<>();
    parts.put("epoll", NativeSupport.epoll());
    parts.put("openssl", NativeSupport.openSsl());
    parts.put("quic", NativeSupport.quic());
    String jdk = Runtime.version() + " (" + System.getProperty("java.vendor", "unknown") + ")";
    if (json) {
      Map<String, Object> all = new LinkedHashMap<>();
      all.put("version", version());
      all.put("jdk", jdk);
      all.put("native", parts);
      console.json(all);
      return;
    }
    console.out().println("penstock  " + version());
    console.out().println("jdk       " + jdk);
    parts.forEach(
        (name, active) ->
            console.out().printf("%-9s %s%n", name, active ? "active" : "not active here"));
  }

  /// The version of this build.
  static String version() {
    Properties build = new Properties();
    try (InputStream in = VersionCommand.class.getResourceAsStream("build.properties")) {
      if (in == null) {
        throw new IllegalStateException("build.properties is missing from the class path");
      }
      build.load(in);
      return build.getProperty("version");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
