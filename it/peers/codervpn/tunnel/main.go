// The original's tunnel, for one manager of the tests.
package main

import (
	"context"
	"flag"
	"net"
	"strconv"
	"strings"

	"github.com/coder/coder/v2/vpn"

	"penstock.test/peers/codervpn/internal/peer"
	"penstock.test/peers/codervpn/internal/steps"
)

var (
	dial   = flag.String("dial", "", "the Unix socket of the manager")
	listen = flag.String("listen", "", "a Unix socket on which to await the manager")
	judge  = flag.String("judge", "", "a Unix socket on which to judge the header of each connection")
)

func main() {
	ctx := peer.Start(0)
	if *judge != "" {
		peer.Fail(judgeHeaders(ctx))
	}
	conn, err := connect()
	if err != nil {
		peer.Fail(err)
	}
	tunnel, err := open(ctx, watched{conn})
	if err != nil {
		peer.Fail(err)
	}
	peer.Print(steps.Line{"event": "opened"})
	tunnel.waitForStart(ctx)
	steps.Run(ctx, flag.Args(), tunnel.do)
	<-ctx.Done()
}

func connect() (net.Conn, error) {
	if *listen == "" {
		return net.Dial("unix", *dial)
	}
	listener, err := net.Listen("unix", *listen)
	if err != nil {
		return nil, err
	}
	defer listener.Close()
	peer.Print(steps.Line{"listening": *listen})
	return listener.Accept()
}

// Says of each connection whether the original takes its header, until that fails.
func judgeHeaders(ctx context.Context) error {
	listener, err := net.Listen("unix", *judge)
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, func() { _ = listener.Close() })
	peer.Print(steps.Line{"listening": *judge})
	for {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		text := ""
		if _, err := open(ctx, conn); err != nil {
			text = err.Error()
		}
		peer.Print(steps.Line{"taken": text == "", "reason": text})
		_ = conn.Close()
	}
}

// What a log step says: a text, or so many bytes.
func text(step steps.Step) (string, error) {
	if step.Name == "log" {
		return step.Argument, nil
	}
	bytes, err := strconv.Atoi(step.Argument)
	return strings.Repeat("x", max(bytes, 0)), err
}

// Asks the manager for network settings of which it knows the MTU alone.
func settings(ctx context.Context, tunnel *vpn.Tunnel, argument string) steps.Line {
	mtu, err := strconv.ParseUint(argument, 10, 32)
	if err == nil {
		err = tunnel.ApplyNetworkSettings(ctx, &vpn.NetworkSettingsRequest{Mtu: uint32(mtu)})
	}
	if err != nil {
		return steps.Failed(err)
	}
	return steps.Line{}
}

// A connection that says when the original closes it.
type watched struct{ net.Conn }

func (w watched) Close() error {
	peer.Print(steps.Line{"event": "closed"})
	return w.Conn.Close()
}
