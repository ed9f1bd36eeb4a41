package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"github.com/coder/websocket"

	"penstock.test/peers/internal/peer"
)

const (
	messagesPerSocket = 20
	messageLimit      = 256 << 10
	eventsPerStream   = 5
)

// webSocket opens one WebSocket and sends messages of mixed sizes, each of which must
// come back unchanged before the next one goes out.
func (v *visit) webSocket(ctx context.Context, i int) error {
	limited, cancel := context.WithTimeout(ctx, rawLimit)
	defer cancel()
	socket, _, err := websocket.Dial(limited, "ws://visited/ws", &websocket.DialOptions{HTTPClient: v.client, Host: v.host})
	if err != nil {
		return err
	}
	defer socket.CloseNow()
	socket.SetReadLimit(2 * messageLimit)
	random := rand.New(rand.NewPCG(v.seed, uint64(i)))
	for m := range messagesPerSocket {
		n := random.Int64N(1 << random.IntN(18))
		sent, _ := io.ReadAll(peer.NewSource(random.Uint64N(64), n))
		kind := websocket.MessageBinary
		if m%4 == 0 {
			kind, sent = websocket.MessageText, []byte(strings.Repeat("text ", int(n/5)))
		}
		if err := socket.Write(limited, kind, sent); err != nil {
			return err
		}
		gotKind, got, err := socket.Read(limited)
		if err != nil {
			return err
		}
		if gotKind != kind || !bytes.Equal(got, sent) {
			return fmt.Errorf("websocket message %d of %d bytes came back as %d bytes", m, len(sent), len(got))
		}
		v.up.Add(int64(len(sent)))
		v.down.Add(int64(len(got)))
	}
	return socket.Close(websocket.StatusNormalClosure, "done")
}

// events reads one event stream; an event that waits for the next one was buffered.
func (v *visit) events(ctx context.Context, i int) error {
	path := fmt.Sprintf("/sse?n=%d&ms=%d&i=%d", eventsPerStream, v.delay.Milliseconds(), i)
	r, err := v.request(ctx, http.MethodGet, path)
	if err != nil {
		return err
	}
	started := time.Now()
	response, err := v.client.Do(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: status %s", path, response.Status)
	}
	seen := 0
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		v.down.Add(int64(len(lines.Bytes()) + 1))
		if !strings.HasPrefix(lines.Text(), "data: ") {
			continue
		}
		if lines.Text() != fmt.Sprintf("data: event %d", seen) {
			return fmt.Errorf("%s: line %q instead of event %d", path, lines.Text(), seen)
		}
		due := time.Duration(seen) * v.delay
		if late := time.Since(started) - due; late > v.delay {
			return fmt.Errorf("%s: event %d came %v late", path, seen, late)
		}
		seen++
	}
	if seen != eventsPerStream {
		return errors.New(path + ": the stream ended early")
	}
	return nil
}
