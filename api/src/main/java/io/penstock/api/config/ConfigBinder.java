package io.penstock.api.config;

import io.penstock.api.config.Table.Field;
import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.dataformat.toml.TomlMapper;

/// Builds a configuration record from its defaults and what is set over them.
///
/// Sources are given from the weakest to the strongest: a file, then the environment, then flags.
/// [#bind] makes the record or throws with every problem that was found. Not thread-safe; used
/// once.
///
/// @param <T> the record, which holds values and other records
public final class ConfigBinder<T extends Record> {

  /// No configuration of ours comes near; a larger file is something else.
  private static final long MAX_FILE_BYTES = 1024 * 1024;

  /// An environment variable this close to one of ours is a typing mistake, others are not ours.
  private static final int MISTYPED_VARIABLE_EDITS = 2;

  private record Setting(String text, Origin origin) {}

  private record Origin(String source, Optional<Integer> line, String name) {}

  private final T defaults;
  private final String variablePrefix;
  private final Table root;
  private final Map<String, Field> known = new LinkedHashMap<>();
  private final Map<String, Setting> settings = new HashMap<>();
  private final Map<String, List<Object>> lists = new HashMap<>();
  private final Map<String, Origin> places = new HashMap<>();
  private final List<ConfigProblem> problems = new ArrayList<>();

  private ConfigBinder(T defaults, String variablePrefix) {
    this.defaults = defaults;
    this.variablePrefix = variablePrefix;
    this.root = Table.of(defaults.getClass(), "");
    for (Field field : root.values()) {
      if (known.put(field.key(), field) != null) {
        throw new IllegalStateException("two components have the key " + field.key());
      }
    }
  }

  /// Starts from the defaults.
  ///
  /// @param variablePrefix of the environment variables, such as `PENSTOCK_`
  public static <T extends Record> ConfigBinder<T> of(T defaults, String variablePrefix) {
    return new ConfigBinder<>(defaults, variablePrefix);
  }

  /// Takes what a TOML file sets; relative paths in it are seen from its directory.
  ///
  /// @throws IOException when the file cannot be read, with its name
  public ConfigBinder<T> file(Path file) throws IOException {
    String name = file.toString();
    if (!Files.isRegularFile(file)) {
      throw new IOException("there is no configuration file " + name);
    }
    if (Files.size(file) > MAX_FILE_BYTES) {
      throw new IOException(
          "%s is larger than %s, which no configuration is"
              .formatted(name, ByteSizes.format(MAX_FILE_BYTES)));
    }
    String toml;
    try {
      toml = Files.readString(file);
    } catch (MalformedInputException e) {
      throw new IOException(name + " is not text in UTF-8", e);
    }
    Path directory = file.toAbsolutePath().getParent();
    return toml(toml, name, directory == null ? file.toAbsolutePath() : directory);
  }

  /// Takes what a TOML text sets.
  ///
  /// @param name of the text, for messages
  /// @param directory from which its relative paths are seen
  public ConfigBinder<T> toml(String toml, String name, Path directory) {
    JsonNode tree;
    try {
      tree = new TomlMapper().readTree(toml);
    } catch (JacksonException e) {
      Optional<Integer> line =
          Optional.ofNullable(e.getLocation()).map(at -> at.getLineNr()).filter(at -> at > 0);
      problems.add(new ConfigProblem(name, line, "syntax", "no valid TOML: " + firstLine(e)));
      return this;
    }
    walk(tree, "", new File(name, directory, new KeyLines(toml)));
    return this;
  }

  /// Takes the variables that belong to a key; see [#keys].
  public ConfigBinder<T> environment(Map<String, String> variables) {
    Map<String, Field> byVariable = new LinkedHashMap<>();
    known.values().forEach(field -> byVariable.put(variable(field.key()), field));
    for (String name : new TreeSet<>(variables.keySet())) {
      Field field = byVariable.get(name);
      Origin origin = new Origin("environment", Optional.empty(), name);
      if (field != null) {
        set(field, variables.getOrDefault(name, ""), origin);
      } else if (name.startsWith(variablePrefix)) {
        byVariable.keySet().stream()
            .filter(other -> Nearest.distance(name, other) <= MISTYPED_VARIABLE_EDITS)
            .findFirst()
            .ifPresent(
                near -> problem(origin, "is no variable that is read; did you mean " + near + "?"));
      }
    }
    return this;
  }

