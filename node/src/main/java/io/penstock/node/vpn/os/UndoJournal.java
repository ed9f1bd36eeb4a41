package io.penstock.node.vpn.os;

import io.penstock.api.IpPrefix;
import io.penstock.node.store.OwnerFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// What is to be taken back, on the disk before it is done: a file that holds all of it, written
/// anew with every change.
///
/// An entry says what was meant to be done; whether it was, who takes it back looks for himself. A
/// machine that lost its power has the last whole journal.
final class UndoJournal {

  private static final JsonMapper MAPPER = JsonMapper.shared();
  private static final int VERSION = 1;

  private final Path directory;
  private final OwnerFile file;

  /// @param directory exists, and is the same after a restart of the machine
  UndoJournal(Path directory) {
    this.directory = directory;
    file = new OwnerFile(directory.resolve("undo.json"));
  }

  Path path() {
    return file.path();
  }

  /// What is to be taken back, in the order in which it was done.
  ///
  /// @throws IOException when the file cannot be understood, or others may have written it; with
  ///   its path and what to do
  List<UndoEntry> read() throws IOException {
    JournalTrust.requireOwn(directory);
    byte[] bytes;
    try {
      JournalTrust.requireOwn(file);
      bytes = Files.readAllBytes(file.path());
    } catch (NoSuchFileException _) {
      return List.of();
    }
    try {
      JsonNode journal = MAPPER.readTree(bytes);
      if (journal.path("version").asInt() != VERSION) {
        throw new IOException(
            "%s was written by another version of this program; take its changes back with that"
                .formatted(file.path()));
      }
      List<UndoEntry> entries = new ArrayList<>();
      for (JsonNode entry : journal.path("entries")) {
        entries.add(
            entry.has("file")
                ? new UndoEntry.File(file(entry.path("file")))
                : new UndoEntry.Route(route(entry.path("route"))));
      }
      return entries;
    } catch (JacksonException | IllegalArgumentException e) {
      throw new IOException(
          "%s cannot be read, so what it says cannot be taken back: %s"
              .formatted(file.path(), e.getMessage()),
          e);
    }
  }

  /// Replaces the journal; returns when it is on the disk. Without entries there is no file.
  void write(List<UndoEntry> entries) throws IOException {
    if (entries.isEmpty()) {
      Files.deleteIfExists(file.path());
      return;
    }
    ObjectNode journal = MAPPER.createObjectNode().put("version", VERSION);
    ArrayNode array = journal.putArray("entries");
    for (UndoEntry entry : entries) {
      switch (entry) {
        case UndoEntry.Route(var route) -> write(route, array.addObject().putObject("route"));
        case UndoEntry.File(var replaced) -> write(replaced, array.addObject().putObject("file"));
      }
    }
    file.write(MAPPER.writeValueAsString(journal).getBytes(StandardCharsets.UTF_8));
  }

  private static void write(UnderlayRoute route, ObjectNode out) {
    out.put("destination", route.destination().toString()).put("device", route.device());
    route.gateway().ifPresent(gateway -> out.put("gateway", gateway));
  }

  private static UnderlayRoute route(JsonNode in) {
    return new UnderlayRoute(
        IpPrefix.parse(in.path("destination").asString()),
        Optional.ofNullable(in.path("gateway").stringValue(null)),
        in.path("device").asString());
  }

  private static void write(ReplacedFile file, ObjectNode out) {
    out.put("path", file.path().toString()).put("ours", base64(file.ours()));
    switch (file.before()) {
      case ReplacedFile.Before.Regular regular ->
          out.putObject("regular")
              .put("content", base64(regular.content()))
              .put("permissions", regular.permissions())
              .put("user", regular.user())
              .put("group", regular.group());
      case ReplacedFile.Before.Link(String target) -> out.putObject("link").put("target", target);
      case ReplacedFile.Before.Absent _ -> out.putObject("absent");
    }
  }

  private static ReplacedFile file(JsonNode in) {
    ReplacedFile.Before before;
    if (in.has("regular")) {
      JsonNode regular = in.path("regular");
      before =
          new ReplacedFile.Before.Regular(
              content(regular.path("content")),
              regular.path("permissions").asString(),
              regular.path("user").asInt(),
              regular.path("group").asInt());
    } else if (in.has("link")) {
      before = new ReplacedFile.Before.Link(in.path("link").path("target").asString());
    } else {
      before = new ReplacedFile.Before.Absent();
    }
    return new ReplacedFile(Path.of(in.path("path").asString()), before, content(in.path("ours")));
  }

  private static String base64(String content) {
    return Base64.getEncoder().encodeToString(content.getBytes(StandardCharsets.ISO_8859_1));
  }

  private static String content(JsonNode in) {
    return new String(Base64.getDecoder().decode(in.asString()), StandardCharsets.ISO_8859_1);
  }
}
