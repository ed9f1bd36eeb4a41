// Package tun2server is the gateway end of tun2: it accepts agents over TLS/TCP, TLS/KCP
// or plain TCP and serves their domain over HTTP. The module that builds it decides which
// version of the original smux and kcp-go it runs on.
package tun2server

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"flag"
	"log"
	"net"
	"net/http"
	"strings"
	"time"

	"penstock.test/peers/internal/peer"
	"penstock.test/peers/internal/wire"
)

// ListenKCP listens with the kcp-go of the program.
type ListenKCP func(addr string) (net.Listener, error)

// Main is the whole program.
func Main(listenKCP ListenKCP) {
	listen := flag.String("listen", "", "TLS over TCP address for agents")
	onKCP := flag.String("listen-kcp", "", "TLS over KCP address for agents")
	listenPlain := flag.String("listen-plain", "", "plain TCP address for agents")
	front := flag.String("http", "127.0.0.1:0", "HTTP address for visitors")
	control := flag.String("control", "", "HTTP address of GET /backends and POST /kill")
	cert := flag.String("cert", "", "PEM file with the certificate chain")
	key := flag.String("key", "", "PEM file with the private key")
	maxTLS := flag.String("max-tls", "1.3", "newest TLS version: 1.2 or 1.3")
	domain := flag.String("domain", "hello.localhost", "the only route; Host must equal it byte for byte")
	routeUser := flag.String("route-user", "", "owner of the route; -user if empty")
	token := flag.String("token", "token", "the only token")
	user := flag.String("user", "user", "owner of the token")
	scopes := flag.String("scopes", "connect", "scopes of the token, comma separated")
	garbage := flag.Duration("garbage-after", 0, "write random bytes into each agent's session after this time")
	ctx := peer.Start(0)
	if *listen == "" && *onKCP == "" && *listenPlain == "" {
		peer.Usage("tun2-server needs -listen, -listen-kcp or -listen-plain")
	}
	if *routeUser == "" {
		routeUser = user
	}
	g := newGateway(store{
		domain: *domain, routeUser: *routeUser, token: *token, user: *user, scopes: strings.Split(*scopes, ","),
	}, *garbage)
	ports := map[string]string{}
	if *listenPlain != "" {
		ports["plain"] = accept(ctx, g, "plain", tcp(*listenPlain))
	}
	if *listen != "" {
		config := tlsConfig(*cert, *key, *maxTLS)
		ports["tls"] = accept(ctx, g, "tcp", tls.NewListener(tcp(*listen), config))
	}
	if *onKCP != "" {
		listener, err := listenKCP(*onKCP)
		if err != nil {
			peer.Fail(err)
		}
		ports["kcp"] = accept(ctx, g, "kcp", tls.NewListener(listener, tlsConfig(*cert, *key, *maxTLS)))
	}
	if *control != "" {
		ports["control"] = serveHTTP(*control, g.controls())
	}
	ports["http"] = serveHTTP(*front, g.front())
	ports["listening"] = ports["http"]
	peer.Print(ports)
	<-ctx.Done()
}

func tcp(addr string) net.Listener {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		peer.Fail(err)
	}
	return listener
}

func tlsConfig(cert, key, maxTLS string) *tls.Config {
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		peer.Fail(err)
	}
	version, err := wire.MaxTLS(maxTLS)
	if err != nil {
		peer.Fail(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, MaxVersion: version}
}

func accept(ctx context.Context, g *gateway, proto string, listener net.Listener) string {
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				log.Printf("accept %s: %v", proto, err)
				return
			}
			go g.serve(ctx, proto, conn)
		}
	}()
	return listener.Addr().String()
}

func serveHTTP(addr string, handler http.Handler) string {
	listener := tcp(addr)
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 30 * time.Second}
	go func() { log.Print(server.Serve(listener)) }()
	return listener.Addr().String()
}

// controls is what a test may ask the server for.
func (g *gateway) controls() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /backends", func(w http.ResponseWriter, _ *http.Request) {
		answer := []map[string]any{}
		for _, b := range g.all() {
			answer = append(answer, b.describe())
		}
		_ = json.NewEncoder(w).Encode(answer)
	})
	mux.HandleFunc("POST /kill", func(w http.ResponseWriter, _ *http.Request) {
		all := g.all()
		for _, b := range all {
			b.cancel("killed")
		}
		_ = json.NewEncoder(w).Encode(map[string]int{"killed": len(all)})
	})
	return mux
}
