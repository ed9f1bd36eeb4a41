// A manager on the original's own speaker, for one tunnel of the tests.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/coder/coder/v2/vpn"

	"penstock.test/peers/codervpn/internal/peer"
	"penstock.test/peers/codervpn/internal/steps"
)

var (
	dial   = flag.String("dial", "", "the Unix socket of the tunnel")
	refuse = flag.String("refuse", "", "refuse network settings with this text")
	late   = flag.Uint64("late", 0, "reply to the settings with this MTU only when others have been replied to")
)

func main() {
	ctx := peer.Start(0)
	conn, err := net.Dial("unix", *dial)
	if err != nil {
		peer.Fail(err)
	}
	end, err := vpn.NewManagerEnd(ctx, steps.Logger(), conn)
	if err != nil {
		peer.Fail(err)
	}
	peer.Print(steps.Line{"event": "opened"})
	manager := &manager{end: end, ended: make(chan struct{})}
	go manager.serve()
	steps.Run(ctx, flag.Args(), manager.do)
	<-ctx.Done()
}

type manager struct {
	end   *vpn.ManagerEnd
	ended chan struct{}
	told  atomic.Int64
}

func (m *manager) serve() {
	defer close(m.ended)
	var waiting []func(*vpn.ManagerMessage) error
	m.end.Serve(func(message *vpn.TunnelMessage, reply func(*vpn.ManagerMessage) error) {
		peer.Print(steps.Line{"event": "told", "message": plain(message)})
		m.told.Add(1)
		settings := message.GetNetworkSettings()
		if settings == nil {
			return
		}
		if *late != 0 && uint64(settings.Mtu) == *late {
			waiting = append(waiting, reply)
			return
		}
		answer(reply)
		for _, each := range waiting {
			answer(each)
		}
		waiting = nil
	})
}

func answer(reply func(*vpn.ManagerMessage) error) {
	err := reply(&vpn.ManagerMessage{Msg: &vpn.ManagerMessage_NetworkSettings{
		NetworkSettings: &vpn.NetworkSettingsResponse{Success: *refuse == "", ErrorMessage: *refuse},
	}})
	if err != nil {
		log.Print(err)
	}
}

func (m *manager) do(ctx context.Context, step steps.Step) steps.Line {
	switch step.Name {
	case "start":
		url, token, _ := strings.Cut(step.Argument, ",")
		return m.call(ctx, &vpn.ManagerMessage{Msg: &vpn.ManagerMessage_Start{
			Start: &vpn.StartRequest{TunnelFileDescriptor: 3, CoderUrl: url, ApiToken: token}}})
	case "stop":
		return m.call(ctx, &vpn.ManagerMessage{Msg: &vpn.ManagerMessage_Stop{Stop: &vpn.StopRequest{}}})
	case "peers":
		return m.call(ctx, getPeers())
	case "nothing":
		return m.call(ctx, &vpn.ManagerMessage{})
	case "calls":
		return m.calls(ctx, step.Argument)
	case "close":
		if err := m.end.Close(); err != nil {
			return steps.Failed(err)
		}
		return steps.Line{}
	case "told":
		return m.waitUntilTold(ctx, step.Argument)
	case "ended":
		select {
		case <-m.ended:
			return steps.Line{}
		case <-ctx.Done():
			return steps.Failed(ctx.Err())
		}
	}
	return steps.Failed(fmt.Errorf("no such step"))
}

// Waits until the tunnel has asked and said so many things.
func (m *manager) waitUntilTold(ctx context.Context, count string) steps.Line {
	n, err := strconv.ParseInt(count, 10, 64)
	for ; err == nil && m.told.Load() < n; err = ctx.Err() {
		time.Sleep(time.Millisecond)
	}
	if err != nil {
		return steps.Failed(err)
	}
	return steps.Line{}
}

func (m *manager) call(ctx context.Context, request *vpn.ManagerMessage) steps.Line {
	reply, err := m.end.Call(ctx, request)
	if err != nil {
		return steps.Failed(err)
	}
	return steps.Line{"reply": plain(reply)}
}

// Asks for the peers so many times, one after the other, and says how long that took.
func (m *manager) calls(ctx context.Context, count string) steps.Line {
	n, err := strconv.Atoi(count)
	if err != nil || n < 1 {
		return steps.Failed(fmt.Errorf("calls=%s: not a number of calls", count))
	}
	times := make([]time.Duration, n)
	for i := range times {
		began := time.Now()
		if _, err := m.end.Call(ctx, getPeers()); err != nil {
			return steps.Failed(err)
		}
		times[i] = time.Since(began)
	}
	slices.Sort(times)
	micros := func(percent int) float64 { return float64(times[(n-1)*percent/100].Nanoseconds()) / 1e3 }
	return steps.Line{"calls": n, "p50_us": micros(50), "p99_us": micros(99)}
}

func getPeers() *vpn.ManagerMessage {
	return &vpn.ManagerMessage{Msg: &vpn.ManagerMessage_GetPeerUpdate{GetPeerUpdate: &vpn.GetPeerUpdate{}}}
}

func plain(message proto.Message) json.RawMessage {
	text, err := protojson.Marshal(message)
	if err != nil {
		peer.Fail(err)
	}
	return text
}
