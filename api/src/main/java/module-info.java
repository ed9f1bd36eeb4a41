import org.jspecify.annotations.NullMarked;

/// What gateway, node and command line say to each other: records, JSON, the HTTP client, and the
/// binder that reads configuration files.
@NullMarked
module io.penstock.api {
  requires transitive tools.jackson.databind;
  requires tools.jackson.dataformat.toml;
  requires java.net.http;
  requires static transitive org.jspecify;

  exports io.penstock.api.tunnel;
}
