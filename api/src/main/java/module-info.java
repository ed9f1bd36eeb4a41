import org.jspecify.annotations.NullMarked;

/// What gateway, node and command line say to each other: records, JSON, the HTTP client and
/// server, and the binder that reads configuration files.
@NullMarked
module io.penstock.api {
  requires transitive tools.jackson.databind;
  requires tools.jackson.dataformat.toml;
  requires java.net.http;
  requires io.netty.buffer;
  requires io.netty.codec;
  requires io.netty.common;
  requires transitive io.netty.codec.http;
  requires transitive io.netty.transport;
  requires org.slf4j;
  requires static transitive org.jspecify;

  exports io.penstock.api;
  exports io.penstock.api.client;
  exports io.penstock.api.config;
  exports io.penstock.api.tunnel;
  exports io.penstock.api.web;

  // The records of the API are made by the mapper through their constructors.
  opens io.penstock.api to
      tools.jackson.databind;
}
