// Command tun2-server is the gateway end of tun2 on the smux and kcp-go that tun2 was last built with.
package main

import (
	"github.com/xtaci/kcp-go"

	"penstock.test/peers/internal/tun2server"
)

func main() { tun2server.Main(kcp.Listen) }
