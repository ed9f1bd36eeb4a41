// Command tun2-server-newest is the gateway end of tun2 on the newest smux and kcp-go.
package main

import (
	"github.com/xtaci/kcp-go/v5"

	"penstock.test/peers/internal/tun2server"
)

func main() { tun2server.Main(kcp.Listen) }
