// Package tun2client is the agent end of tun2: it connects to a gateway and proxies the
// streams that the gateway opens to a local app. The module that builds it decides which
// version of the original smux and kcp-go it runs on.
package tun2client

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"flag"
	"log"
	"net"
	"net/url"
	"os"
	"sync"
	"time"

	"penstock.test/peers/internal/peer"
	"penstock.test/peers/internal/wire"
)

// reconnectDelay is the pause of -reconnect; the original never reconnects.
const reconnectDelay = 250 * time.Millisecond

// dialsAtOnce bounds how many of -count agents connect at the same time.
const dialsAtOnce = 32

// DialKCP dials with the kcp-go of the program.
type DialKCP func(addr string) (net.Conn, error)

// Main is the whole program.
func Main(dialKCP DialKCP) {
	addr := flag.String("addr", "", "HOST:PORT of the gateway")
	proto := flag.String("proto", "tcp", "tcp (TLS over TCP), kcp (TLS over KCP) or plain (TCP)")
	token := flag.String("token", "token", "token")
	domain := flag.String("domain", "hello.localhost", "domain to serve")
	backend := flag.String("backend", "", "URL of the local app")
	ca := flag.String("ca", "", "PEM file of the CAs to trust instead of the system's")
	serverName := flag.String("server-name", "", "name in the certificate (tcp only; kcp always takes the host of -addr)")
	maxTLS := flag.String("max-tls", "1.3", "newest TLS version: 1.2 or 1.3")
	idle := flag.Int("app-idle-conns", 2, "idle keep-alive connections to the app; 2 is what the original has")
	count := flag.Int("count", 1, "agents in this process, each with its own connection")
	reconnect := flag.Bool("reconnect", false, "connect again when a connection ends")
	garbage := flag.Duration("garbage-after", 0, "write random bytes into the session after this time")
	authDelay := flag.Duration("auth-delay", 10*time.Millisecond, "pause before the token is sent; the original has none")
	ctx := peer.Start(0)
	target, err := url.Parse(*backend)
	if *addr == "" || err != nil || target.Host == "" || *count < 1 || *idle < 1 {
		peer.Usage("tun2-client needs -addr, -backend URL, and -count and -app-idle-conns of at least 1")
	}
	a := &agent{
		addr: *addr, proto: *proto, dialKCP: dialKCP,
		auth: wire.Auth{Token: *token, Domain: *domain},
		tls:  tlsConfig(*ca, *serverName, *maxTLS), proxy: appProxy(target, *idle), garbage: *garbage, authDelay: *authDelay,
	}
	run(ctx, a, *count, *reconnect)
}

func run(ctx context.Context, a *agent, count int, reconnect bool) {
	var agents, waiting sync.WaitGroup
	waiting.Add(count)
	slots := make(chan struct{}, dialsAtOnce)
	for i := range count {
		agents.Go(func() {
			first := sync.OnceFunc(waiting.Done)
			defer first()
			for {
				slots <- struct{}{}
				free := sync.OnceFunc(func() { <-slots })
				err := a.connect(ctx, func() {
					free()
					first()
					peer.Print(map[string]any{"event": "connected", "agent": i})
				})
				free()
				if ctx.Err() != nil {
					return
				}
				log.Printf("agent %d: %v", i, err)
				peer.Print(map[string]any{"event": "ended", "agent": i, "error": err.Error()})
				if !reconnect {
					return
				}
				time.Sleep(reconnectDelay)
			}
		})
	}
	go func() {
		waiting.Wait()
		peer.Print(map[string]any{"ready": true, "agents": count})
	}()
	agents.Wait()
	if ctx.Err() == nil {
		os.Exit(1)
	}
}

func tlsConfig(ca, serverName, maxTLS string) *tls.Config {
	version, err := wire.MaxTLS(maxTLS)
	if err != nil {
		peer.Fail(err)
	}
	config := &tls.Config{ServerName: serverName, MaxVersion: version}
	if ca != "" {
		pem, err := os.ReadFile(ca)
		if err != nil {
			peer.Fail(err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			peer.Usage("-ca %s holds no PEM certificate", ca)
		}
	}
	return config
}
