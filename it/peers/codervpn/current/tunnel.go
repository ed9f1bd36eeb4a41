package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"strconv"
	"time"

	"cdr.dev/slog"
	"tailscale.com/net/dns"
	"tailscale.com/util/dnsname"
	"tailscale.com/wgengine/router"

	"github.com/coder/coder/v2/vpn"

	"penstock.test/peers/codervpn/internal/peer"
	"penstock.test/peers/codervpn/internal/steps"
)

var (
	holdStart = flag.Duration("hold-start", 0, "how long a start takes")
	asks      = flag.Bool("settings", false, "ask for network settings while it starts")
)

// The tunnel of version 1.2, over a network of which nothing exists but its peers.
type tunnel struct {
	*vpn.Tunnel
	opened  chan struct{}
	started chan struct{}
	logger  slog.Logger
	network *network
}

func open(ctx context.Context, conn io.ReadWriteCloser) (*tunnel, error) {
	t := &tunnel{opened: make(chan struct{}), started: make(chan struct{}), network: newNetwork()}
	var err error
	t.Tunnel, err = vpn.NewTunnel(ctx, steps.Logger(), conn, t, vpn.UseAsLogger())
	close(t.opened)
	return t, err
}

// NewConn is what a start does.
func (t *tunnel) NewConn(ctx context.Context, server *url.URL, token string, options *vpn.Options) (vpn.Conn, error) {
	<-t.opened
	peer.Print(steps.Line{"event": "start", "url": server.String(), "token": token, "headers": options.Headers})
	select {
	case <-time.After(*holdStart):
	case <-ctx.Done():
	}
	if *asks {
		if err := t.ask(); err != nil {
			return nil, err
		}
	}
	select {
	case <-t.started:
	default:
		t.logger = options.Logger
		close(t.started)
	}
	return t.network, nil
}

// Asks as the original does on systems where the manager sets up the network.
func (t *tunnel) ask() error {
	err := vpn.NewRouter(t.Tunnel).Set(&router.Config{
		LocalAddrs: []netip.Prefix{netip.MustParsePrefix("100.64.0.1/10"), netip.MustParsePrefix("fd60::1/48")},
		Routes:     []netip.Prefix{netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("fd60::/48")},
		LocalRoutes: []netip.Prefix{
			netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("2001:db8::/32")},
		NewMTU: 1280,
	})
	if err != nil {
		return err
	}
	return vpn.NewDNSConfigurator(t.Tunnel).SetDNS(dns.OSConfig{
		Nameservers:  []netip.Addr{netip.MustParseAddr("fd60::53")},
		MatchDomains: []dnsname.FQDN{"coder."},
	})
}

func (t *tunnel) waitForStart(ctx context.Context) {
	select {
	case <-t.started:
	case <-ctx.Done():
	}
}

func (t *tunnel) do(ctx context.Context, step steps.Step) steps.Line {
	switch step.Name {
	case "settings":
		return settings(ctx, t.Tunnel, step.Argument)
	case "log", "long-log":
		message, err := text(step)
		if err != nil {
			return steps.Failed(err)
		}
		t.logger.Named("peer").Warn(ctx, message, slog.F("n", 7))
		return steps.Line{}
	case "add", "remove":
		n, err := strconv.ParseUint(step.Argument, 10, 8)
		if err == nil {
			err = t.Update(t.network.change(step.Name == "add", byte(n)))
		}
		if err != nil {
			return steps.Failed(err)
		}
		return steps.Line{}
	}
	return steps.Failed(fmt.Errorf("no such step"))
}
