package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"penstock.test/peers/internal/peer"
)

// rawLimit bounds one exchange on a raw connection.
const rawLimit = 60 * time.Second

func (v *visit) dial(ctx context.Context) (*net.TCPConn, error) {
	conn, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, "tcp", v.addr)
	if err != nil {
		return nil, err
	}
	_ = conn.SetDeadline(time.Now().Add(rawLimit))
	return conn.(*net.TCPConn), nil
}

// halfClose sends a whole request, closes its writing half and must read the whole response.
func (v *visit) halfClose(ctx context.Context, i int) error {
	conn, err := v.dial(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	const n = 3 << 20
	seed := v.seed + uint64(i)%16
	path, method, extra := fmt.Sprintf("/bytes?n=%d&seed=%d", n, seed), http.MethodGet, ""
	switch i % 3 {
	case 1:
		path = "/slow?ms=300"
	case 2:
		path, method, extra = "/sum", http.MethodPost, fmt.Sprintf("Content-Length: %d\r\n", n)
	}
	_, err = fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: %s\r\n%s\r\n", method, path, v.host, extra)
	if err == nil && method == http.MethodPost {
		_, err = peer.NewSource(seed, n).WriteTo(conn)
		v.up.Add(n)
	}
	if err == nil {
		err = conn.CloseWrite()
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		return fmt.Errorf("%s after half-close: %w", path, err)
	}
	defer response.Body.Close()
	switch i % 3 {
	case 1:
		return readJSON(response, &struct{}{})
	case 2:
		return v.verifySum(response, n, seed)
	default:
		return v.verifyDownload(response, path, n, seed)
	}
}

// abort breaks a connection in the middle of a body, then expects a fresh visit to work.
func (v *visit) abort(ctx context.Context, i int) error {
	up := v.what == "up" || v.what == "both" && i%2 == 1
	if err := v.breakOff(ctx, up, i%4 < 2); err != nil {
		return err
	}
	return v.download(ctx, 100_000, v.seed, "length")
}

func (v *visit) breakOff(ctx context.Context, up, reset bool) error {
	const promised, moved = 256 << 20, 1 << 20
	conn, err := v.dial(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if reset {
		_ = conn.SetLinger(0)
	}
	if up {
		_, err = fmt.Fprintf(conn, "POST /upload HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\n", v.host, promised)
		if err == nil {
			_, err = peer.NewSource(v.seed, moved).WriteTo(conn)
			v.up.Add(moved)
		}
		return err
	}
	_, err = fmt.Fprintf(conn, "GET /bytes?sum=0&n=%d&seed=%d HTTP/1.1\r\nHost: %s\r\n\r\n", promised, v.seed, v.host)
	if err != nil {
		return err
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("download to break off: status %s", response.Status)
	}
	got, err := io.CopyN(peer.NewChecker(v.seed, promised), response.Body, moved)
	v.down.Add(got)
	return err
}

// upgrade asks for "Upgrade: echo" and exchanges raw bytes.
func (v *visit) upgrade(ctx context.Context, i int) error {
	conn, err := v.dial(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = fmt.Fprintf(conn, "GET /upgrade HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n", v.host)
	if err != nil {
		return err
	}
	in := bufio.NewReader(conn)
	response, err := http.ReadResponse(in, nil)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusSwitchingProtocols || response.Header.Get("Upgrade") != "echo" {
		return fmt.Errorf("upgrade: status %s, Upgrade %q", response.Status, response.Header.Get("Upgrade"))
	}
	const n = 1 << 20
	seed := v.seed + uint64(i)%16
	sent := make(chan error, 1)
	go func() {
		_, err := peer.NewSource(seed, n).WriteTo(conn)
		sent <- err
	}()
	got, err := io.CopyN(peer.NewChecker(seed, n), in, n)
	v.down.Add(got)
	v.up.Add(n)
	return errors.Join(err, <-sent)
}
