package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"penstock.test/peers/internal/peer"
)

// transferBufferBytes is the size of one read or write in throughput mode.
const transferBufferBytes = 256 << 10

// throughput moves bodies over -c connections; each connection ends its last transfer in
// full after the measured time, so that no side ever sees a break.
func (o *options) throughput(ctx context.Context) {
	if o.bodyBytes == 0 {
		o.bodyBytes = 256 << 20
	}
	direction := "down"
	if o.path == "" {
		o.path = fmt.Sprintf("/bytes?sum=0&framing=length&n=%d", o.bodyBytes)
	}
	if o.upload {
		direction, o.path = "up", "/upload"
	}
	var moved atomic.Int64
	var workers sync.WaitGroup
	var failures peer.Failures
	end := time.Now().Add(o.warmup + o.duration)
	for range o.connections {
		workers.Go(func() {
			if err := o.transfers(ctx, end, &moved); err != nil {
				log.Print(err)
				failures.Add(err)
			}
		})
	}
	time.Sleep(o.warmup)
	started, before := time.Now(), moved.Load()
	time.Sleep(time.Until(end))
	bytes, seconds := moved.Load()-before, time.Since(started).Seconds()
	workers.Wait()
	peer.Print(map[string]any{
		"mode": "throughput", "direction": direction, "streams": o.connections, "bytes": bytes, "seconds": seconds,
		"gbit_s": float64(bytes) * 8 / seconds / 1e9, "errors": failures.Count(), "error_texts": failures.Texts(),
	})
	if failures.Count() > 0 || bytes == 0 {
		os.Exit(1)
	}
}

func (o *options) transfers(ctx context.Context, end time.Time, moved *atomic.Int64) error {
	conn, err := o.dial(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	in := bufio.NewReader(conn)
	buffer := make([]byte, transferBufferBytes)
	_, _ = io.ReadFull(peer.NewSource(1, transferBufferBytes), buffer)
	for time.Now().Before(end) {
		if o.upload {
			err = o.uploadOnce(conn, in, buffer, moved)
		} else {
			err = o.downloadOnce(conn, in, buffer, moved)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (o *options) downloadOnce(conn net.Conn, in *bufio.Reader, buffer []byte, moved *atomic.Int64) error {
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", o.path, o.host); err != nil {
		return err
	}
	h, err := readHead(in)
	if err != nil {
		return err
	}
	if h.status != 200 || h.length < 0 {
		return fmt.Errorf("status %d, length %d: a throughput download needs 200 and a length", h.status, h.length)
	}
	for left := h.length; left > 0; {
		n, err := in.Read(buffer[:min(left, int64(len(buffer)))])
		left -= int64(n)
		moved.Add(int64(n))
		if err != nil {
			return fmt.Errorf("%d bytes before the end: %w", left, err)
		}
	}
	return nil
}

func (o *options) uploadOnce(conn net.Conn, in *bufio.Reader, buffer []byte, moved *atomic.Int64) error {
	_, err := fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\n", o.path, o.host, o.bodyBytes)
	for left := o.bodyBytes; left > 0 && err == nil; {
		var n int
		n, err = conn.Write(buffer[:min(left, int64(len(buffer)))])
		left -= int64(n)
		moved.Add(int64(n))
	}
	if err != nil {
		return err
	}
	h, err := readHead(in)
	if err == nil {
		_, err = skipBody(in, h)
	}
	if err == nil && h.status != 200 {
		err = fmt.Errorf("status %d", h.status)
	}
	return err
}

// pausedRead starts -c large downloads, stops reading for -duration, then closes, or reads on.
// Every byte that is read is verified.
func (o *options) pausedRead(ctx context.Context) {
	if o.bodyBytes == 0 {
		o.bodyBytes = 1 << 30
	}
	if o.path == "" {
		o.path = fmt.Sprintf("/bytes?sum=0&framing=length&n=%d", o.bodyBytes)
	}
	var started, workers sync.WaitGroup
	var failures peer.Failures
	var read, complete atomic.Int64
	started.Add(o.connections)
	for range o.connections {
		workers.Go(func() {
			n, err := o.pauseOnce(ctx, started.Done)
			read.Add(n)
			if err != nil {
				log.Print(err)
				failures.Add(err)
			} else if n == o.bodyBytes {
				complete.Add(1)
			}
		})
	}
	started.Wait()
	peer.Print(map[string]any{"ready": true, "paused": o.connections - failures.Count()})
	workers.Wait()
	peer.Print(map[string]any{
		"mode": "pausedread", "streams": o.connections, "bytes_read": read.Load(), "complete": complete.Load(),
		"broken": failures.Count(), "error_texts": failures.Texts(),
	})
}

func (o *options) pauseOnce(ctx context.Context, paused func()) (int64, error) {
	once := sync.OnceFunc(paused)
	defer once()
	conn, err := o.dial(ctx)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	in := bufio.NewReader(conn)
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", o.path, o.host); err != nil {
		return 0, err
	}
	h, err := readHead(in)
	if err != nil {
		return 0, err
	}
	if h.status != 200 || h.length != o.bodyBytes {
		return 0, fmt.Errorf("status %d, length %d", h.status, h.length)
	}
	checker := peer.NewChecker(0, o.bodyBytes)
	n, err := io.CopyN(checker, in, 64<<10)
	if err != nil {
		return n, err
	}
	once()
	select {
	case <-time.After(o.duration):
	case <-ctx.Done():
	}
	if o.drain {
		var more int64
		more, err = io.CopyN(checker, in, min(o.drainBytes, o.bodyBytes-n))
		n += more
	}
	if tcp, ok := conn.(*net.TCPConn); ok && n < o.bodyBytes {
		_ = tcp.SetLinger(0)
	}
	return n, err
}

// idle opens -c connections that say nothing for -duration and reports how many the
// other side closed meanwhile.
func (o *options) idle(ctx context.Context) {
	var failures peer.Failures
	var closed atomic.Int64
	var workers sync.WaitGroup
	var conns []net.Conn
	for range o.connections {
		conn, err := o.dial(ctx)
		if err != nil {
			failures.Add(err)
			continue
		}
		conns = append(conns, conn)
	}
	peer.Print(map[string]any{"ready": true, "open": len(conns), "errors": failures.Count(), "error_texts": failures.Texts()})
	end := time.Now().Add(o.duration)
	for _, conn := range conns {
		workers.Go(func() {
			_ = conn.SetReadDeadline(end)
			_, err := io.Copy(io.Discard, conn)
			var timeout net.Error
			if !errors.As(err, &timeout) || !timeout.Timeout() {
				closed.Add(1)
			}
			_ = conn.Close()
		})
	}
	workers.Wait()
	peer.Print(map[string]any{"mode": "idle", "open": len(conns), "closed_by_peer": closed.Load()})
}
