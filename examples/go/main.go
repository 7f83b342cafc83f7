// Places orders: a key a line on standard input, an answer a line on standard output.
// With the argument "cured" the driver gives up a connection that has met a reader.
package main

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/go-sql-driver/mysql"
)

// As what a demoted writer answers to a write.
var readOnly = map[uint16]bool{1290: true, 1836: true}

func open(cured bool) (*sql.DB, error) {
	config := mysql.NewConfig()
	config.Net = "tcp"
	config.Addr = os.Getenv("DB_HOST") + ":" + os.Getenv("DB_PORT")
	config.User, config.Passwd = os.Getenv("DB_USER"), os.Getenv("DB_PASSWORD")
	config.DBName = os.Getenv("DB_NAME")
	config.Timeout, config.ReadTimeout, config.WriteTimeout = time.Second, 2*time.Second, 2*time.Second
	config.InterpolateParams = true // one round trip, as a text
	config.RejectReadOnly = cured   // the cure: 1290 and 1836 end the connection, and the pool makes another
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, err
	}
	pool := sql.OpenDB(connector)
	pool.SetMaxOpenConns(1)
	return pool, nil
}

func answer(key string, err error) string {
	var refused *mysql.MySQLError
	switch {
	case err == nil:
		return "ok " + key
	case errors.As(err, &refused) && readOnly[refused.Number]:
		return fmt.Sprintf("refused %s %d", key, refused.Number)
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refused " + key + " 0"
	default:
		return "unknown " + key + " 0"
	}
}

func main() {
	pool, err := open(len(os.Args) > 1 && os.Args[1] == "cured")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	defer pool.Close()
	keys := bufio.NewScanner(os.Stdin)
	for keys.Scan() {
		key := keys.Text()
		_, err := pool.ExecContext(context.Background(), "INSERT INTO orders (ref) VALUES (?)", key)
		fmt.Println(answer(key, err))
	}
}
