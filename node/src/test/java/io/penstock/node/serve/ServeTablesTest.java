package io.penstock.node.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvFileSource;

/// The tables of the original, restated as data files, and what is decided otherwise here.
class ServeTablesTest {

  @ParameterizedTest
  @CsvFileSource(resources = "/serve/proxy-targets.csv", delimiter = '|', maxCharsPerColumn = 500)
  void a_proxy_target_is_a_port_a_url_or_a_socket(
      String text, String tls, @Nullable String address, @Nullable String path) {
    if (tls.equals("refused")) {
      assertThatThrownBy(() -> ProxyTarget.parse(text))
          .isInstanceOf(IllegalArgumentException.class);
      return;
    }
    ProxyTarget target = ProxyTarget.parse(text);
    assertThat(target.tls()).isEqualTo(ProxyTarget.Tls.valueOf(tls));
    assertThat(describe(target.address())).isEqualTo(address);
    assertThat(target.path()).isEqualTo(path == null ? "" : path);
  }

  private static String describe(SocketAddress address) {
    return address instanceof InetSocketAddress inet
        ? inet.getHostString() + ":" + inet.getPort()
        : "unix:" + address;
  }

  @ParameterizedTest
  @CsvFileSource(resources = "/serve/redirects.csv", delimiter = '|')
  void a_redirect_may_begin_with_its_status(String text, int status, String location) {
    assertThat(ServeTarget.Redirect.parse(text))
        .isEqualTo(new ServeTarget.Redirect(status, location));
  }

  @ParameterizedTest
  @CsvFileSource(resources = "/serve/redirect-locations.csv", delimiter = '|')
  void a_location_may_name_host_and_request(
      String text, String host, String request, int status, String location) {
    ServeTarget.Redirect redirect = ServeTarget.Redirect.parse(text);
    assertThat(redirect.status()).isEqualTo(status);
    assertThat(redirect.locationFor(host, request)).isEqualTo(location);
  }

  @ParameterizedTest
  @CsvFileSource(resources = "/serve/mounts.csv", delimiter = '|')
  void a_mount_is_chosen_by_segments(String site, String path, @Nullable String mount) {
    RequestPath parsed = RequestPath.parse(path);
    Optional<String> found =
        parsed == null
            ? Optional.empty()
            : new MountTable(site(site)).find(parsed).map(MountTable.Found::mount);
    assertThat(found).isEqualTo(Optional.ofNullable(mount));
  }

  private static ServeTarget.Mounts site(String kind) {
    TreeMap<String, ServeTarget.OfRequest> mounts = new TreeMap<>();
    if (!kind.equals("nothing")) {
      for (String mount : new String[] {"/", "/bar", "/foo/", "/foo/bar", "/foo/bar/"}) {
        mounts.put(mount, new ServeTarget.Nothing());
      }
    }
    if (kind.equals("without-root")) {
      mounts.remove("/");
    }
    return new ServeTarget.Mounts(mounts);
  }

  @ParameterizedTest
  @CsvFileSource(resources = "/serve/proxy-paths.csv", delimiter = '|')
  void a_proxy_takes_the_mount_off_and_puts_the_path_of_its_target_on(
      String mount, @Nullable String targetPath, String request, String wanted) {
    String url = "http://app:3000" + (targetPath == null ? "" : targetPath);
    int question = request.indexOf('?');
    String path = question < 0 ? request : request.substring(0, question);
    RequestPath parsed = RequestPath.parse(path);
    assertThat(parsed).isNotNull();
    TreeMap<String, ServeTarget.OfRequest> mounts = new TreeMap<>();
    mounts.put(mount, new ServeTarget.Nothing());
    assertThat(new MountTable(new ServeTarget.Mounts(mounts)).find(parsed))
        .hasValueSatisfying(found -> assertThat(found.mount()).isEqualTo(mount));
    Optional<String> query =
        question < 0 ? Optional.empty() : Optional.of(request.substring(question + 1));
    assertThat(ProxyTarget.parse(url).requestTarget(parsed.below(mount), query)).isEqualTo(wanted);
  }
}
