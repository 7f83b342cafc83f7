// Connects by TLS, asks one thing, and leaves as Node's mysql2 does: `node visit.js PORT PASSWORD`.
const mysql = require("mysql2/promise");

const [port, password] = process.argv.slice(2);

async function visit() {
  const connection = await mysql.createConnection({
    host: "127.0.0.1", port, user: "app", password, database: "app",
    ssl: { rejectUnauthorized: false },
  });
  const [rows] = await connection.query("SELECT 6 * 7 AS answer");
  console.log(rows[0].answer);
  await connection.end();
}

(async () => {
  for (let count = 0; count < 5; count++) await visit();
})();
