import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;

/** Does what applications do, a line of results for each: `Peer PORT PASSWORD mysql|mariadb`. */
public class Peer {
  interface Work { Object with(Connection connection) throws Exception; }

  static String url;
  static String password;

  static Connection connect() throws SQLException {
    return DriverManager.getConnection(url, "app", password);
  }

  static void say(String what, Work work) {
    try (var connection = connect()) {
      System.out.println(what + ": " + work.with(connection));
    } catch (SQLException error) {
      System.out.println(what + ": error " + error.getErrorCode() + " " + error.getSQLState());
    } catch (Exception error) {
      System.out.println(what + ": " + error.getClass().getName());
    }
  }

  static long number(Statement statement, String sql) throws SQLException {
    try (var rows = statement.executeQuery(sql)) {
      rows.next();
      return rows.getLong(1);
    }
  }

  public static void main(String[] arguments) throws Exception {
    password = arguments[1];
    boolean ours = arguments[2].equals("mysql");
    String options = ours ? "useCursorFetch=true&sslMode=" : "sslMode=";
    String place = "jdbc:" + arguments[2] + "://127.0.0.1:" + arguments[0] + "/app?useServerPrepStmts=true"
        + "&allowPublicKeyRetrieval=true&allowMultiQueries=true&" + options;
    url = place + (ours ? "DISABLED" : "disable");
    try (var connection = connect(); var statement = connection.createStatement()) {
      statement.execute("DROP TABLE IF EXISTS peer");
      statement.execute("CREATE TABLE peer (id INT PRIMARY KEY AUTO_INCREMENT, v LONGTEXT)");
    }
    say("prepared", connection -> {
      long sum = 0;
      try (var one = connection.prepareStatement("SELECT ? * 2")) {
        for (int n = 1; n <= 5; n++) {
          one.setInt(1, n);
          try (var rows = one.executeQuery()) {
            rows.next();
            sum += rows.getLong(1);
          }
        }
      }
      return sum;
    });
    say("batch", connection -> {
      try (var insert = connection.prepareStatement("INSERT INTO peer (v) VALUES (?)")) {
        for (int n = 0; n < 50; n++) {
          insert.setString(1, "v" + n);
          insert.addBatch();
        }
        return insert.executeBatch().length;
      }
    });
    say("cursor", connection -> {
      try (var all = connection.prepareStatement("SELECT id FROM peer ORDER BY id")) {
        all.setFetchSize(7);
        int count = 0;
        try (var rows = all.executeQuery()) {
          while (rows.next()) count++;
        }
        return count;
      }
    });
    say("large", connection -> {
      try (var ask = connection.prepareStatement("SELECT LENGTH(?), REPEAT('y', 17825792)")) {
        ask.setString(1, "x".repeat(17 << 20));
        try (var rows = ask.executeQuery()) {
          rows.next();
          return rows.getInt(1) + " " + rows.getString(2).length();
        }
      }
    });
    say("several", connection -> {
      try (var statement = connection.createStatement()) {
        int results = 0;
        boolean more = statement.execute("SELECT 1; SELECT 2; SELECT 3");
        while (more) {
          results++;
          more = statement.getMoreResults();
        }
        return results;
      }
    });
    say("procedure", connection -> {
      try (var statement = connection.createStatement()) {
        statement.execute("DROP PROCEDURE IF EXISTS peer_twice");
        statement.execute("CREATE PROCEDURE peer_twice(IN n INT, OUT twice INT)"
            + " BEGIN SET twice = 2 * n; SELECT n; SELECT n + 1; END");
      }
      try (var call = connection.prepareCall("{call peer_twice(?, ?)}")) {
        call.setInt(1, 4);
        call.registerOutParameter(2, Types.INTEGER);
        int results = 0;
        boolean more = call.execute();
        while (more) {
          results++;
          more = call.getMoreResults();
        }
        return results + " " + call.getInt(2);
      }
    });
    say("rollback", connection -> {
      connection.setAutoCommit(false);
      try (var statement = connection.createStatement()) {
        statement.execute("INSERT INTO peer (v) VALUES ('gone')");
        connection.rollback();
        return number(statement, "SELECT COUNT(*) FROM peer WHERE v = 'gone'");
      }
    });
    say("error", connection -> {
      try (var statement = connection.createStatement()) {
        return statement.execute("INSERT INTO peer (id) VALUES (1)");
      }
    });
    say("time-out hurts nobody else", connection -> {
      try (var other = connect(); var slow = other.createStatement();
          var statement = connection.createStatement()) {
        var result = new long[] {-1};
        var stranger = new Thread(() -> {
          try {
            result[0] = number(slow, "SELECT SLEEP(3)");
          } catch (SQLException error) {
            result[0] = error.getErrorCode();
          }
        });
        stranger.start();
        String told = "none";
        statement.setQueryTimeout(1);
        try {
          number(statement, "SELECT SLEEP(5)");
        } catch (SQLException error) {
          told = error.getClass().getSimpleName() + " " + error.getErrorCode();
        }
        statement.setQueryTimeout(0);
        stranger.join();
        return told + " " + result[0] + " " + number(statement, "SELECT 42");
      }
    });
    say("cancel", connection -> {
      try (var statement = connection.createStatement()) {
        var canceller = new Thread(() -> {
          try {
            Thread.sleep(500);
            statement.cancel();
          } catch (Exception error) {
            // told by what the statement does
          }
        });
        canceller.start();
        String told = "none";
        try {
          number(statement, "SELECT SLEEP(5)");
        } catch (SQLException error) {
          told = "cancelled"; // by the server's error or by the driver's own, whichever comes first
        }
        canceller.join();
        return told + " " + number(statement, "SELECT 42");
      }
    });
    say("change user", connection -> {
      try (var statement = connection.createStatement()) {
        statement.execute("SET @kept = 1");
      }
      if (!ours) return "not offered";
      connection.getClass().getMethod("changeUser", String.class, String.class)
          .invoke(connection, "app", password);
      try (var statement = connection.createStatement()) {
        return number(statement, "SELECT @kept IS NULL");
      }
    });
    url = place + (ours ? "REQUIRED" : "trust");
    int sum = 0;
    for (int n = 0; n < 3; n++) {
      try (var connection = connect(); var statement = connection.createStatement()) {
        sum += number(statement, "SELECT 14");
      } catch (SQLException error) {
        sum = -1;
      }
    }
    System.out.println("TLS and its end: " + sum);
  }
}
