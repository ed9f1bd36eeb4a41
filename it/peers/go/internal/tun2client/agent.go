package tun2client

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"

	"github.com/xtaci/smux"

	"penstock.test/peers/internal/wire"
)

// agent is what every connection of this process has in common.
type agent struct {
	addr, proto string
	dialKCP     DialKCP
	auth        wire.Auth
	tls         *tls.Config
	proxy       http.Handler
	garbage     time.Duration
	authDelay   time.Duration
}

// appProxy passes requests to the app on Go's default transport, as the original does.
func appProxy(target *url.URL, idle int) http.Handler {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = idle
	transport.MaxIdleConns = max(transport.MaxIdleConns, idle)
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.Transport = transport
	return proxy
}

// connect serves one connection until it ends; authenticated is called once the agent
// has said who it is. The gateway never confirms.
func (a *agent) connect(ctx context.Context, authenticated func()) error {
	dialled, err := a.dial()
	if err != nil {
		return err
	}
	conn := wire.WithGarbage(dialled, a.garbage)
	session, err := smux.Client(conn, smux.DefaultConfig())
	if err != nil {
		return err
	}
	defer conn.Close()
	defer session.Close()
	stop := context.AfterFunc(ctx, func() { _ = session.Close() })
	defer stop()
	control, err := session.AcceptStream()
	if err != nil {
		return fmt.Errorf("control stream: %w", err)
	}
	defer control.Close()
	object, err := json.Marshal(a.auth)
	if err != nil {
		return err
	}
	// smux sends SYN before it registers the stream: an answer that comes within
	// microseconds is dropped by the server's end, which then waits for ever.
	time.Sleep(a.authDelay)
	if _, err := control.Write(object); err != nil {
		return fmt.Errorf("authentication: %w", err)
	}
	authenticated()
	server := &http.Server{Handler: a.proxy}
	defer server.Close()
	return server.Serve(streams{session})
}

func (a *agent) dial() (net.Conn, error) {
	switch a.proto {
	case "tcp":
		return tls.Dial("tcp", a.addr, a.tls)
	case "plain":
		return net.Dial("tcp", a.addr)
	case "kcp":
		host, _, err := net.SplitHostPort(a.addr)
		if err != nil {
			return nil, err
		}
		conn, err := a.dialKCP(a.addr)
		if err != nil {
			return nil, err
		}
		config := a.tls.Clone()
		config.ServerName = host
		return tls.Client(conn, config), nil
	default:
		return nil, fmt.Errorf("-proto %s: allowed are tcp, kcp and plain", a.proto)
	}
}

// streams is the session as a listener.
type streams struct{ session *smux.Session }

func (s streams) Accept() (net.Conn, error) { return s.session.AcceptStream() }
func (s streams) Close() error              { return s.session.Close() }
func (s streams) Addr() net.Addr            { return s.session.LocalAddr() }
