// wireguard-go with its configuration from a file, for the benchmark.
package main

import (
	"flag"
	"os"

	"golang.zx2c4.com/wireguard/conn"
	"golang.zx2c4.com/wireguard/device"
	"golang.zx2c4.com/wireguard/tun"

	"penstock.test/peers/wireguard/internal/peer"
)

var (
	name   = flag.String("name", "", "the interface to make")
	mtu    = flag.Int("mtu", device.DefaultMTU, "its MTU in bytes")
	config = flag.String("config", "", "a file with the lines of wireguard-go's set operation")
)

func main() {
	ctx := peer.Start(0)
	if *name == "" || *config == "" {
		peer.Usage("-name and -config are needed")
	}
	lines, err := os.Open(*config)
	if err != nil {
		peer.Fail(err)
	}
	defer lines.Close()
	// From here on what main of the original does.
	link, err := tun.CreateTUN(*name, *mtu)
	if err != nil {
		peer.Fail(err)
	}
	wireguard := device.NewDevice(link, conn.NewDefaultBind(), device.NewLogger(device.LogLevelError, ""))
	if err := wireguard.IpcSetOperation(lines); err != nil {
		peer.Fail(err)
	}
	peer.Print(map[string]string{"interface": *name})
	select {
	case <-ctx.Done():
	case <-wireguard.Wait():
	}
	wireguard.Close()
}
