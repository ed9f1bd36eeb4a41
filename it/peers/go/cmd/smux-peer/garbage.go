package main

import (
	"log"
	"math/rand/v2"
	"net"
	"sync"

	"penstock.test/peers/internal/peer"
)

// garbageBytes is how many random bytes go into the connection.
const garbageBytes = 4096

// sharedConn lets garbage be written between two writes of the session.
type sharedConn struct {
	net.Conn
	writing sync.Mutex
}

func (c *sharedConn) Write(p []byte) (int, error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	return c.Conn.Write(p)
}

func (c *sharedConn) writeGarbage() {
	random := rand.New(rand.NewPCG(*seed, 0))
	bytes := make([]byte, garbageBytes)
	for i := range bytes {
		bytes[i] = byte(random.Uint32())
	}
	n, err := c.Write(bytes)
	log.Printf("wrote %d bytes of garbage, %v", n, err)
	peer.Print(map[string]any{"garbage": n})
}
