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
 * argument "cured" the pool gives up a connection that has met a reader; with "wrapper" AWS's driver
 * follows the writer by the cluster's topology.
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

  static HikariDataSource pool(String setting) {
    HikariConfig config = new HikariConfig();
    config.setJdbcUrl(
        String.format(
            "jdbc:%smysql://%s:%s/%s?connectTimeout=1000&socketTimeout=2000&sslMode=DISABLED"
                + "&allowPublicKeyRetrieval=true",
            setting.equals("wrapper") ? "aws-wrapper:" : "",
            System.getenv("DB_HOST"), System.getenv("DB_PORT"), System.getenv("DB_NAME")));
    config.setUsername(System.getenv("DB_USER"));
    config.setPassword(System.getenv("DB_PASSWORD"));
    config.setMaximumPoolSize(1);
    config.setConnectionTimeout(1000);
    config.setInitializationFailTimeout(10_000); // connects before the first order
    if (setting.equals("cured")) {
      config.setExceptionOverrideClassName(EvictReaders.class.getName());
    }
    if (setting.equals("wrapper")) {
      config.addDataSourceProperty("wrapperPlugins", "initialConnection,failover2,efm2");
      // A connection that the driver has moved to the new writer is well, and stays in the pool.
      config.setExceptionOverrideClassName("software.amazon.jdbc.util.HikariCPSQLException");
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
    String setting = arguments.length > 0 ? arguments[0] : "defaults";
    try (var pool = pool(setting);
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
