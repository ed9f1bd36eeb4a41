package peer

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// CloseWriter is a stream that can end its writing half alone.
type CloseWriter interface{ CloseWrite() error }

// Exchange sends n bytes of the stream of the seed in writes of up to chunk bytes, reads
// them back at the same time and compares. With halfClose it then ends its writing half
// and expects the end of the echo. It does so only after the last byte has come back:
// smux v1.5.56 throws unread bytes away once both ends have sent FIN.
func Exchange(stream io.ReadWriter, seed uint64, n int64, chunk int, halfClose bool) error {
	sent := make(chan error, 1)
	go func() {
		buffer := make([]byte, chunk)
		_, err := io.CopyBuffer(struct{ io.Writer }{stream}, struct{ io.Reader }{NewSource(seed, n)}, buffer)
		sent <- err
	}()
	got, err := io.CopyN(NewChecker(seed, n), struct{ io.Reader }{stream}, n)
	if err != nil {
		return fmt.Errorf("after %d of %d bytes: %w", got, n, err)
	}
	if err := <-sent; err != nil || !halfClose {
		return err
	}
	if err := stream.(CloseWriter).CloseWrite(); err != nil {
		return fmt.Errorf("half-close: %w", err)
	}
	more, err := stream.Read(make([]byte, 1))
	if more > 0 || !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrClosedPipe) {
		return fmt.Errorf("after half-close: %d more bytes, %v", more, err)
	}
	return nil
}

// Tally counts the outcome of a number of exchanges.
type Tally struct {
	Failures
	ok, bytes atomic.Int64
	workers   sync.WaitGroup
	started   time.Time
}

// NewTally starts the clock.
func NewTally() *Tally { return &Tally{started: time.Now()} }

// Go runs one exchange of n bytes in parallel with the others.
func (t *Tally) Go(n int64, exchange func() error) {
	t.workers.Go(func() {
		if err := exchange(); err != nil {
			t.Add(err)
			return
		}
		t.ok.Add(1)
		t.bytes.Add(n)
	})
}

// Print waits for all exchanges, prints the JSON line and reports whether none failed.
func (t *Tally) Print(extra map[string]any) bool {
	t.workers.Wait()
	seconds := time.Since(t.started).Seconds()
	line := map[string]any{
		"ok": t.ok.Load(), "failed": t.Count(), "bytes": t.bytes.Load(), "seconds": seconds,
		"gbit_s": float64(t.bytes.Load()) * 8 / seconds / 1e9, "errors": t.Texts(),
	}
	for key, value := range extra {
		line[key] = value
	}
	Print(line)
	return t.Count() == 0
}
