// Command visitor is a public visitor of the app: it makes requests through whatever
// listens at -addr, verifies every byte and prints one JSON line.
package main

import (
	"context"
	"flag"
	"log"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"penstock.test/peers/internal/peer"
)

// visit is what every mode works with.
type visit struct {
	addr, host string
	requests   int
	parallel   int
	maxBytes   int64
	seed       uint64
	delay      time.Duration
	what       string

	client   *http.Client
	failures peer.Failures
	ok       atomic.Int64
	down, up atomic.Int64
}

// result is the JSON line.
type result struct {
	Mode      string   `json:"mode"`
	Requests  int      `json:"requests"`
	OK        int64    `json:"ok"`
	Failed    int      `json:"failed"`
	BytesDown int64    `json:"bytes_down"`
	BytesUp   int64    `json:"bytes_up"`
	Seconds   float64  `json:"seconds"`
	Errors    []string `json:"errors"`
}

// modes maps each -mode to one unit of its work; i counts from 0.
var modes = map[string]func(v *visit, ctx context.Context, i int) error{
	"mixed":     (*visit).mixed,
	"slow":      (*visit).slow,
	"halfclose": (*visit).halfClose,
	"abort":     (*visit).abort,
	"ws":        (*visit).webSocket,
	"sse":       (*visit).events,
	"upgrade":   (*visit).upgrade,
}

func main() {
	mode := flag.String("mode", "mixed", "mixed, slow, halfclose, abort, ws, sse or upgrade")
	addr := flag.String("addr", "", "HOST:PORT to connect to")
	host := flag.String("host", "", "the Host header; the address if empty")
	n := flag.Int("n", 1000, "number of requests (ws, sse and upgrade: of connections)")
	c := flag.Int("c", 16, "how many at once")
	maxBytes := flag.Int64("max-bytes", 4<<20, "largest body in mixed mode")
	seed := flag.Uint64("seed", 1, "seed of sizes and bytes")
	ms := flag.Int("ms", 500, "delay of the app in slow mode and between events in sse mode")
	what := flag.String("what", "down", "abort mode: down, up or both")
	ctx := peer.Start(1)
	unit := modes[*mode]
	if unit == nil || *addr == "" || *n < 1 || *c < 1 {
		peer.Usage("visitor needs -addr, a known -mode, and -n and -c of at least 1")
	}
	if *host == "" {
		*host = *addr
	}
	v := &visit{
		addr: *addr, host: *host, requests: *n, parallel: *c, maxBytes: *maxBytes, seed: *seed,
		delay: time.Duration(*ms) * time.Millisecond, what: *what,
	}
	v.client = &http.Client{Transport: v.transport()}
	started := time.Now()
	v.run(ctx, unit)
	out := result{
		Mode: *mode, Requests: *n, OK: v.ok.Load(), Failed: v.failures.Count(),
		BytesDown: v.down.Load(), BytesUp: v.up.Load(),
		Seconds: time.Since(started).Seconds(), Errors: v.failures.Texts(),
	}
	peer.Print(out)
	if out.Failed > 0 || out.OK != int64(*n) {
		os.Exit(1)
	}
}

// transport sends every request to -addr whatever its URL says.
func (v *visit) transport() *http.Transport {
	return &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, "tcp", v.addr)
		},
		MaxIdleConnsPerHost: v.parallel,
		DisableCompression:  true,
	}
}

func (v *visit) run(ctx context.Context, unit func(*visit, context.Context, int) error) {
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(v.parallel, v.requests) {
		workers.Go(func() {
			for i := int(next.Add(1)) - 1; i < v.requests; i = int(next.Add(1)) - 1 {
				err := ctx.Err()
				if err == nil {
					err = unit(v, ctx, i)
				}
				if err != nil {
					log.Printf("request %d: %v", i, err)
					v.failures.Add(err)
					continue
				}
				v.ok.Add(1)
			}
		})
	}
	workers.Wait()
}

func (v *visit) request(ctx context.Context, method, path string) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, method, "http://visited"+path, nil)
	if err != nil {
		return nil, err
	}
	r.Host = v.host
	return r, nil
}
