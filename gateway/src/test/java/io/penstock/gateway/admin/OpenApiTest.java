package io.penstock.gateway.admin;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.api.CreateTokenRequest;
import io.penstock.api.RouteName;
import io.penstock.api.Scope;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Walks the OpenAPI document that a running server serves, and holds the server to it.
class OpenApiTest {

  private static final JsonMapper MAPPER = new JsonMapper();

  @TempDir Path directory;

  private AdminFixture fixture;
  private JsonNode document;

  @BeforeEach
  void start() throws Exception {
    fixture = new AdminFixture(directory);
    document =
        MAPPER.readTree(fixture.send(fixture.request("/api/v1/openapi.json").build()).body());
  }

  @AfterEach
  void stop() throws Exception {
    fixture.close();
  }

  /// One operation of the document.
  private record Operation(String method, String path, JsonNode description) {
    boolean takesToken() {
      return !description.path("security").isEmpty();
    }
  }

  private Stream<Operation> operations() {
    return document.path("paths").properties().stream()
        .flatMap(
            path ->
                path.getValue().properties().stream()
                    .map(
                        method ->
                            new Operation(
                                method.getKey().toUpperCase(Locale.ROOT),
                                path.getKey(),
                                method.getValue())));
  }

  @Test
  void namesExactlyWhatTheServerCanDo() {
    Set<String> documented =
        operations()
            .map(each -> each.method() + " " + each.path())
            .collect(Collectors.toCollection(TreeSet::new));
    Set<String> served =
        fixture.server.endpoints().stream()
            .map(each -> each.method() + " " + each.template())
            .collect(Collectors.toCollection(TreeSet::new));

    assertThat(documented).isEqualTo(served);
  }

  @Test
  void namesExactlyTheQueryParametersThatTheServerTakes() {
    operations()
        .forEach(
            operation -> {
              Set<String> documented =
                  operation
                      .description()
                      .path("parameters")
                      .valueStream()
                      .filter(each -> each.path("in").asString().equals("query"))
                      .map(each -> each.path("name").asString())
                      .collect(Collectors.toSet());
              assertThat(fixture.server.endpoints())
                  .filteredOn(
                      each ->
                          each.method().equals(operation.method())
                              && each.template().equals(operation.path()))
                  .singleElement()
                  .satisfies(each -> assertThat(each.queryParameters()).isEqualTo(documented));
            });
  }

  @TestFactory
  Stream<DynamicTest> everyOperationAnswersAsItIsDescribed() throws Exception {
    String token =
        fixture
            .storage
            .createToken(new CreateTokenRequest("ann", Set.of(Scope.CONNECT), Optional.empty()))
            .id();
    fixture.storage.addRoute(RouteName.parse("doomed.example.com/x"), "ann");
    Map<String, String> targets =
        Map.of(
            "/api/v1/tokens/{id}", "/api/v1/tokens/" + token,
            "/api/v1/backends/{id}", "/api/v1/backends/b1",
            "DELETE /api/v1/routes", "/api/v1/routes?route=doomed.example.com%2Fx",
            "/api/v1/nodes/{id}", "/api/v1/nodes/db?forget=false",
            "/api/v1/leases/{address}", "/api/v1/leases/fd7c%3A%3Aa",
            "/api/v1/backends", "/api/v1/backends?user=ann&domain=app.example.com");
    return operations()
        .map(
            operation ->
                DynamicTest.dynamicTest(
                    operation.method() + " " + operation.path(),
                    () -> {
                      String target =
                          targets.getOrDefault(
                              operation.method() + " " + operation.path(),
                              targets.getOrDefault(operation.path(), operation.path()));
                      HttpResponse<String> response = send(operation, target, true);
                      assertThat(response.statusCode()).as(response.body()).isBetween(200, 299);
                      isAsDescribed(operation, response);
                    }));
  }

  @TestFactory
  Stream<DynamicTest> everyOperationRefusesAStrangerAsItIsDescribed() {
    return operations()
        .filter(Operation::takesToken)
        .map(
            operation ->
                DynamicTest.dynamicTest(
                    operation.method() + " " + operation.path(),
                    () -> {
                      HttpResponse<String> response =
                          send(operation, operation.path().replaceAll("[{}]", ""), false);
                      assertThat(response.statusCode()).isEqualTo(401);
                      isAsDescribed(operation, response);
                      assertThat(fixture.operations.asked).isEmpty();
                    }));
  }

