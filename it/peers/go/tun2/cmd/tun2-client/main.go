// Command tun2-client is the agent end of tun2 on the smux and kcp-go that tun2 was last built with.
package main

import (
	"github.com/xtaci/kcp-go"

	"penstock.test/peers/internal/tun2client"
)

func main() { tun2client.Main(kcp.Dial) }
