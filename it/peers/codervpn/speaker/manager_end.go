package vpn

import (
	"context"
	"io"

	"cdr.dev/slog"
)

// ManagerEnd is the manager's end of a stream: the original's own header, frames and calls,
// which it has for both roles but exports for the tunnel alone.
type ManagerEnd struct {
	speaker *speaker[*ManagerMessage, *TunnelMessage, TunnelMessage]
}

// NewManagerEnd exchanges the headers.
func NewManagerEnd(ctx context.Context, logger slog.Logger, conn io.ReadWriteCloser) (*ManagerEnd, error) {
	s, err := newSpeaker[*ManagerMessage, *TunnelMessage](
		ctx, logger, conn, SpeakerRoleManager, SpeakerRoleTunnel)
	if err != nil {
		return nil, err
	}
	s.start()
	return &ManagerEnd{speaker: s}, nil
}

// Call asks the tunnel something and waits for its reply.
func (m *ManagerEnd) Call(ctx context.Context, request *ManagerMessage) (*TunnelMessage, error) {
	return m.speaker.unaryRPC(ctx, request)
}

// Serve hands out what the tunnel asks and says until the stream ends. A reply may be given
// later, and from any goroutine.
func (m *ManagerEnd) Serve(each func(message *TunnelMessage, reply func(*ManagerMessage) error)) {
	for request := range m.speaker.requests {
		each(request.msg, request.sendReply)
	}
}

// Close hangs up.
func (m *ManagerEnd) Close() error { return m.speaker.Close() }
