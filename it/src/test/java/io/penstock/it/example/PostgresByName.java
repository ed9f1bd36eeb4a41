package io.penstock.it.example;

import io.penstock.node.Node;
import io.penstock.node.PenstockSocketFactory;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Properties;

/// Asks a PostgreSQL of the overlay what it is: `GATEWAY CA_FILE TOKEN_FILE HOST USER`, with the
/// password in PGPASSWORD.
final class PostgresByName {

  private PostgresByName() {}

  public static void main(String[] arguments) throws Exception {
    try (Node app = Member.join("app", arguments)) {
      System.out.println(version(app, arguments[Member.WORDS], arguments[Member.WORDS + 1]));
    }
  }

  private static String version(Node app, String host, String user) throws SQLException {
    Properties login = new Properties();
    login.setProperty("user", user);
    login.setProperty("password", System.getenv().getOrDefault("PGPASSWORD", ""));
    login.setProperty("socketFactory", PenstockSocketFactory.class.getName());
    login.setProperty("socketFactoryArg", app.name());
    String url = "jdbc:postgresql://" + host + "/postgres";
    try (Connection connection = DriverManager.getConnection(url, login);
        Statement statement = connection.createStatement();
        ResultSet version = statement.executeQuery("SELECT version()")) {
      version.next();
      return version.getString(1);
    }
  }
}
