// Package peer holds what every test peer shares: the life of the process, the
// JSON lines on standard output and the deterministic byte stream.
package peer

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

// exitGrace is how long a program may take to end by itself once its context is done.
const exitGrace = 3 * time.Second

var (
	maxSeconds  = flag.Int("max-seconds", 120, "exit by itself after this many seconds")
	followStdin = flag.Bool("exit-with-stdin", false, "exit when standard input reaches its end")
	printLock   sync.Mutex
)

// Start parses the flags and returns a context that ends on SIGTERM, on SIGINT, when
// -max-seconds have passed, or (with -exit-with-stdin) when standard input ends. A
// program that is still running exitGrace later is ended with the given exit code: 0
// for a server, which has no work to finish, and 1 for a program that owes a result.
func Start(lateExitCode int) context.Context {
	flag.Parse()
	log.SetFlags(log.Ltime | log.Lmicroseconds)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	limited, cancel := context.WithTimeout(ctx, time.Duration(*maxSeconds)*time.Second)
	if *followStdin {
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			cancel()
		}()
	}
	go func() {
		<-limited.Done()
		stop()
		cancel()
		time.Sleep(exitGrace)
		os.Exit(lateExitCode)
	}()
	return limited
}

// Print writes one value as one line of JSON to standard output.
func Print(value any) {
	line, err := json.Marshal(value)
	if err != nil {
		Fail(err)
	}
	printLock.Lock()
	defer printLock.Unlock()
	_, _ = os.Stdout.Write(append(line, '\n'))
}

// Fail prints the error as a JSON line and ends the program with exit code 1.
func Fail(err error) {
	log.Print(err)
	line, _ := json.Marshal(map[string]string{"error": err.Error()})
	printLock.Lock()
	_, _ = os.Stdout.Write(append(line, '\n'))
	os.Exit(1)
}

// Usage ends the program with exit code 2 and the reason on standard error.
func Usage(format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
	flag.Usage()
	os.Exit(2)
}

// Failures counts failures and keeps the texts of the first few.
type Failures struct {
	lock  sync.Mutex
	count int
	texts []string
}

// Add counts one failure.
func (f *Failures) Add(err error) {
	f.lock.Lock()
	defer f.lock.Unlock()
	f.count++
	if len(f.texts) < 5 {
		f.texts = append(f.texts, err.Error())
	}
}

// Count is the number of failures so far.
func (f *Failures) Count() int {
	f.lock.Lock()
	defer f.lock.Unlock()
	return f.count
}

// Texts returns the first few failures, never nil.
func (f *Failures) Texts() []string {
	f.lock.Lock()
	defer f.lock.Unlock()
	return append([]string{}, f.texts...)
}