  @TestFactory
  Stream<DynamicTest> everyOperationWithAnIdSaysThatThereIsNone() {
    return operations()
        .filter(each -> each.path().contains("{id}"))
        .map(
            operation ->
                DynamicTest.dynamicTest(
                    operation.method() + " " + operation.path(),
                    () -> {
                      HttpResponse<String> response =
                          send(operation, operation.path().replace("{id}", "none"), true);
                      assertThat(response.statusCode()).isEqualTo(404);
                      isAsDescribed(operation, response);
                    }));
  }

  private HttpResponse<String> send(Operation operation, String target, boolean authorized)
      throws Exception {
    HttpRequest.Builder request = fixture.request(target);
    if (authorized && operation.takesToken()) {
      request.header("Authorization", "Bearer " + fixture.token);
    }
    JsonNode body =
        operation.description().path("requestBody").path("content").path("application/json");
    if (!body.isMissingNode()) {
      request.header("Content-Type", "application/json");
      conforms(body.path("example"), body.path("schema"), "example");
    }
    return fixture.send(
        request
            .method(
                operation.method(),
                body.isMissingNode()
                    ? BodyPublishers.noBody()
                    : BodyPublishers.ofString(body.path("example").toString()))
            .build());
  }

  private void isAsDescribed(Operation operation, HttpResponse<String> response) {
    JsonNode described =
        operation.description().path("responses").path(String.valueOf(response.statusCode()));
    assertThat(described.isObject())
        .as("%s is documented for %s", response.statusCode(), operation.path())
        .isTrue();
    String contentType =
        response.headers().firstValue("Content-Type").orElse("").replaceAll(";.*", "");
    JsonNode content = described.path("content");
    if (content.isMissingNode()) {
      assertThat(response.body()).isEmpty();
      return;
    }
    assertThat(content.propertyNames()).contains(contentType);
    if (contentType.endsWith("json")) {
      conforms(
          MAPPER.readTree(response.body()), content.path(contentType).path("schema"), "answer");
    }
  }

  /// Checks a value against the part of JSON Schema that the document uses.
  private void conforms(JsonNode value, JsonNode schema, String where) {
    String reference = schema.path("$ref").asString("");
    if (!reference.isEmpty()) {
      JsonNode target = document.at(reference.substring(1));
      assertThat(target.isMissingNode()).as(reference).isFalse();
      conforms(value, target, where);
      return;
    }
    JsonNode type = schema.path("type");
    Set<String> types =
        type.isArray()
            ? type.valueStream().map(JsonNode::asString).collect(Collectors.toSet())
            : Set.of(type.asString());
    assertThat(types).as(where).contains(typeOf(value, types));
    if (!schema.path("enum").isMissingNode()) {
      assertThat(schema.path("enum").valueStream()).as(where).contains(value);
    }
    if (schema.has("pattern")) {
      assertThat(value.asString()).as(where).matches(schema.path("pattern").asString());
    }
    if (value.isArray()) {
      value.forEach(each -> conforms(each, schema.path("items"), where + "[]"));
    }
    if (value.isObject() && schema.has("properties")) {
      schema
          .path("required")
          .forEach(each -> assertThat(value.has(each.asString())).as(where + "." + each).isTrue());
      value
          .properties()
          .forEach(
              each -> {
                JsonNode property = schema.path("properties").path(each.getKey());
                assertThat(property.isMissingNode()).as(where + "." + each.getKey()).isFalse();
                conforms(each.getValue(), property, where + "." + each.getKey());
              });
    }
  }

  private static String typeOf(JsonNode value, Set<String> types) {
    if (value.isNull()) {
      return "null";
    }
    if (value.isString()) {
      return "string";
    }
    if (value.isBoolean()) {
      return "boolean";
    }
    if (value.isArray()) {
      return "array";
    }
    if (value.isObject()) {
      return "object";
    }
    return value.isIntegralNumber() && types.contains("integer") ? "integer" : "number";
  }
}
