// Command load is a closed-loop HTTP/1.1 load generator with a client of its own that
// costs little, so that the measured system keeps the processor.
package main

import (
	"context"
	"flag"
	"math"
	"net"
	"time"

	"penstock.test/peers/internal/peer"
)

// options are the flags that every mode shares.
type options struct {
	addr, host, path string
	connections      int
	duration, warmup time.Duration
	timeout          time.Duration
	upload           bool
	bodyBytes        int64
	drain            bool
	drainBytes       int64
}

func main() {
	mode := flag.String("mode", "requests", "requests, throughput, pausedread or idle")
	addr := flag.String("addr", "", "HOST:PORT to connect to")
	host := flag.String("host", "", "the Host header; the address if empty")
	path := flag.String("path", "", "request target (requests: /1k, throughput: /bytes or /upload)")
	c := flag.Int("c", 64, "connections (throughput: parallel streams)")
	duration := flag.Duration("duration", 10*time.Second, "measured time (pausedread, idle: time of silence)")
	warmup := flag.Duration("warmup", 2*time.Second, "time before the measured time")
	timeout := flag.Duration("timeout", 30*time.Second, "requests: limit of one request")
	direction := flag.String("direction", "down", "throughput: down or up")
	size := flag.Int64("bytes", 0, "body of one transfer (throughput 256 MiB, pausedread 1 GiB)")
	then := flag.String("then", "close", "pausedread: close or drain after the silence")
	drainBytes := flag.Int64("drain-bytes", math.MaxInt64, "pausedread: how much to drain before a reset")
	ctx := peer.Start(1)
	o := &options{
		addr: *addr, host: *host, path: *path, connections: *c, duration: *duration, warmup: *warmup,
		timeout: *timeout,
		upload:  *direction == "up", bodyBytes: *size, drain: *then == "drain", drainBytes: *drainBytes,
	}
	if o.addr == "" || o.connections < 1 || o.duration <= 0 || o.warmup < 0 {
		peer.Usage("load needs -addr, -c of at least 1 and a positive -duration")
	}
	if o.host == "" {
		o.host = o.addr
	}
	switch *mode {
	case "requests":
		o.requests(ctx)
	case "throughput":
		o.throughput(ctx)
	case "pausedread":
		o.pausedRead(ctx)
	case "idle":
		o.idle(ctx)
	default:
		peer.Usage("unknown -mode %s", *mode)
	}
}

func (o *options) dial(ctx context.Context) (net.Conn, error) {
	conn, err := (&net.Dialer{Timeout: 10 * time.Second}).DialContext(ctx, "tcp", o.addr)
	if err == nil {
		context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	}
	return conn, err
}
