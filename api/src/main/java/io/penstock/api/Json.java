package io.penstock.api;

import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.exc.StreamReadException;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DatabindException;
import tools.jackson.databind.DeserializationContext;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JavaType;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.ValueDeserializer;
import tools.jackson.databind.cfg.CoercionAction;
import tools.jackson.databind.cfg.CoercionInputShape;
import tools.jackson.databind.cfg.MutableCoercionConfig;
import tools.jackson.databind.exc.UnrecognizedPropertyException;
import tools.jackson.databind.exc.ValueInstantiationException;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.module.SimpleModule;
import tools.jackson.databind.type.LogicalType;

/// Reads and writes the records of the APIs as JSON (RFC 8259).
///
/// Requests are read strictly, so that a mistyped field is an error and not a default; answers are
/// read leniently, because a newer gateway may say more. Safe for use by several threads.
public final class Json {

  /// Nothing in the APIs nests deeper.
  private static final int MAX_DEPTH = 16;

  /// Longer than any token, URL or path in the APIs.
  private static final int MAX_STRING_CHARS = 64 * 1024;

  private static final JsonMapper STRICT = mapper(true);
  private static final JsonMapper LENIENT = mapper(false);

  private Json() {}

  /// Writes a record in UTF-8; times are RFC 3339, an absent value is `null`.
  public static byte[] write(Object value) {
    return LENIENT.writeValueAsBytes(value);
  }

  /// Writes a record as text on one line.
  public static String writeText(Object value) {
    return LENIENT.writeValueAsString(value);
  }

  /// Reads a request: unknown, missing or repeated fields and values of the wrong type are refused.
  public static <T> T readRequest(byte[] json, Class<T> type) throws MalformedJsonException {
    return read(() -> STRICT.readValue(json, type));
  }

  /// Reads an answer: unknown fields are ignored.
  public static <T> T readAnswer(byte[] json, Class<T> type) throws MalformedJsonException {
    return read(() -> LENIENT.readValue(json, type));
  }

  /// Reads an answer that lists records.
  public static <T> Listing<T> readListing(byte[] json, Class<T> item)
      throws MalformedJsonException {
    JavaType type = LENIENT.getTypeFactory().constructParametricType(Listing.class, item);
    return read(() -> LENIENT.<Listing<T>>readValue(json, type));
  }

  private static <T> T read(Supplier<@Nullable T> reading) throws MalformedJsonException {
    T value;
    try {
      value = reading.get();
    } catch (JacksonException e) {
      throw new MalformedJsonException(describe(e));
    }
    if (value == null) {
      throw new MalformedJsonException("expected a JSON object, not null");
    }
    return value;
  }

  /// Says what is wrong in our own words, as the library's message quotes its input.
  private static String describe(JacksonException e) {
    return switch (e) {
      case UnrecognizedPropertyException unknown -> describeUnknown(unknown);
      case ValueInstantiationException refused when refused.getCause() != null ->
          String.valueOf(refused.getCause().getMessage());
      case DatabindException wrong -> {
        String path = path(wrong);
        yield path.isEmpty()
            ? "expected a JSON object"
            : "\"" + path + "\" is missing, repeated or of the wrong type";
      }
      case StreamReadException broken -> "no valid JSON" + at(broken);
      default -> "no valid JSON";
    };
  }

  private static String describeUnknown(UnrecognizedPropertyException unknown) {
    String known =
        unknown.getKnownPropertyIds() == null
            ? ""
            : unknown.getKnownPropertyIds().stream()
                .map(id -> "\"" + id + "\"")
                .sorted()
                .collect(Collectors.joining(", "));
    return "unknown field \"%s\", allowed is %s".formatted(path(unknown), known);
  }

  private static String path(JacksonException e) {
    return e.getPath().stream()
        .map(
            step ->
                step.getPropertyName() == null
                    ? String.valueOf(step.getIndex())
                    : step.getPropertyName())
        .collect(Collectors.joining("."));
  }

  private static String at(StreamReadException e) {
    return e.getLocation() == null
        ? ""
        : " at line %d, column %d"
            .formatted(e.getLocation().getLineNr(), e.getLocation().getColumnNr());
  }

  private static JsonMapper mapper(boolean strict) {
    JsonFactory factory =
        JsonFactory.builder()
            .streamReadConstraints(
                StreamReadConstraints.builder()
                    .maxNestingDepth(MAX_DEPTH)
                    .maxStringLength(MAX_STRING_CHARS)
                    .build())
            .configure(StreamReadFeature.STRICT_DUPLICATE_DETECTION, strict)
            .build();
    return JsonMapper.builder(factory)
        .configure(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, strict)
        .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
        .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
        .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
        .configure(MapperFeature.ALLOW_COERCION_OF_SCALARS, !strict)
        .withCoercionConfig(LogicalType.Textual, Json::textIsText)
        .addModule(new SimpleModule().addDeserializer(Instant.class, new Rfc3339Time()))
        .build();
  }

  private static void textIsText(MutableCoercionConfig config) {
    config
        .setCoercion(CoercionInputShape.Integer, CoercionAction.Fail)
        .setCoercion(CoercionInputShape.Float, CoercionAction.Fail)
        .setCoercion(CoercionInputShape.Boolean, CoercionAction.Fail);
  }

  /// Takes times as text only; the library's own would take a number and guess its unit.
  private static final class Rfc3339Time extends ValueDeserializer<Instant> {
    @Override
    public Instant deserialize(JsonParser parser, DeserializationContext context) {
      try {
        return Instant.parse(parser.getString());
      } catch (DateTimeParseException _) {
        throw context.weirdStringException("", Instant.class, "no time");
      }
    }
  }
}
