package main

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"github.com/google/uuid"
	"tailscale.com/ipn/ipnstate"
	"tailscale.com/tailcfg"
	"tailscale.com/util/dnsname"

	"github.com/coder/coder/v2/tailnet"
	"github.com/coder/coder/v2/tailnet/proto"

	"penstock.test/peers/codervpn/internal/peer"
	"penstock.test/peers/codervpn/internal/steps"
)

const homeRegion = 999

// What the tunnel knows of its peers: workspace N with agent N.
type network struct {
	lock       sync.Mutex
	workspaces map[byte]*tailnet.Workspace
	agents     map[byte]*tailnet.Agent
}

func newNetwork() *network {
	return &network{workspaces: map[byte]*tailnet.Workspace{}, agents: map[byte]*tailnet.Agent{}}
}

// Adds or removes a workspace and says what has changed.
func (n *network) change(add bool, number byte) tailnet.WorkspaceUpdate {
	workspace := &tailnet.Workspace{
		ID: uuid.UUID{15: number}, Name: fmt.Sprintf("w%d", number), Status: proto.Workspace_RUNNING}
	address := netip.AddrFrom16([16]byte{0: 0xfd, 1: 0x60, 15: number})
	agent := &tailnet.Agent{
		ID: uuid.UUID{0: 0xa, 15: number}, Name: fmt.Sprintf("a%d", number), WorkspaceID: workspace.ID,
		Hosts: map[dnsname.FQDN][]netip.Addr{
			dnsname.FQDN(fmt.Sprintf("a%d.w%d.me.coder.", number, number)): {address},
			dnsname.FQDN(fmt.Sprintf("w%d.coder.", number)):                {address},
		},
	}
	n.lock.Lock()
	defer n.lock.Unlock()
	if add {
		n.workspaces[number], n.agents[number] = workspace, agent
		return tailnet.WorkspaceUpdate{
			UpsertedWorkspaces: []*tailnet.Workspace{workspace}, UpsertedAgents: []*tailnet.Agent{agent}}
	}
	delete(n.workspaces, number)
	delete(n.agents, number)
	return tailnet.WorkspaceUpdate{
		DeletedWorkspaces: []*tailnet.Workspace{workspace}, DeletedAgents: []*tailnet.Agent{agent}}
}

func (n *network) CurrentWorkspaceState() (tailnet.WorkspaceUpdate, error) {
	n.lock.Lock()
	defer n.lock.Unlock()
	state := tailnet.WorkspaceUpdate{Kind: tailnet.Snapshot}
	for _, workspace := range n.workspaces {
		state.UpsertedWorkspaces = append(state.UpsertedWorkspaces, workspace)
	}
	for _, agent := range n.agents {
		state.UpsertedAgents = append(state.UpsertedAgents, agent)
	}
	return state, nil
}

func (*network) GetPeerDiagnostics(uuid.UUID) tailnet.PeerDiagnostics {
	return tailnet.PeerDiagnostics{LastWireguardHandshake: time.Unix(1700000000, 0)}
}

func (*network) Ping(context.Context, uuid.UUID) (time.Duration, bool, *ipnstate.PingResult, error) {
	return 7 * time.Millisecond, true, &ipnstate.PingResult{DERPRegionID: homeRegion}, nil
}

func (*network) Node() *tailnet.Node {
	return &tailnet.Node{
		PreferredDERP: homeRegion, DERPLatency: map[string]float64{fmt.Sprintf("%d-v4", homeRegion): 0.02}}
}

func (*network) DERPMap() *tailcfg.DERPMap {
	return &tailcfg.DERPMap{Regions: map[int]*tailcfg.DERPRegion{
		homeRegion: {RegionID: homeRegion, RegionName: "Home"}}}
}

func (*network) Close() error {
	peer.Print(steps.Line{"event": "stop"})
	return nil
}
