// Does with go-sql-driver what applications do, a line of results for each: `peer PORT PASSWORD`.
package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/go-sql-driver/mysql"
)

var address = fmt.Sprintf("app:%s@tcp(127.0.0.1:%s)/app?multiStatements=true&maxAllowedPacket=0", os.Args[2], os.Args[1])

func open(options string) *sql.DB {
	pool, err := sql.Open("mysql", address+options)
	if err != nil {
		panic(err)
	}
	return pool
}

func say(what string, work func(*sql.DB) (any, error)) {
	pool := open("")
	defer pool.Close()
	answer, err := work(pool)
	var refused *mysql.MySQLError
	if errors.As(err, &refused) {
		answer = fmt.Sprintf("error %d %s", refused.Number, refused.SQLState)
	} else if err != nil {
		answer = "error " + err.Error()
	}
	fmt.Printf("%s: %v\n", what, answer)
}

func run(pool *sql.DB, statements ...string) error {
	for _, statement := range statements {
		if _, err := pool.Exec(statement); err != nil {
			return err
		}
	}
	return nil
}

func number(pool *sql.DB, statement string, arguments ...any) (found int, err error) {
	err = pool.QueryRow(statement, arguments...).Scan(&found)
	return
}

// results counts the results of a text, and their rows.
func results(pool *sql.DB, text string) (any, error) {
	rows, err := pool.Query(text)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	count, all := 0, 0
	for more := true; more; more = rows.NextResultSet() {
		count++
		for rows.Next() {
			all++
		}
	}
	return fmt.Sprint(count, " ", all), rows.Err()
}

// interrupted asks for a long sleep beside a stranger's, and says what became of both.
func interrupted(pool *sql.DB, end func(context.Context) (context.Context, context.CancelFunc)) (any, error) {
	others := open("")
	defer others.Close()
	stranger := make(chan any)
	go func() {
		slept, err := number(others, "SELECT SLEEP(2)")
		stranger <- fmt.Sprint(slept, " ", err)
	}()
	limited, cancel := end(context.Background())
	defer cancel()
	_, err := pool.ExecContext(limited, "DO SLEEP(30)")
	answer, again := number(pool, "SELECT 42")
	return fmt.Sprint(err, ", ", <-stranger, ", ", answer), again
}

func main() {
	say("table", func(pool *sql.DB) (any, error) {
		return "made", run(pool, "DROP TABLE IF EXISTS peer",
			"CREATE TABLE peer (id INT PRIMARY KEY AUTO_INCREMENT, v LONGTEXT)")
	})
	say("prepared", func(pool *sql.DB) (any, error) {
		twice, err := pool.Prepare("SELECT CAST(? AS SIGNED) * 2")
		if err != nil {
			return nil, err
		}
		defer twice.Close()
		sum := 0
		for n := 1; n <= 5; n++ {
			var found int
			if err := twice.QueryRow(n).Scan(&found); err != nil {
				return nil, err
			}
			sum += found
		}
		return sum, nil
	})
	say("batch", func(pool *sql.DB) (any, error) {
		values := make([]any, 50)
		for n := range values {
			values[n] = fmt.Sprint("v", n)
		}
		text := "INSERT INTO peer (v) VALUES " + strings.Repeat("(?),", 49) + "(?)"
		done, err := pool.Exec(text, values...)
		if err != nil {
			return nil, err
		}
		return done.RowsAffected()
	})
	say("large", func(pool *sql.DB) (any, error) {
		var length int
		var text string
		row := pool.QueryRow("SELECT LENGTH(?), REPEAT('y', 17825792)", strings.Repeat("x", 17<<20))
		err := row.Scan(&length, &text)
		return fmt.Sprint(length, " ", len(text)), err
	})
	say("several", func(pool *sql.DB) (any, error) {
		return results(pool, "SELECT 1; SELECT 2 UNION SELECT 3; SELECT 4")
	})
	say("procedure", func(pool *sql.DB) (any, error) {
		err := run(pool, "DROP PROCEDURE IF EXISTS peer_twice",
			"CREATE PROCEDURE peer_twice(n INT) BEGIN SELECT n; SELECT n UNION SELECT n + 1; END")
		if err != nil {
			return nil, err
		}
		return results(pool, "CALL peer_twice(4)")
	})
	say("rollback", func(pool *sql.DB) (any, error) {
		work, err := pool.Begin()
		if err != nil {
			return nil, err
		}
		if _, err := work.Exec("INSERT INTO peer (v) VALUES ('gone')"); err != nil {
			return nil, err
		}
		if err := work.Rollback(); err != nil {
			return nil, err
		}
		return number(pool, "SELECT COUNT(*) FROM peer WHERE v = 'gone'")
	})
	say("error", func(pool *sql.DB) (any, error) { return nil, run(pool, "INSERT INTO peer (id) VALUES (1)") })
	say("time-out hurts nobody else", func(pool *sql.DB) (any, error) {
		return interrupted(pool, func(all context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(all, time.Second)
		})
	})
	say("cancel", func(pool *sql.DB) (any, error) {
		return interrupted(pool, func(all context.Context) (context.Context, context.CancelFunc) {
			limited, cancel := context.WithCancel(all)
			time.AfterFunc(500*time.Millisecond, cancel)
			return limited, cancel
		})
	})
	say("pool", func(pool *sql.DB) (any, error) {
		pool.SetMaxOpenConns(4)
		var sum int
		var lock sync.Mutex
		var all sync.WaitGroup
		for n := 0; n < 20; n++ {
			all.Add(1)
			go func() {
				defer all.Done()
				found, _ := number(pool, "SELECT CAST(? AS SIGNED)", n)
				lock.Lock()
				defer lock.Unlock()
				sum += found
			}()
		}
		all.Wait()
		return sum, nil
	})
	say("TLS and its end", func(*sql.DB) (any, error) {
		sum := 0
		for n := 0; n < 3; n++ {
			pool := open("&tls=skip-verify")
			found, err := number(pool, "SELECT 14")
			if err != nil {
				return nil, err
			}
			sum += found
			if err := pool.Close(); err != nil {
				return nil, err
			}
		}
		return sum, nil
	})
}
