import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.SQLExceptionOverride;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.ConnectException;
import java.sql.SQLException;
import java.util.Set;

/**
 * Places orders: a key a line on standard input, an answer a line on standard output. With the
 * argument "cured" the pool gives up a connection that has met a reader.
 */
public class Orders {
  /** As what a demoted writer answers to a write. */
  static final Set<Integer> READ_ONLY = Set.of(1290, 1836);

  /** The cure: HikariCP knows dead connections by their SQLState, and these have none of its own. */
  public static class EvictReaders implements SQLExceptionOverride {
    public Override adjudicate(SQLException error) {
      return READ_ONLY.contains(error.getErrorCode()) ? Override.MUST_EVICT : Override.CONTINUE_EVICT;
    }
  }

  static HikariDataSource pool(boolean cured) {
    HikariConfig config = new HikariConfig();
    config.setJdbcUrl(
        String.format(
            "jdbc:mysql://%s:%s/%s?connectTimeout=1000&socketTimeout=2000&sslMode=DISABLED"
                + "&allowPublicKeyRetrieval=true",
            System.getenv("DB_HOST"), System.getenv("DB_PORT"), System.getenv("DB_NAME")));
    config.setUsername(System.getenv("DB_USER"));
    config.setPassword(System.getenv("DB_PASSWORD"));
    config.setMaximumPoolSize(1);
    config.setConnectionTimeout(1000);
    config.setInitializationFailTimeout(10_000); // connects before the first order
    if (cured) {
      config.setExceptionOverrideClassName(EvictReaders.class.getName());
    }
    return new HikariDataSource(config);
  }

  static void place(HikariDataSource pool, String key) throws SQLException {
    try (var connection = pool.getConnection();
        var insert = connection.prepareStatement("INSERT INTO orders (ref) VALUES (?)")) {
      insert.setString(1, key);
      insert.executeUpdate();
    }
  }

  static String answer(String key, SQLException error) {
    if (READ_ONLY.contains(error.getErrorCode())) {
      return "refused " + key + " " + error.getErrorCode();
    }
    for (Throwable cause = error; cause != null; cause = cause.getCause()) {
      if (cause instanceof ConnectException) {
        return "refused " + key + " 0";
      }
    }
    return "unknown " + key + " 0";
  }

  public static void main(String[] arguments) throws Exception {
    boolean cured = arguments.length > 0 && arguments[0].equals("cured");
    try (var pool = pool(cured);
        var keys = new BufferedReader(new InputStreamReader(System.in))) {
      for (String key = keys.readLine(); key != null; key = keys.readLine()) {
        String answer = "ok " + key;
        try {
          place(pool, key);
        } catch (SQLException error) {
          answer = answer(key, error);
        }
        System.out.println(answer);
      }
    }
  }
}
