import java.sql.DriverManager;

/** Connects by TLS, asks one thing, and leaves as Connector/J does: `Visit PORT PASSWORD`. */
public class Visit {
  public static void main(String[] arguments) throws Exception {
    var url = "jdbc:mysql://127.0.0.1:" + arguments[0] + "/app?sslMode=REQUIRED";
    for (int visit = 0; visit < 5; visit++) {
      try (var connection = DriverManager.getConnection(url, "app", arguments[1]);
          var statement = connection.createStatement();
          var rows = statement.executeQuery("SELECT 6 * 7")) {
        rows.next();
        System.out.println(rows.getInt(1));
      }
    }
  }
}
