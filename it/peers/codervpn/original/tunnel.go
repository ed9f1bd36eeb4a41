package main

import (
	"context"
	"fmt"
	"io"

	"cdr.dev/slog"

	"github.com/coder/coder/v2/vpn"

	"penstock.test/peers/codervpn/internal/steps"
)

// The tunnel of version 1.0, which moves no packets yet: it replies, and that is all.
type tunnel struct{ *vpn.Tunnel }

func open(ctx context.Context, conn io.ReadWriteCloser) (*tunnel, error) {
	t, err := vpn.NewTunnel(ctx, steps.Logger(), conn)
	return &tunnel{t}, err
}

// It tells nobody that it was started.
func (*tunnel) waitForStart(context.Context) {}

func (t *tunnel) do(ctx context.Context, step steps.Step) steps.Line {
	switch step.Name {
	case "settings":
		return settings(ctx, t.Tunnel, step.Argument)
	case "log", "long-log":
		message, err := text(step)
		if err != nil {
			return steps.Failed(err)
		}
		slog.Make(t.Tunnel).Named("peer").Warn(ctx, message, slog.F("n", 7))
		t.Sync()
		return steps.Line{}
	}
	return steps.Failed(fmt.Errorf("no such step"))
}
