package io.penstock.node.serve;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetSocketAddress;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ServePlanTest {

  private static ServePlan plan(String json) throws ServeException {
    return ServePlan.of(ServeConfig.parse(json), ServePlan.Unsupported.REFUSE);
  }

  private static ServedPort port(ServePlan plan, int port) {
    return requireNonNull(plan.ports().get(port));
  }

  private static Map<String, ServeTarget.OfRequest> mounts(ServePlan plan, int port) {
    return requireNonNull(((ServedPort.Web) port(plan, port)).byHost().get("a.b")).byMount();
  }

  // ---- meaning ----

  @Test
  void a_port_has_the_sites_with_its_number() throws Exception {
    ServePlan plan =
        plan(
            """
            {"TCP":{"443":{"HTTPS":true},"80":{"HTTP":true}},
             "Web":{"A.b:443":{"Handlers":{"/":{"Text":"secure"}}},
                    "c.d:443":{"Handlers":{"/":{"Text":"other"}}},
                    "a.b:80":{"Handlers":{"/":{"Text":"plain"}}}}}\
            """);
    assertThat(plan.ports()).containsOnlyKeys(80, 443);
    assertThat(port(plan, 443)).isInstanceOf(ServedPort.Web.class);
    assertThat(((ServedPort.Web) port(plan, 443)).byHost()).containsOnlyKeys("a.b", "c.d");
    assertThat(port(plan, 443).certificateNames()).containsExactly("a.b", "c.d");
    assertThat(port(plan, 80).certificateNames()).isEmpty();
  }

  @Test
  void a_text_wins_over_a_redirect_over_files_over_a_proxy_over_nothing() throws Exception {
    ServePlan plan =
        plan(
            """
            {"TCP":{"80":{"HTTP":true}},"Web":{"a.b:80":{"Handlers":{
              "/1":{"Text":"t","Redirect":"/r","Path":"/p","Proxy":"1"},
              "/2":{"Redirect":"/r","Path":"/p","Proxy":"1"},
              "/3":{"Path":"/p","Proxy":"1"},
              "/4":{"Proxy":"1"},
              "/5":{},
              "/6":{"Text":"t","Penstock":{"Accept":true}}}}}}\
            """);
    var mounts = mounts(plan, 80);
    assertThat(mounts.get("/1")).isInstanceOf(ServeTarget.Text.class);
    assertThat(mounts.get("/2")).isInstanceOf(ServeTarget.Redirect.class);
    assertThat(mounts.get("/3")).isInstanceOf(ServeTarget.Files.class);
    assertThat(mounts.get("/4")).isInstanceOf(ServeTarget.Proxy.class);
    assertThat(mounts.get("/5")).isInstanceOf(ServeTarget.Nothing.class);
    assertThat(mounts.get("/6")).isInstanceOf(ServeTarget.Accept.class);
  }

  @Test
  void a_forward_goes_to_a_port_or_a_socket() throws Exception {
    ServePlan plan =
        plan(
            """
            {"TCP":{"1":{"TCPForward":"[fd00::1]:22"},
                    "2":{"TCPForward":"unix:/run/x","TerminateTLS":"Web.penstock.internal"},
                    "3":{"TCPForward":"db:5432","ProxyProtocol":2},
                    "4":{"Penstock":{"Accept":true}},
                    "5":{}}}\
            """);
    assertThat(plan.ports()).containsOnlyKeys(1, 2, 3, 4);
    assertThat(port(plan, 1))
        .isEqualTo(
            new ServedPort.Bytes(
                Optional.empty(),
                new ServeTarget.TcpForward(InetSocketAddress.createUnresolved("fd00::1", 22), 0)));
    assertThat(port(plan, 2).type()).isEqualTo(ServedPort.Type.TLS_TERMINATED_TCP);
    assertThat(port(plan, 2).certificateNames()).containsExactly("web.penstock.internal");
    assertThat(port(plan, 4))
        .isEqualTo(new ServedPort.Bytes(Optional.empty(), new ServeTarget.Accept()));
  }

  @Test
  void the_foreground_comes_before_the_background() throws Exception {
    ServePlan plan =
        plan(
            """
            {"TCP":{"80":{"HTTP":true},"81":{"HTTP":true}},
             "Web":{"a.b:80":{"Handlers":{"/":{"Text":"back"}}},"a.b:81":{"Handlers":{"/":{"Text":"back"}}}},
             "Foreground":{"s":{"TCP":{"80":{"HTTP":true}},
                                "Web":{"a.b:80":{"Handlers":{"/":{"Text":"front"}}}}}}}\
            """);
    assertThat(textOf(plan, 80)).isEqualTo("front");
    assertThat(textOf(plan, 81)).isEqualTo("back");
  }

  private static String textOf(ServePlan plan, int port) {
    return ((ServeTarget.Text) requireNonNull(mounts(plan, port).get("/"))).body();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"TCP\":{\"1\":{\"HTTPS\":true,\"HTTP\":true}}}         | TCP.1 has more than one of",
        "{\"TCP\":{\"1\":{\"HTTPS\":true,\"TCPForward\":\"a:1\"}}} | TCP.1 has more than one of",
        "{\"TCP\":{\"1\":{\"HTTPS\":true,\"TerminateTLS\":\"a\"}}} | TCP.1.TerminateTLS is only"
            + " allowed with",
        "{\"TCP\":{\"1\":{\"HTTP\":true,\"ProxyProtocol\":1}}}    | TCP.1.ProxyProtocol is only"
            + " allowed with",
        "{\"TCP\":{\"1\":{\"TCPForward\":\"a\"}}}                 | TCP.1.TCPForward is \"a\","
            + " which has no port",
        "{\"TCP\":{\"1\":{\"TCPForward\":\"a:0\"}}}               | which has a port that is no"
            + " number",
        "{\"TCP\":{\"1\":{\"TCPForward\":\"http://a:1\"}}}        | which is not HOST:PORT",
        "{\"TCP\":{\"1\":{\"TCPForward\":\"a:1\",\"ProxyProtocol\":3}}} | allowed are 0, 1 and 2",
        "{\"TCP\":{\"1\":{\"TCPForward\":\"unix:/x\",\"ProxyProtocol\":1}}} | a Unix socket has"
            + " none",
        "{\"TCP\":{\"1\":{\"TCPForward\":\"a:1\",\"TerminateTLS\":\"a b\"}}} | no host name",
        "{\"TCP\":{\"1\":{\"HTTP\":true}},\"Web\":{\"a.b\":{}}}    | Web has \"a.b\", which is no"
            + " host with a port",
        "{\"TCP\":{\"1\":{\"HTTP\":true}},\"Web\":{\"a:1\":{\"Handlers\":{\"x\":{}}}}} | no slash"
            + " in front",
        "{\"TCP\":{\"1\":{\"HTTP\":true}},\"Web\":{\"a:1\":{\"Handlers\":{\"/\":{\"Path\":\"x\"}}}}}"
            + " | absolute path",
        "{\"TCP\":{\"1\":{\"HTTP\":true}},\"Web\":{\"a:1\":{\"Handlers\":{\"/\":{\"Proxy\":\"ftp://x\"}}}}}"
            + " | .Proxy is \"ftp://x\", which",
        "{\"TCP\":{\"1\":{\"HTTP\":true}},\"Web\":{\"a:1\":{\"Handlers\":{\"/\":{\"Redirect\":\"/a"
            + " b\"}}}}} | a location without",
        "{\"Foreground\":{\"s\":{\"Foreground\":{\"t\":{}}}}}     | Foreground.s has a Foreground"
            + " of its own"
      })
  void what_cannot_be_is_named(String json, String message) {
    assertThatThrownBy(() -> plan(json))
        .isInstanceOfSatisfying(
            ServeException.class,
            e -> assertThat(e.reason()).isEqualTo(ServeException.Reason.INVALID))
        .hasMessageContaining(message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"AllowFunnel\":{\"a.b:443\":true}}                        | AllowFunnel has \"a.b:443\":"
            + " true",
        "{\"Services\":{\"svc:x\":{}}}                               | Services has \"svc:x\"",
        "{\"Foreground\":{\"s\":{\"AllowFunnel\":{\"a.b:1\":true}}}} | AllowFunnel has \"a.b:1\":"
            + " true"
      })
  void what_is_not_served_is_refused_by_name_or_ignored(String json, String message)
      throws Exception {
    assertThatThrownBy(() -> plan(json))
        .isInstanceOfSatisfying(
            ServeException.class,
            e -> assertThat(e.reason()).isEqualTo(ServeException.Reason.UNSUPPORTED))
        .hasMessageContaining(message);
    ServeConfig config = ServeConfig.parse(json);
    assertThat(ServePlan.of(config, ServePlan.Unsupported.IGNORE)).isEqualTo(ServePlan.EMPTY);
    assertThat(config.toJson()).isEqualTo(json);
  }

  @Test
  void a_funnel_that_is_off_is_no_funnel() throws Exception {
    assertThat(plan("{\"AllowFunnel\":{\"a.b:443\":false}}")).isEqualTo(ServePlan.EMPTY);
  }

  // ---- reconciling ----

  @Test
  void ports_are_added_removed_changed_or_left_alone() throws Exception {
    ServePlan current =
        plan(
            """
            {"TCP":{"1":{"TCPForward":"a:1"},"2":{"TCPForward":"a:2"},"3":{"HTTP":true}},
             "Web":{"a.b:3":{"Handlers":{"/":{"Text":"x"}}}}}\
            """);
    ServePlan next =
        plan(
            """
            {"TCP":{"2":{"TCPForward":"b:2"},"3":{"HTTP":true},"4":{"HTTP":true}},
             "Web":{"a.b:3":{"Handlers":{"/":{"Text":"x"}}}}}\
            """);
    ServeChange change = ServeChange.reconcile(current, next);
    assertThat(change.added()).containsOnlyKeys(4);
    assertThat(change.removed()).containsExactly(1);
    assertThat(change.changed()).containsOnlyKeys(2);
    assertThat(change.changed().get(2)).isEqualTo(next.ports().get(2));
    assertThat(change.unchanged()).containsExactly(3);
  }

  @Test
  void the_same_plan_changes_nothing() throws Exception {
    ServePlan plan = plan("{\"TCP\":{\"1\":{\"TCPForward\":\"a:1\"}}}");
    ServeChange change = ServeChange.reconcile(plan, plan);
    assertThat(change.added()).isEmpty();
    assertThat(change.removed()).isEmpty();
    assertThat(change.changed()).isEmpty();
    assertThat(change.unchanged()).containsExactly(1);
  }

  @Test
  void a_site_that_differs_in_one_mount_changes_its_port_alone() throws Exception {
    String json =
        """
        {"TCP":{"1":{"HTTP":true},"2":{"HTTP":true}},
         "Web":{"a.b:1":{"Handlers":{"/":{"Text":"x"}}},"a.b:2":{"Handlers":{"/":{"Text":"%s"}}}}}\
        """;
    ServeChange change =
        ServeChange.reconcile(plan(json.formatted("y")), plan(json.formatted("z")));
    assertThat(change.changed()).containsOnlyKeys(2);
    assertThat(change.unchanged()).containsExactly(1);
  }
}
