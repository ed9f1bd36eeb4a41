package io.penstock.transport;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

class NativeSupportTest {

  @Test
  @EnabledOnOs(value = OS.LINUX, architectures = "amd64")
  void epoll_openssl_and_quic_are_all_active_on_the_class_path() {
    assertThat(NativeSupport.epoll()).as("epoll").isTrue();
    assertThat(NativeSupport.openSsl()).as("OpenSSL").isTrue();
    assertThat(NativeSupport.quic()).as("QUIC").isTrue();
  }
}
