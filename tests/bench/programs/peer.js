// Does with Node's mysql2 what applications do, a line of results for each: `node peer.js PORT PASSWORD`.
const mysql = require("mysql2/promise");

const [port, password] = process.argv.slice(2);
const options = {
  host: "127.0.0.1", port, user: "app", password, database: "app", multipleStatements: true,
};

async function say(what, work) {
  const connection = await mysql.createConnection(options);
  connection.on("error", () => {}); // told by what was asked
  try {
    console.log(`${what}: ${JSON.stringify(await work(connection))}`);
  } catch (error) {
    console.log(`${what}: error ${error.errno} ${error.sqlState}`);
  } finally {
    connection.destroy();
  }
}

(async () => {
  await say("table", async (connection) => {
    await connection.query("DROP TABLE IF EXISTS peer");
    await connection.query("CREATE TABLE peer (id INT PRIMARY KEY AUTO_INCREMENT, v LONGTEXT)");
    return "made";
  });
  await say("prepared", async (connection) => {
    let sum = 0;
    for (let n = 1; n <= 5; n++) {
      const [rows] = await connection.execute("SELECT CAST(? AS SIGNED) * 2 AS twice", [n]);
      sum += Number(rows[0].twice);
    }
    return sum;
  });
  await say("batch", async (connection) => {
    const [done] = await connection.query("INSERT INTO peer (v) VALUES ?", [
      Array.from({ length: 50 }, (_, n) => [`v${n}`]),
    ]);
    return done.affectedRows;
  });
  await say("large", async (connection) => {
    const [rows] = await connection.execute("SELECT LENGTH(?) AS a, REPEAT('y', 17825792) AS b", [
      "x".repeat(17 << 20),
    ]);
    return [rows[0].a, rows[0].b.length];
  });
  await say("several", async (connection) => {
    const [results] = await connection.query("SELECT 1; SELECT 2; SELECT 3");
    return results.length;
  });
  await say("stream", async (connection) => {
    let count = 0;
    for await (const row of connection.connection.query("SELECT id FROM peer").stream()) count++;
    return count;
  });
  await say("procedure", async (connection) => {
    await connection.query("DROP PROCEDURE IF EXISTS peer_twice");
    await connection.query(
      "CREATE PROCEDURE peer_twice(n INT) BEGIN SELECT n; SELECT n UNION SELECT n + 1; END",
    );
    const [results] = await connection.query("CALL peer_twice(4)");
    return results.map((rows) => rows.length ?? "done");
  });
  await say("rollback", async (connection) => {
    await connection.beginTransaction();
    await connection.query("INSERT INTO peer (v) VALUES ('gone')");
    await connection.rollback();
    const [rows] = await connection.query("SELECT COUNT(*) AS n FROM peer WHERE v = 'gone'");
    return Number(rows[0].n);
  });
  await say("error", (connection) => connection.query("INSERT INTO peer (id) VALUES (1)"));
  await say("change user", async (connection) => {
    await connection.query("SET @kept = 1");
    await connection.changeUser({ user: "app", password, database: "app" });
    const [rows] = await connection.query("SELECT @kept AS kept");
    return rows[0].kept;
  });
  await say("time-out hurts nobody else", async (connection) => {
    const other = await mysql.createConnection(options);
    const stranger = other.query("SELECT SLEEP(2) AS slept");
    const told = await connection
      .query({ sql: "DO SLEEP(5)", timeout: 1000 })
      .then(() => "none", (error) => error.code);
    const [rows] = await stranger;
    await other.end();
    return [told, rows[0].slept];
  });
  await say("pool", async () => {
    const pool = mysql.createPool({ ...options, connectionLimit: 4 });
    const all = await Promise.all(
      Array.from({ length: 20 }, (_, n) => pool.query("SELECT ? AS n", [n])),
    );
    await pool.end();
    return all.reduce((sum, [rows]) => sum + Number(rows[0].n), 0);
  });
  let sum = 0;
  for (let n = 0; n < 3; n++) {
    const connection = await mysql
      .createConnection({ ...options, ssl: { rejectUnauthorized: false } })
      .catch(() => null);
    if (connection === null) continue;
    const [rows] = await connection.query("SELECT 14 AS found");
    sum += rows[0].found;
    await connection.end();
  }
  console.log(`TLS and its end: ${sum}`);
})();
