package tun2server

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httputil"
	"slices"
	"sync"
	"time"

	"github.com/xtaci/smux"

	"penstock.test/peers/internal/peer"
	"penstock.test/peers/internal/wire"
)

const (
	serverKeepAliveInterval = time.Second
	serverKeepAliveTimeout  = 15 * time.Second
	pingInterval            = 5 * time.Second
)

// store is one route and one token.
type store struct {
	domain, routeUser, token, user string
	scopes                         []string
}

// check runs the checks in the order of the protocol; it returns the one that failed.
func (s store) check(auth wire.Auth) (failed string) {
	switch {
	case auth.Domain != s.domain:
		return "route"
	case auth.Token != s.token:
		return "token"
	case !slices.Contains(s.scopes, "connect"):
		return "scope"
	case s.routeUser != s.user:
		return "owner"
	default:
		return ""
	}
}

// gateway keeps the agents that passed the checks.
type gateway struct {
	store   store
	garbage time.Duration

	lock     sync.RWMutex
	backends []*backend
	made     int
}

func newGateway(s store, garbage time.Duration) *gateway { return &gateway{store: s, garbage: garbage} }

// serve is the whole life of one agent connection.
func (g *gateway) serve(parent context.Context, proto string, accepted net.Conn) {
	conn := wire.WithGarbage(accepted, g.garbage)
	config := smux.DefaultConfig()
	config.KeepAliveInterval, config.KeepAliveTimeout = serverKeepAliveInterval, serverKeepAliveTimeout
	session, err := smux.Server(conn, config)
	if err != nil {
		log.Print("smux: ", err)
		return
	}
	defer session.Close()
	control, err := session.OpenStream()
	if err != nil {
		log.Print("control stream: ", err)
		return
	}
	defer control.Close()
	auth, err := g.authenticate(control)
	if err != nil {
		peer.Print(map[string]any{"event": "refused", "proto": proto, "domain": auth.Domain, "check": err.Error()})
		return
	}
	ctx, cancel := context.WithCancelCause(parent)
	b := &backend{proto: proto, conn: conn, session: session, domain: auth.Domain, stop: cancel}
	g.add(b)
	peer.Print(b.event("connected"))
	b.pingUntilDone(ctx)
	g.remove(b)
	gone := b.event("disconnected")
	gone["reason"] = context.Cause(ctx).Error()
	peer.Print(gone)
}

// authenticate has, like the original, no limit of time or size.
func (g *gateway) authenticate(control io.Reader) (auth wire.Auth, err error) {
	if err := json.NewDecoder(control).Decode(&auth); err != nil {
		return auth, err
	}
	if failed := g.store.check(auth); failed != "" {
		return auth, errors.New(failed)
	}
	return auth, nil
}

func (g *gateway) add(b *backend) {
	g.lock.Lock()
	defer g.lock.Unlock()
	g.made++
	b.id = g.made
	b.usable.Store(true)
	g.backends = append(slices.Clone(g.backends), b)
}

func (g *gateway) remove(gone *backend) {
	g.lock.Lock()
	defer g.lock.Unlock()
	g.backends = slices.DeleteFunc(slices.Clone(g.backends), func(b *backend) bool { return b == gone })
}

func (g *gateway) all() []*backend {
	g.lock.RLock()
	defer g.lock.RUnlock()
	return g.backends
}

var errNoBackend = errors.New("no backend connected")

// RoundTrip picks a usable agent of exactly the request's Host at random. An error drops
// that agent, as the original does.
func (g *gateway) RoundTrip(r *http.Request) (*http.Response, error) {
	var usable []*backend
	if r.Host == g.store.domain {
		for _, b := range g.all() {
			if b.usable.Load() {
				usable = append(usable, b)
			}
		}
	}
	if len(usable) == 0 {
		return nil, errNoBackend
	}
	b := usable[rand.IntN(len(usable))]
	response, err := b.roundTrip(r)
	if err != nil {
		b.cancel(err.Error())
		return nil, err
	}
	return response, nil
}

// front serves visitors: each request is one RoundTrip, its Host unchanged.
func (g *gateway) front() http.Handler {
	return &httputil.ReverseProxy{
		Transport:  g,
		BufferPool: newBuffers(),
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = "http", r.In.Host, r.In.Host
			r.SetXForwarded()
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			log.Printf("%s %s: %v", r.Method, r.URL.Path, err)
			http.Error(w, err.Error(), http.StatusBadGateway)
		},
	}
}

// buffers is the copy buffers of the front.
type buffers struct{ pool sync.Pool }

func newBuffers() *buffers {
	return &buffers{sync.Pool{New: func() any { return new([32 << 10]byte) }}}
}

func (b *buffers) Get() []byte       { return b.pool.Get().(*[32 << 10]byte)[:] }
func (b *buffers) Put(buffer []byte) { b.pool.Put((*[32 << 10]byte)(buffer)) }
