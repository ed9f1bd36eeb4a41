package io.penstock.protocol.codervpn;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/// What one end can speak: for each major number the highest minor one.
///
/// @param list with ascending major numbers, at least one
public record ProtocolVersions(List<ProtocolVersion> list) {

  /// What we speak.
  public static final ProtocolVersions OURS = of(ProtocolVersion.V1_3);

  /// @throws IllegalArgumentException when the list is empty or its major numbers do not ascend
  public ProtocolVersions {
    list = List.copyOf(list);
    if (!isValid(list)) {
      throw new IllegalArgumentException(
          "versions are " + list + ", allowed is at least one, with ascending major numbers");
    }
  }

  public static ProtocolVersions of(ProtocolVersion... versions) {
    return new ProtocolVersions(List.of(versions));
  }

  /// Reads versions with commas between them; empty when the text is anything else.
  public static Optional<ProtocolVersions> parse(String text) {
    List<ProtocolVersion> versions = new ArrayList<>(2);
    for (String word : text.split(",", -1)) {
      Optional<ProtocolVersion> version = ProtocolVersion.parse(word);
      if (version.isEmpty()) {
        return Optional.empty();
      }
      versions.add(version.get());
    }
    return isValid(versions) ? Optional.of(new ProtocolVersions(versions)) : Optional.empty();
  }

  private static boolean isValid(List<ProtocolVersion> versions) {
    for (int i = 1; i < versions.size(); i++) {
      if (versions.get(i).major() <= versions.get(i - 1).major()) {
        return false;
      }
    }
    return !versions.isEmpty();
  }

  /// The highest version that both ends speak: of the highest common major number the lower of the
  /// two minor ones.
  public Optional<ProtocolVersion> common(ProtocolVersions other) {
    ProtocolVersion highest = null;
    for (ProtocolVersion ours : list) {
      for (ProtocolVersion theirs : other.list) {
        if (ours.major() == theirs.major()) {
          highest = ours.compareTo(theirs) < 0 ? ours : theirs;
        }
      }
    }
    return Optional.ofNullable(highest);
  }

  /// As in the header.
  @Override
  public String toString() {
    return list.stream().map(ProtocolVersion::toString).collect(Collectors.joining(","));
  }
}
