package io.penstock.node.serve;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ServeRemarksTest {

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '^',
      value = {
        "{'tcpx':{},'Foo':1}                     | unknown fields, kept and not used: tcpx, Foo",
        "{'TCP':{'80':{'HTTP':true,'HTPS':1}},'Web':{'a:80':{'Handlers':{'/':{'Text':'x'}}}}}"
            + " | unknown fields, kept and not used: TCP.80.HTPS",
        "{'TCP':{'80':{'HTTP':true}}}            | TCP.80 serves nothing: Web has no site HOST:80",
        "{'TCP':{'80':{}}}                       | TCP.80 serves nothing: it has none of HTTPS,"
            + " HTTP and TCPForward",
        "{'Web':{'a:80':{'Handlers':{'/':{'Text':'x'}}}}}"
            + " | Web.a:80 is not served: TCP.80 has neither HTTPS nor HTTP true",
        "{'Foreground':{'s':{'TCP':{'80':{}}}}}  | Foreground.s.TCP.80 serves nothing: it has none"
            + " of HTTPS, HTTP and TCPForward",
      })
  void what_is_kept_in_vain_is_named(String json, String remark) throws Exception {
    assertThat(ServeConfig.parse(json.replace('\'', '"')).remarks()).containsExactly(remark);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '^',
      value = {
        "'Text':'x','Proxy':'3000'   | has Text and Proxy, of which Text is served",
        "'Text':''                   | serves nothing: it has none of Text, Redirect, Path and"
            + " Proxy",
        "'Text':'x','Body':'y'       | unknown fields, kept and not used: ",
        "'Redirect':'999:/there'     | .Redirect is \"999:/there\": a number in front is a status"
            + " only from 300 to 399",
        "'Path':'/no/such/file'      | .Path: there is no file or directory /no/such/file",
      })
  void what_a_handler_hardly_means_is_named(String handler, String remark) throws Exception {
    assertThat(handling(handler).remarks())
        .singleElement()
        .satisfies(found -> assertThat(found).contains(remark).contains("Web.a:80.Handlers./"));
  }

  private static ServeConfig handling(String handler) throws ServeException {
    return ServeConfig.parse(
        "{'TCP':{'80':{'HTTP':true}},'Web':{'a:80':{'Handlers':{'/':{%s}}}}}"
            .formatted(handler)
            .replace('\'', '"'));
  }

  @Test
  void what_is_served_gets_no_remark(@TempDir Path directory) throws Exception {
    for (String handler :
        new String[] {
          "'Text':'x'",
          "'Redirect':'301:/there'",
          "'Redirect':'/there'",
          "'Proxy':'3000'",
          "'Path':'%s'".formatted(directory)
        }) {
      assertThat(handling(handler).remarks()).as(handler).isEmpty();
    }
    assertThat(ServeConfig.EMPTY.withPort(7, TcpPortHandler.forward("localhost:7")).remarks())
        .isEmpty();
    assertThat(ServeConfig.EMPTY.remarks()).isEmpty();
  }
}
