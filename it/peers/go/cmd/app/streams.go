package main

import (
	"bufio"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/coder/websocket"

	"penstock.test/peers/internal/peer"
)

// webSocketLimit bounds one WebSocket message.
const webSocketLimit = 4 << 20

// events serves GET /sse?n=5&ms=100: n events, ms apart; the first comes at once.
func events(w http.ResponseWriter, r *http.Request) {
	n, ms := int64(5), int64(100)
	if !numbers(w, r, map[string]*int64{"n": &n, "ms": &ms}) {
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	for i := range n {
		if i > 0 {
			select {
			case <-time.After(time.Duration(ms) * time.Millisecond):
			case <-r.Context().Done():
				return
			}
		}
		_, _ = fmt.Fprintf(w, "id: %d\ndata: event %d\n\n", i, i)
		w.(http.Flusher).Flush()
	}
}

// webSocketEcho serves GET /ws: every message comes back with the type it had.
func webSocketEcho(w http.ResponseWriter, r *http.Request) {
	socket, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
	if err != nil {
		log.Print("websocket: ", err)
		return
	}
	defer socket.CloseNow()
	socket.SetReadLimit(webSocketLimit)
	for {
		kind, message, err := socket.Read(r.Context())
		if err != nil {
			return
		}
		if err := socket.Write(r.Context(), kind, message); err != nil {
			return
		}
	}
}

// upgradeEcho serves GET /upgrade with "Upgrade: echo": after the 101, raw bytes come
// back until the other side ends.
func upgradeEcho(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Upgrade") != "echo" {
		w.Header().Set("Upgrade", "echo")
		http.Error(w, "this path needs Upgrade: echo", http.StatusUpgradeRequired)
		return
	}
	hijack(w, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n",
		func(conn net.Conn, in *bufio.ReadWriter) { _, _ = io.Copy(conn, in.Reader) })
}

// closeDelimited serves GET /close?n=N&seed=S: a body that only the end of the connection ends.
func closeDelimited(w http.ResponseWriter, r *http.Request) {
	n, seed := int64(1024), int64(0)
	if !numbers(w, r, map[string]*int64{"n": &n, "seed": &seed}) {
		return
	}
	hijack(w, "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nConnection: close\r\n\r\n",
		func(conn net.Conn, _ *bufio.ReadWriter) { _, _ = peer.NewSource(uint64(seed), n).WriteTo(conn) })
}

// cutShort serves GET /cut?n=N&at=A&framing=length|chunked: promises N bytes, ends after A.
func cutShort(w http.ResponseWriter, r *http.Request) {
	n, at := int64(1<<20), int64(1<<19)
	if !numbers(w, r, map[string]*int64{"n": &n, "at": &at}) {
		return
	}
	if r.URL.Query().Get("framing") == "chunked" {
		w.(http.Flusher).Flush()
	} else {
		w.Header().Set("Content-Length", strconv.FormatInt(n, 10))
	}
	_, _ = peer.NewSource(0, min(at, n)).WriteTo(w)
	w.(http.Flusher).Flush()
	panic(http.ErrAbortHandler)
}

func hijack(w http.ResponseWriter, head string, use func(net.Conn, *bufio.ReadWriter)) {
	conn, buffered, err := w.(http.Hijacker).Hijack()
	if err != nil {
		log.Print("hijack: ", err)
		return
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, head); err == nil {
		use(conn, buffered)
	}
}

// status serves /status/{code} with an empty body.
func status(w http.ResponseWriter, r *http.Request) {
	code, err := strconv.Atoi(r.PathValue("code"))
	if err != nil || code < 200 || code > 599 {
		http.Error(w, "the code must be 200 to 599", http.StatusBadRequest)
		return
	}
	w.WriteHeader(code)
}

// earlyHints serves GET /early: a 103 before the 200.
func earlyHints(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Link", "</style.css>; rel=preload")
	w.WriteHeader(http.StatusEarlyHints)
	w.Header().Del("Link")
	answerJSON(w, map[string]any{"early": true})
}
