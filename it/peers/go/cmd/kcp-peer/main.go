// Command kcp-peer is the newest original kcp-go over UDP, raw: no FEC and no encryption.
// It echoes what it receives, or sends bytes and verifies their echo.
package main

import (
	"context"
	"flag"
	"io"
	"log"
	"os"
	"time"

	"github.com/xtaci/kcp-go/v5"

	"penstock.test/peers/internal/peer"
)

var (
	listen     = flag.String("listen", "", "UDP address to listen on")
	dial       = flag.String("dial", "", "UDP address to dial")
	open       = flag.Int("open", 0, "send-verify sessions: how many to dial at once (default 1 with -dial, with -listen the number to accept); 0 echoes with -listen")
	size       = flag.Int64("size", 1<<20, "bytes sent on each session")
	chunk      = flag.Int("chunk", 16<<10, "largest single write")
	seed       = flag.Uint64("seed", 1, "seed of session 0; session i uses seed+i")
	echoDialed = flag.Bool("echo", false, "with -dial: send one byte to be noticed, then echo")
	linger     = flag.Duration("linger", 500*time.Millisecond, "keep the session this long after the result, so that the last acknowledgements go out")
	noDelay    = flag.Int("nodelay", 0, "KCP nodelay")
	interval   = flag.Int("interval", 100, "KCP update interval in ms")
	resend     = flag.Int("resend", 0, "KCP fast resend")
	nc         = flag.Int("nc", 0, "1 turns congestion control off")
	sndWnd     = flag.Int("sndwnd", 32, "send window in segments")
	rcvWnd     = flag.Int("rcvwnd", 32, "receive window in segments")
	mtu        = flag.Int("mtu", 1400, "largest UDP payload")
	stream     = flag.Bool("stream", false, "stream mode: fill segments up")
	ackNoDelay = flag.Bool("acknodelay", false, "acknowledge at once")
	writeDelay = flag.Bool("writedelay", false, "send on the next update only")
)

func main() {
	ctx := peer.Start(1)
	if (*listen == "") == (*dial == "") || *chunk < 1 {
		peer.Usage("kcp-peer needs exactly one of -listen and -dial")
	}
	if *dial != "" {
		dialled(ctx)
		return
	}
	listener, err := kcp.ListenWithOptions(*listen, nil, 0, 0)
	if err != nil {
		peer.Fail(err)
	}
	_ = listener.SetReadBuffer(4 << 20)
	_ = listener.SetWriteBuffer(4 << 20)
	context.AfterFunc(ctx, func() { _ = listener.Close() })
	peer.Print(map[string]string{"listening": listener.Addr().String()})
	tally := peer.NewTally()
	for i := 0; *open == 0 || i < *open; i++ {
		session, err := listener.AcceptKCP()
		if err != nil {
			log.Print("accept: ", err)
			if *open > 0 {
				os.Exit(1)
			}
			return
		}
		tune(ctx, session)
		if *open == 0 {
			go echo(session)
		} else {
			tally.Go(*size, func() error { return verifyAccepted(session, i) })
		}
	}
	finish(tally)
}

func tune(ctx context.Context, session *kcp.UDPSession) {
	session.SetNoDelay(*noDelay, *interval, *resend, *nc)
	session.SetWindowSize(*sndWnd, *rcvWnd)
	if !session.SetMtu(*mtu) {
		peer.Usage("kcp-go does not accept -mtu %d", *mtu)
	}
	session.SetStreamMode(*stream)
	session.SetACKNoDelay(*ackNoDelay)
	session.SetWriteDelay(*writeDelay)
	context.AfterFunc(ctx, func() { _ = session.Close() })
}

func echo(session *kcp.UDPSession) {
	log.Printf("session %08x from %v", session.GetConv(), session.RemoteAddr())
	n, err := io.CopyBuffer(struct{ io.Writer }{session}, struct{ io.Reader }{session}, make([]byte, *chunk))
	log.Printf("session %08x ended after %d bytes: %v", session.GetConv(), n, err)
}

// verifyAccepted drops the one byte by which a dialling echo peer made itself known.
func verifyAccepted(session *kcp.UDPSession, i int) error {
	if _, err := io.ReadFull(session, make([]byte, 1)); err != nil {
		return err
	}
	return peer.Exchange(session, *seed+uint64(i), *size, *chunk, false)
}

func dialled(ctx context.Context) {
	tally := peer.NewTally()
	for i := range max(*open, 1) {
		session, err := kcp.DialWithOptions(*dial, nil, 0, 0)
		if err != nil {
			peer.Fail(err)
		}
		tune(ctx, session)
		_ = session.SetReadBuffer(4 << 20)
		_ = session.SetWriteBuffer(4 << 20)
		if *echoDialed {
			if _, err := session.Write([]byte{0}); err != nil {
				peer.Fail(err)
			}
			go echo(session)
			continue
		}
		tally.Go(*size, func() error { return peer.Exchange(session, *seed+uint64(i), *size, *chunk, false) })
	}
	peer.Print(map[string]any{"ready": true})
	if *echoDialed {
		<-ctx.Done()
		os.Exit(0)
	}
	finish(tally)
}

func finish(tally *peer.Tally) {
	ok := tally.Print(map[string]any{"sessions": max(*open, 1)})
	time.Sleep(*linger)
	if !ok {
		os.Exit(1)
	}
	os.Exit(0)
}
