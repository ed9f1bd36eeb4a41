package io.penstock.node.vpn.os;

import java.io.IOException;

/// Says why network settings are not put in place; nothing was changed.
public final class SettingsRefusedException extends IOException {

  private static final long serialVersionUID = 1L;

  SettingsRefusedException(String message) {
    super(message);
  }
}
