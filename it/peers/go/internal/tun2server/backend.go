package tun2server

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/xtaci/smux"
)

const (
	pingLimit = time.Second
	openLimit = time.Second
)

// backend is one agent connection that passed the checks.
type backend struct {
	id       int
	proto    string
	domain   string
	conn     net.Conn
	session  *smux.Session
	stop     context.CancelCauseFunc
	usable   atomic.Bool
	requests atomic.Int64
}

func (b *backend) cancel(reason string) {
	b.usable.Store(false)
	b.stop(errors.New(reason))
}

func (b *backend) describe() map[string]any {
	return map[string]any{
		"id": b.id, "proto": b.proto, "domain": b.domain, "remote": b.conn.RemoteAddr().String(),
		"usable": b.usable.Load(), "requests": b.requests.Load(),
	}
}

func (b *backend) event(name string) map[string]any {
	line := b.describe()
	line["event"] = name
	return line
}

// pingUntilDone pings every five seconds; one failure ends the connection.
func (b *backend) pingUntilDone(ctx context.Context) {
	ticker := time.NewTicker(pingInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if err := b.ping(); err != nil {
				b.cancel("ping: " + err.Error())
			}
		}
	}
}

// ping is a GET of /health with Host "backend"; any status counts as an answer.
func (b *backend) ping() error {
	ctx, cancel := context.WithTimeout(context.Background(), pingLimit)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://backend/health", nil)
	if err != nil {
		return err
	}
	_, err = b.roundTrip(r)
	return err
}

// roundTrip writes one request to a stream of its own and reads the response head. The
// stream is closed when the context of the request ends, not before.
func (b *backend) roundTrip(r *http.Request) (*http.Response, error) {
	stream, err := b.open()
	if err != nil {
		return nil, fmt.Errorf("opening a stream: %w", err)
	}
	context.AfterFunc(r.Context(), func() { _ = stream.Close() })
	if err := r.Write(stream); err != nil {
		return nil, fmt.Errorf("writing the request: %w", err)
	}
	response, err := http.ReadResponse(bufio.NewReader(stream), r)
	if err != nil {
		return nil, fmt.Errorf("reading the response: %w", err)
	}
	b.requests.Add(1)
	return response, nil
}

// open puts, like the original, a deadline on the whole connection while it opens a stream.
func (b *backend) open() (*smux.Stream, error) {
	if !b.usable.Load() {
		return nil, errNoBackend
	}
	if err := b.conn.SetDeadline(time.Now().Add(openLimit)); err != nil {
		return nil, err
	}
	stream, err := b.session.OpenStream()
	if err != nil {
		return nil, err
	}
	return stream, b.conn.SetDeadline(time.Time{})
}
