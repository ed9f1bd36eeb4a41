// Command smux-peer is the newest original smux over plain TCP, in protocol version 1 or
// 2, in either role, either echoing the streams it accepts or opening streams and
// verifying their echo.
package main

import (
	"context"
	"flag"
	"io"
	"log"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/xtaci/smux"

	"penstock.test/peers/internal/peer"
)

var (
	version   = flag.Int("version", 1, "protocol version, 1 or 2")
	role      = flag.String("role", "", "smux role: client or server (client when dialling, else server)")
	listen    = flag.String("listen", "", "TCP address to listen on")
	dial      = flag.String("dial", "", "TCP address to dial")
	open      = flag.Int("open", 0, "open this many streams at once and verify their echo; 0 echoes instead")
	rounds    = flag.Int("rounds", 1, "how often to open -open streams, one set after the other")
	size      = flag.Int64("size", 1<<20, "bytes sent on each opened stream")
	chunk     = flag.Int("chunk", 64<<10, "largest single write")
	seed      = flag.Uint64("seed", 1, "seed of stream 0; stream i uses seed+i")
	halfClose = flag.Bool("half-close", false, "when the echo is complete, end the writing half and expect the end of the stream")
	unread    = flag.Int("unread", 0, "echo: never read the first N streams; open: N more streams that write and never read")
	garbage   = flag.Duration("garbage-after", 0, "write random bytes into the connection after this time")
	linger    = flag.Duration("linger", 0, "open: keep the session this long after the result")
	interval  = flag.Duration("keepalive-interval", 10*time.Second, "0 disables keep-alive")
	timeout   = flag.Duration("keepalive-timeout", 30*time.Second, "keep-alive timeout")
	maxFrame  = flag.Int("max-frame", 32768, "largest frame")
	receive   = flag.Int("receive-buffer", 4<<20, "session receive buffer")
	perStream = flag.Int("stream-buffer", 64<<10, "stream buffer, version 2")
)

func main() {
	ctx := peer.Start(1)
	if (*listen == "") == (*dial == "") || *chunk < 1 {
		peer.Usage("smux-peer needs exactly one of -listen and -dial")
	}
	if *role == "" {
		*role = "server"
		if *dial != "" {
			*role = "client"
		}
	}
	if *dial != "" {
		conn, err := net.Dial("tcp", *dial)
		if err != nil {
			peer.Fail(err)
		}
		peer.Print(map[string]any{"ready": true})
		serve(ctx, conn)
		return
	}
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		peer.Fail(err)
	}
	context.AfterFunc(ctx, func() { _ = listener.Close() })
	peer.Print(map[string]string{"listening": listener.Addr().String()})
	for ctx.Err() == nil {
		conn, err := listener.Accept()
		if err != nil {
			break
		}
		go serve(ctx, conn)
	}
	if *open > 0 {
		os.Exit(1)
	}
}

// serve runs one session; a session that opens streams ends the program with its result.
func serve(ctx context.Context, conn net.Conn) {
	shared := &sharedConn{Conn: conn}
	session, err := newSession(shared)
	if err != nil {
		peer.Fail(err)
	}
	context.AfterFunc(ctx, func() { _ = session.Close() })
	if *garbage > 0 {
		time.AfterFunc(*garbage, shared.writeGarbage)
	}
	if *open == 0 {
		echo(session)
		return
	}
	ok := openStreams(session)
	time.Sleep(*linger)
	_ = session.Close()
	if !ok {
		os.Exit(1)
	}
	os.Exit(0)
}

func newSession(conn io.ReadWriteCloser) (*smux.Session, error) {
	config := smux.DefaultConfig()
	config.Version = *version
	config.KeepAliveDisabled = *interval == 0
	if *interval > 0 {
		config.KeepAliveInterval = *interval
	}
	config.KeepAliveTimeout = *timeout
	config.MaxFrameSize = *maxFrame
	config.MaxReceiveBuffer = *receive
	config.MaxStreamBuffer = *perStream
	if *role == "server" {
		return smux.Server(conn, config)
	}
	return smux.Client(conn, config)
}

// echo returns every stream's bytes until its FIN, then closes it.
func echo(session *smux.Session) {
	var streams, bytes, ended atomic.Int64
	var workers sync.WaitGroup
	for {
		stream, err := session.AcceptStream()
		if err != nil {
			log.Print("accept: ", err)
			break
		}
		if streams.Add(1) <= int64(*unread) {
			continue
		}
		workers.Go(func() {
			defer stream.Close()
			n, err := io.CopyBuffer(struct{ io.Writer }{stream}, struct{ io.Reader }{stream}, make([]byte, *chunk))
			bytes.Add(n)
			if err != nil {
				log.Printf("stream %d: %v", stream.ID(), err)
				return
			}
			ended.Add(1)
		})
	}
	_ = session.Close()
	workers.Wait()
	peer.Print(map[string]any{"session": "ended", "streams": streams.Load(), "ended": ended.Load(), "bytes": bytes.Load()})
}

func openStreams(session *smux.Session) bool {
	for i := range *unread {
		stream, err := session.OpenStream()
		if err != nil {
			peer.Fail(err)
		}
		go func() {
			n, err := peer.NewSource(*seed+uint64(i), *size).WriteTo(stream)
			log.Printf("stream %d, never read: wrote %d bytes, %v", stream.ID(), n, err)
		}()
	}
	tally := peer.NewTally()
	for round := range *rounds {
		var set sync.WaitGroup
		for i := range *open {
			set.Add(1)
			tally.Go(*size, func() error {
				defer set.Done()
				stream, err := session.OpenStream()
				if err != nil {
					return err
				}
				defer stream.Close()
				return peer.Exchange(stream, *seed+uint64(round**open+i), *size, *chunk, *halfClose)
			})
		}
		set.Wait()
	}
	return tally.Print(map[string]any{"version": *version, "role": *role, "streams": *open * *rounds})
}
