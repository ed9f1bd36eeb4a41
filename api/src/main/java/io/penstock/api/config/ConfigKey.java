package io.penstock.api.config;

/// One key of a configuration, for documentation.
///
/// @param key its path in the file, such as `ingress.http`
/// @param variable the environment variable that sets it
/// @param allowed what may be written
/// @param defaultValue what holds when nothing is set, as it would be written
public record ConfigKey(String key, String variable, String allowed, String defaultValue) {}
