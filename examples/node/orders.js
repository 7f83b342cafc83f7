// Places orders: a key a line on standard input, an answer a line on standard output.
// With the argument "cured" it does not give a connection back to the pool that has met a reader.
const readline = require("readline");
const mysql = require("mysql2/promise");

const READ_ONLY = new Set([1290, 1836]); // as what a demoted writer answers to a write
const pool = mysql.createPool({
  uri: process.env.DATABASE_URL,
  connectionLimit: 1,
  connectTimeout: 1000,
});

async function place(key) {
  const connection = await pool.getConnection();
  try {
    await connection.query({ sql: "INSERT INTO orders (ref) VALUES (?)", values: [key], timeout: 2000 });
    connection.release();
  } catch (error) {
    const useless = error.fatal || (READ_ONLY.has(error.errno) && process.argv[2] === "cured");
    if (useless) connection.destroy(); // the next order connects anew, to where DNS leads then
    else connection.release();
    throw error;
  }
}

async function main() {
  for await (const key of readline.createInterface({ input: process.stdin })) {
    try {
      await place(key);
      console.log(`ok ${key}`);
    } catch (error) {
      const refused = READ_ONLY.has(error.errno) || error.code === "ECONNREFUSED";
      console.log(`${refused ? "refused" : "unknown"} ${key} ${READ_ONLY.has(error.errno) ? error.errno : 0}`);
    }
  }
  await pool.end();
}

main();