  /// Takes one value that is stronger than all before.
  ///
  /// @param key its path, such as `ingress.http`
  /// @param origin what a message calls it, such as `--ingress-http`
  /// @throws IllegalArgumentException when there is no such key
  public ConfigBinder<T> override(String key, String value, String origin) {
    Field field = known.get(key);
    if (field == null) {
      throw new IllegalArgumentException("no such key: " + key);
    }
    set(field, value, new Origin("command line", Optional.empty(), origin));
    return this;
  }

  /// Makes the record.
  ///
  /// @throws ConfigException with every problem that was found
  public T bind() throws ConfigException {
    @SuppressWarnings("unchecked") // The root table was made from the class of the defaults.
    T bound = (T) build(root, defaults);
    if (!problems.isEmpty()) {
      throw new ConfigException(problems);
    }
    return bound;
  }

  /// Every key with its variable and default, in the order of the records.
  public List<ConfigKey> keys() {
    Map<String, Object> values = new HashMap<>();
    collect(root, defaults, values);
    return known.values().stream()
        .map(
            field ->
                new ConfigKey(
                    field.key(),
                    variable(field.key()),
                    field.value() == null ? "" : field.value().allowed(),
                    shown(field.key(), values.get(field.key()))))
        .toList();
  }

  private record File(String name, Path directory, KeyLines lines) {
    Origin at(String key) {
      return new Origin(name, lines.of(key), key);
    }
  }

  private void walk(JsonNode node, String path, File file) {
    for (Map.Entry<String, JsonNode> entry : node.properties()) {
      String key = path.isEmpty() ? entry.getKey() : path + "." + entry.getKey();
      Field field = known.get(key);
      Origin origin = file.at(key);
      if (field != null && field.items().isPresent() && entry.getValue().isArray()) {
        setList(field, field.items().get(), entry.getValue(), file);
      } else if (field != null && field.value() != null) {
        setFromFile(field, field.value(), entry.getValue(), origin, file);
      } else if (root.tables().contains(key)) {
        if (entry.getValue().isObject()) {
          places.put(key, origin);
          walk(entry.getValue(), key, file);
        } else {
          problem(origin, "is a table; its keys are " + below(key));
        }
      } else {
        problem(origin, "unknown key" + suggestion(key));
      }
    }
  }

  private void setFromFile(Field field, ValueType type, JsonNode node, Origin origin, File file) {
    String text = type.text(node);
    if (text == null) {
      String shown = type.secret() ? "(hidden)" : abbreviated(node.toString());
      problem(origin, "%s is %s, allowed is %s".formatted(field.key(), shown, type.allowed()));
      return;
    }
    boolean path = field.component().getGenericType().getTypeName().contains("java.nio.file.Path");
    if (path && !text.isEmpty() && !text.equals(ValueType.OFF) && text.indexOf('\0') < 0) {
      text = file.directory.resolve(text).toString();
    }
    set(field, text, origin);
  }

  private void setList(Field field, Table items, JsonNode array, File file) {
    settings.remove(field.key());
    places.put(field.key(), file.at(field.key()));
    new TableArray(field.key(), items, (key, message) -> problem(file.at(key), message))
        .read(array)
        .ifPresent(list -> lists.put(field.key(), list));
  }

  private void set(Field field, String text, Origin origin) {
    lists.remove(field.key());
    settings.put(field.key(), new Setting(text, origin));
    places.put(field.key(), origin);
  }

  private Object build(Table table, Object fallback) {
    Object[] values = new Object[table.fields().size()];
    boolean changed = false;
    for (int i = 0; i < values.length; i++) {
      Field field = table.fields().get(i);
      Object before = Table.read(fallback, field.component());
      values[i] =
          field.value() == null && field.table() != null
              ? build(field.table(), before)
              : value(field, before);
      changed |= !values[i].equals(before);
    }
    if (!changed) {
      return fallback;
    }
    try {
      return table.create(values);
    } catch (Requirements.Unmet e) {
      e.violations().forEach((key, message) -> refused(key, table.path(), message));
    } catch (IllegalArgumentException e) {
      String message = String.valueOf(e.getMessage());
      refused(mentioned(table, message), table.path(), message);
    }
    return fallback;
  }

