// Command app is the local HTTP app behind a tunnel: deterministic downloads, checksums
// of uploads, delays, streams, upgrades and a few ways to misbehave.
package main

import (
	"context"
	"flag"
	"log"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"penstock.test/peers/internal/peer"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "address to listen on")
	ctx := peer.Start(0)
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		peer.Fail(err)
	}
	server := &http.Server{Handler: routes(), ReadHeaderTimeout: 30 * time.Second}
	go func() {
		<-ctx.Done()
		_ = server.Close()
	}()
	peer.Print(map[string]string{"listening": listener.Addr().String()})
	log.Print(server.Serve(listener))
}

func routes() http.Handler {
	var counts tally
	counted := http.NewServeMux()
	counted.HandleFunc("GET /bytes", sendBytes)
	counted.HandleFunc("POST /sum", sumBody)
	counted.HandleFunc("/upload", sinkBody)
	counted.HandleFunc("/slow", slow)
	counted.HandleFunc("/echo", describeRequest)
	counted.HandleFunc("GET /sse", events)
	counted.HandleFunc("GET /ws", webSocketEcho)
	counted.HandleFunc("GET /upgrade", upgradeEcho)
	counted.HandleFunc("/status/{code}", status)
	counted.HandleFunc("GET /early", earlyHints)
	counted.HandleFunc("GET /close", closeDelimited)
	counted.HandleFunc("GET /cut", cutShort)

	mux := http.NewServeMux()
	mux.Handle("/", counts.around(counted))
	mux.HandleFunc("GET /1k", oneKibibyte())
	mux.HandleFunc("GET /stats", counts.show)
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	return mux
}

// tally counts requests, so that a test can see from outside what reached the app.
type tally struct{ requests, active, cancelled atomic.Int64 }

func (t *tally) around(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t.requests.Add(1)
		t.active.Add(1)
		stop := context.AfterFunc(r.Context(), func() { t.cancelled.Add(1) })
		defer func() {
			stop()
			t.active.Add(-1)
		}()
		next.ServeHTTP(w, r)
	})
}

// show serves GET /stats; /1k, /stats and /health are not counted.
func (t *tally) show(w http.ResponseWriter, _ *http.Request) {
	answerJSON(w, map[string]int64{
		"requests": t.requests.Load(), "active": t.active.Load(), "cancelled": t.cancelled.Load(),
	})
}
