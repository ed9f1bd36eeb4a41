package io.penstock.api;

import java.util.List;

/// A list in JSON, in an object so that fields can join it later.
///
/// @param <T> the record that is listed
/// @param items in a stable order
public record Listing<T>(List<T> items) {
  public Listing {
    items = List.copyOf(items);
  }
}
