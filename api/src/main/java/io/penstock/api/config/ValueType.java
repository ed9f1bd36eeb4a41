package io.penstock.api.config;

import io.penstock.api.HostPort;
import io.penstock.api.IpPrefix;
import io.penstock.api.IsdAs;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.net.URI;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// How one kind of value is read, from TOML and from the text of a variable or flag.
///
/// @param allowed what may be written, for messages
/// @param form the TOML types that are taken
/// @param parser throws [IllegalArgumentException] on text that is no such value
/// @param secret whether the value must not be shown in a message
record ValueType(
    String allowed, Form form, Function<String, ? extends Object> parser, boolean secret) {

  /// The TOML types that a value may have.
  enum Form {
    STRING,
    NUMBER,
    BOOLEAN,
    STRING_OR_NUMBER,
    ARRAY,
    /// Each has keys of its own, so it is read by the binder.
    TABLES
  }

  /// The word that switches off what is optional.
  static final String OFF = "off";

  /// The type for a record component.
  ///
  /// @throws IllegalStateException when configuration records cannot have such a component
  static ValueType of(Type type, String name) {
    if (type instanceof ParameterizedType parameterized) {
      ValueType element = of(parameterized.getActualTypeArguments()[0], name);
      if (parameterized.getRawType() == Optional.class) {
        return new ValueType(
            element.allowed + ", or off",
            element.form,
            text -> maybe(element, text),
            element.secret);
      }
      if (parameterized.getRawType() == List.class) {
        return new ValueType(
            "an array, each " + element.allowed,
            Form.ARRAY,
            text -> many(element, text),
            element.secret);
      }
    }
    if (type instanceof Class<?> plain) {
      return ofClass(plain, name);
    }
    throw new IllegalStateException("no configuration value can be a " + type);
  }

  /// The type for a component of a table in an array of tables. There an optional key may be left
  /// out, but not be switched off: a reader would take the word for a value, and what it meant
  /// would not be what it says.
  ///
  /// @throws IllegalStateException when configuration records cannot have such a component
  static ValueType ofItem(Type type, String name) {
    if (type instanceof ParameterizedType parameterized
        && parameterized.getRawType() == Optional.class) {
      ValueType element = of(parameterized.getActualTypeArguments()[0], name);
      return new ValueType(
          element.allowed, element.form, text -> Optional.of(element.parse(text)), element.secret);
    }
    return of(type, name);
  }

  /// An array of tables; only a file can set it.
  ///
  /// @param keys of each table
  static ValueType tables(List<String> keys) {
    return new ValueType(
        "tables in a file, each with some of " + String.join(", ", keys),
        Form.TABLES,
        text -> {
          if (text.isBlank()) {
            return List.of();
          }
          throw new IllegalArgumentException("not a file");
        },
        false);
  }

  /// Whether a record is one value and not a table.
  static boolean isValue(Class<?> record) {
    return record == HostPort.class
        || record == IpPrefix.class
        || record == IsdAs.class
        || record == Secret.class;
  }

  private static ValueType ofClass(Class<?> type, String name) {
    boolean bytes = name.endsWith("Bytes");
    if (type == int.class || type == Integer.class) {
      return bytes
          ? size(text -> Math.toIntExact(ByteSizes.parse(text)))
          : new ValueType("a whole number", Form.NUMBER, Integer::parseInt, false);
    }
    if (type == long.class) {
      return bytes
          ? size(ByteSizes::parse)
          : new ValueType("a whole number", Form.NUMBER, Long::parseLong, false);
    }
    if (type == double.class) {
      return new ValueType("a number", Form.NUMBER, ValueType::number, false);
    }
    if (type == boolean.class) {
      return new ValueType("true or false", Form.BOOLEAN, ValueType::truth, false);
    }
    if (type == Duration.class) {
      return string(Durations.ALLOWED, Durations::parse);
    }
    if (type == HostPort.class) {
      return string("HOST:PORT such as 127.0.0.1:8000 or [::1]:8000, or :PORT", HostPort::parse);
    }
    if (type == IpPrefix.class) {
      return string(IpPrefix.ALLOWED, IpPrefix::parse);
    }
    if (type == IsdAs.class) {
      return string(IsdAs.ALLOWED, IsdAs::parse);
    }
    if (type == String.class) {
      return string("a text that is not empty", ValueType::text);
    }
    if (type == Secret.class) {
      return new ValueType(
          "a text that is not empty", Form.STRING, text -> new Secret(text(text)), true);
    }
    if (type == Path.class) {
      return string("a path", ValueType::path);
    }
    if (type == URI.class) {
      return string("a URL", URI::create);
    }
    if (type.isEnum()) {
      return enumeration(type);
    }
    throw new IllegalStateException("no configuration value can be a " + type);
  }

  /// Reads the text of a variable or flag.
  ///
  /// @throws IllegalArgumentException when it is no such value
  Object parse(String text) {
    try {
      return parser.apply(text);
    } catch (ArithmeticException _) {
      throw new IllegalArgumentException(allowed);
    }
  }

  /// Turns a TOML value into the text that [#parse] takes; null when its TOML type is wrong.
  @Nullable String text(JsonNode node) {
    return switch (form) {
      case STRING -> node.isString() ? node.stringValue() : null;
      case NUMBER -> node.isNumber() ? node.asString() : null;
      case BOOLEAN -> node.isBoolean() ? node.asString() : null;
      case STRING_OR_NUMBER -> node.isString() || node.isNumber() ? node.asString() : null;
      case ARRAY -> elements(node);
      case TABLES -> null;
    };
  }

  private static @Nullable String elements(JsonNode node) {
    if (!node.isArray()) {
      return null;
    }
    for (JsonNode element : node) {
      if (!element.isString() || element.stringValue().indexOf(',') >= 0) {
        return null;
      }
    }
    return node.valueStream().map(JsonNode::stringValue).collect(Collectors.joining(","));
  }

  private static ValueType size(Function<String, ? extends Object> parser) {
    return new ValueType(ByteSizes.ALLOWED, Form.STRING_OR_NUMBER, parser, false);
  }

  private static ValueType string(String allowed, Function<String, ? extends Object> parser) {
    return new ValueType(allowed, Form.STRING, parser, false);
  }

  private static ValueType enumeration(Class<?> type) {
    Object[] constants = type.getEnumConstants();
    String words = Arrays.stream(constants).map(ValueType::word).collect(Collectors.joining(", "));
    return string(
        "one of " + words,
        text ->
            Arrays.stream(constants)
                .filter(each -> word(each).equals(text))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("unknown word")));
  }

  static String word(Object constant) {
    return ((Enum<?>) constant).name().toLowerCase(Locale.ROOT);
  }

  private static Object maybe(ValueType element, String text) {
    return text.equals(OFF) ? Optional.empty() : Optional.of(element.parse(text));
  }

  private static List<Object> many(ValueType element, String text) {
    return text.isBlank()
        ? List.of()
        : Arrays.stream(text.split(",", -1)).map(each -> element.parse(each.strip())).toList();
  }

  private static String text(String text) {
    if (text.isEmpty()) {
      throw new IllegalArgumentException("empty");
    }
    return text;
  }

  private static Path path(String text) {
    try {
      return Path.of(text(text));
    } catch (InvalidPathException e) {
      throw new IllegalArgumentException(e);
    }
  }

  private static Boolean truth(String text) {
    return switch (text) {
      case "true" -> true;
      case "false" -> false;
      default -> throw new IllegalArgumentException("neither true nor false");
    };
  }

  private static Double number(String text) {
    double value = Double.parseDouble(text);
    if (!Double.isFinite(value)) {
      throw new IllegalArgumentException("not finite");
    }
    return value;
  }
}
