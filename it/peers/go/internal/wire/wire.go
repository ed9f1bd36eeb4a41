// Package wire holds what the two ends of a tun2 connection share: the authentication
// object, TLS versions, and a connection into which garbage can be written.
package wire

import (
	"crypto/tls"
	"fmt"
	"log"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"penstock.test/peers/internal/peer"
)

// Auth is the one JSON object that an agent writes to the control stream.
type Auth struct {
	Token  string `json:"token"`
	Domain string `json:"domain"`
}

// MaxTLS maps the value of a -max-tls flag.
func MaxTLS(text string) (uint16, error) {
	switch text {
	case "1.2":
		return tls.VersionTLS12, nil
	case "1.3":
		return tls.VersionTLS13, nil
	default:
		return 0, fmt.Errorf("-max-tls %s: allowed are 1.2 and 1.3", text)
	}
}

// garbageBytes is how many random bytes go into a connection.
const garbageBytes = 4096

// garbledConn puts garbage between two writes of the session above it.
type garbledConn struct {
	net.Conn
	writing sync.Mutex
}

// WithGarbage returns a connection into which random bytes are written after the given
// time, above TLS; a time of 0 returns the connection itself.
func WithGarbage(conn net.Conn, after time.Duration) net.Conn {
	if after == 0 {
		return conn
	}
	garbled := &garbledConn{Conn: conn}
	time.AfterFunc(after, garbled.spoil)
	return garbled
}

func (c *garbledConn) Write(p []byte) (int, error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	return c.Conn.Write(p)
}

func (c *garbledConn) spoil() {
	random := rand.New(rand.NewPCG(1, 1))
	bytes := make([]byte, garbageBytes)
	for i := range bytes {
		bytes[i] = byte(random.Uint32())
	}
	n, err := c.Write(bytes)
	log.Printf("wrote %d bytes of garbage, %v", n, err)
	peer.Print(map[string]any{"event": "garbage", "bytes": n})
}
