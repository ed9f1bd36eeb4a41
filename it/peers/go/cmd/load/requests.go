package main

import (
	"bufio"
	"context"
	"fmt"
	"log"
	"net"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"penstock.test/peers/internal/peer"
)

// requestResult is the JSON line of requests mode; times are of single requests. Late
// counts answers that came more than a tenth of the measured time after its end; like
// every answer after the end they are in no other figure.
type requestResult struct {
	Mode        string   `json:"mode"`
	Connections int      `json:"connections"`
	Requests    int      `json:"requests"`
	Seconds     float64  `json:"seconds"`
	RPS         float64  `json:"rps"`
	MeanMicros  float64  `json:"mean_us"`
	P50Micros   float64  `json:"p50_us"`
	P90Micros   float64  `json:"p90_us"`
	P99Micros   float64  `json:"p99_us"`
	P999Micros  float64  `json:"p999_us"`
	MaxMicros   float64  `json:"max_us"`
	Late        int64    `json:"late"`
	Errors      int      `json:"errors"`
	ErrorTexts  []string `json:"error_texts"`
	Bytes       int64    `json:"bytes"`
}

// requests runs one closed loop per connection and prints the latencies of the measured time.
func (o *options) requests(ctx context.Context) {
	if o.path == "" {
		o.path = "/1k"
	}
	from := time.Now().Add(o.warmup)
	to := from.Add(o.duration)
	var workers sync.WaitGroup
	var failures peer.Failures
	var bytes, late atomic.Int64
	latencies := make([][]int64, o.connections)
	for i := range o.connections {
		workers.Go(func() {
			for ctx.Err() == nil && time.Now().Before(to) {
				if err := o.loop(ctx, from, to, &latencies[i], &bytes, &late); err != nil {
					log.Print(err)
					failures.Add(err)
					time.Sleep(10 * time.Millisecond)
				}
			}
		})
	}
	workers.Wait()
	all := slices.Concat(latencies...)
	slices.Sort(all)
	out := requestResult{
		Mode: "requests", Connections: o.connections, Requests: len(all), Seconds: o.duration.Seconds(),
		RPS: float64(len(all)) / o.duration.Seconds(), Late: late.Load(), Errors: failures.Count(),
		ErrorTexts: failures.Texts(), Bytes: bytes.Load(),
	}
	if len(all) > 0 {
		sum := int64(0)
		for _, nanos := range all {
			sum += nanos
		}
		out.MeanMicros = float64(sum) / float64(len(all)) / 1000
		out.P50Micros, out.P90Micros = quantile(all, 0.5), quantile(all, 0.9)
		out.P99Micros, out.P999Micros = quantile(all, 0.99), quantile(all, 0.999)
		out.MaxMicros = quantile(all, 1)
	}
	peer.Print(out)
	if out.Errors > 0 || len(all) == 0 {
		os.Exit(1)
	}
}

// lateness is how long after the end of the measured time an answer may still come.
func (o *options) lateness() time.Duration { return o.duration / 10 }

func quantile(sorted []int64, q float64) float64 {
	return float64(sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]) / 1000
}

// loop requests over one connection until the time is up or the server closes it.
func (o *options) loop(ctx context.Context, from, to time.Time, latencies *[]int64, bytes, late *atomic.Int64) error {
	conn, err := o.dial(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	request := fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", o.path, o.host)
	in := bufio.NewReader(conn)
	for sent := time.Now(); sent.Before(to); sent = time.Now() {
		_ = conn.SetDeadline(sent.Add(o.timeout))
		n, closes, err := exchange(conn, in, request)
		if err != nil {
			return err
		}
		done := time.Now()
		if done.After(to.Add(o.lateness())) {
			late.Add(1)
		}
		if !sent.Before(from) && !done.After(to) {
			*latencies = append(*latencies, done.Sub(sent).Nanoseconds())
			bytes.Add(n)
		}
		if closes {
			return nil
		}
	}
	return nil
}

func exchange(conn net.Conn, in *bufio.Reader, request []byte) (int64, bool, error) {
	if _, err := conn.Write(request); err != nil {
		return 0, false, err
	}
	h, err := readHead(in)
	if err != nil {
		return 0, false, err
	}
	n, err := skipBody(in, h)
	if err == nil && h.status != 200 {
		err = fmt.Errorf("status %d", h.status)
	}
	return n, h.closes, err
}
