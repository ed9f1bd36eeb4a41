// Command tun2-client-newest is the agent end of tun2 on the newest smux and kcp-go.
package main

import (
	"github.com/xtaci/kcp-go/v5"

	"penstock.test/peers/internal/tun2client"
)

func main() { tun2client.Main(kcp.Dial) }