  private Object value(Field field, Object fallback) {
    List<Object> list = lists.get(field.key());
    if (list != null) {
      return list;
    }
    Setting setting = settings.get(field.key());
    ValueType type = field.value();
    if (setting == null || type == null) {
      return fallback;
    }
    try {
      return type.parse(setting.text);
    } catch (IllegalArgumentException _) {
      String shown = type.secret() ? "(hidden)" : "\"" + abbreviated(setting.text) + "\"";
      problem(
          setting.origin, "%s is %s, allowed is %s".formatted(field.key(), shown, type.allowed()));
      return fallback;
    }
  }

  /// The key that a message of a constructor is about: the one it starts with, else the one whose
  /// component it names.
  private static String mentioned(Table table, String message) {
    List<Field> values = table.values();
    return values.stream()
        .filter(field -> message.startsWith(field.key() + " "))
        .findFirst()
        .or(
            () ->
                values.stream()
                    .filter(field -> message.contains(field.component().getName() + " "))
                    .findFirst())
        .map(Field::key)
        .orElse(table.path());
  }

  /// Tells what a constructor refused, at the place of the key, else of its table, else of a key
  /// that was set in it.
  private void refused(String key, String table, String message) {
    String prefix = table.isEmpty() ? "" : table + ".";
    Origin origin =
        Stream.of(key, prefix + key, table)
            .filter(places::containsKey)
            .findFirst()
            .or(
                () ->
                    places.keySet().stream()
                        .filter(it -> it.startsWith(prefix))
                        .sorted()
                        .findFirst())
            .map(places::get)
            .orElseGet(() -> new Origin("configuration", Optional.empty(), key));
    problem(origin, message);
  }

  private void problem(Origin origin, String message) {
    problems.add(new ConfigProblem(origin.source, origin.line, abbreviated(origin.name), message));
  }

  private String suggestion(String key) {
    List<String> candidates = new ArrayList<>(known.keySet());
    candidates.addAll(root.tables());
    Optional<String> near = Nearest.to(key, candidates);
    if (near.isEmpty()) {
      String last = "." + key.substring(key.lastIndexOf('.') + 1);
      near = candidates.stream().filter(each -> each.endsWith(last)).findFirst();
    }
    return near.map(each -> "; did you mean \"" + each + "\"?")
        .orElseGet(() -> "; allowed is " + below(parent(key)));
  }

  private String below(String table) {
    String prefix = table.isEmpty() ? "" : table + ".";
    List<String> all = new ArrayList<>(known.keySet());
    all.addAll(root.tables());
    return all.stream()
        .filter(key -> key.startsWith(prefix))
        .map(key -> key.substring(prefix.length()))
        .map(key -> key.indexOf('.') < 0 ? key : key.substring(0, key.indexOf('.')))
        .distinct()
        .sorted()
        .collect(Collectors.joining(", "));
  }

  private String parent(String key) {
    String table = key.indexOf('.') < 0 ? "" : key.substring(0, key.lastIndexOf('.'));
    return root.tables().contains(table) ? table : "";
  }

  private String variable(String key) {
    return variablePrefix + key.replace('.', '_').toUpperCase(Locale.ROOT);
  }

  private static void collect(Table table, Object instance, Map<String, Object> into) {
    for (Field field : table.fields()) {
      Object value = Table.read(instance, field.component());
      if (field.value() != null || field.table() == null) {
        into.put(field.key(), value);
      } else {
        collect(field.table(), value, into);
      }
    }
  }

  private static String shown(String key, @Nullable Object value) {
    return switch (value) {
      case null -> "";
      case Optional<?> maybe -> maybe.isEmpty() ? ValueType.OFF : shown(key, maybe.get());
      case Duration duration -> Durations.format(duration);
      case Enum<?> constant -> ValueType.word(constant);
      case Number bytes when key.endsWith("_bytes") -> ByteSizes.format(bytes.longValue());
      default -> value.toString();
    };
  }

  static String abbreviated(String text) {
    String line = text.replaceAll("\\p{Cntrl}", "?");
    return line.length() <= 80 ? line : line.substring(0, 80) + "…";
  }

  private static String firstLine(JacksonException e) {
    String message = e.getOriginalMessage() == null ? "unknown" : e.getOriginalMessage();
    return abbreviated(message.lines().findFirst().orElse(""));
  }
}
