// Package steps holds what the programs of both roles share: what they are told to do, one step
// after another, and where the original logs to.
package steps

import (
	"context"
	"fmt"
	"log"
	"strings"
	"time"

	"cdr.dev/slog"
	"penstock.test/peers/codervpn/internal/peer"
)

// Step is one argument of a program: NAME[=ARGUMENT][@LIMIT], with & before it if the next one
// is not to wait for it.
type Step struct {
	Name       string
	Argument   string
	limit      time.Duration
	background bool
}

// Line is what a step prints, beside its name.
type Line map[string]any

// Parse understands an argument.
func Parse(text string) (Step, error) {
	step := Step{limit: time.Minute}
	text, step.background = strings.TrimPrefix(text, "&"), strings.HasPrefix(text, "&")
	text, limit, limited := strings.Cut(text, "@")
	if limited {
		var err error
		if step.limit, err = time.ParseDuration(limit); err != nil {
			return step, err
		}
	}
	step.Name, step.Argument, _ = strings.Cut(text, "=")
	return step, nil
}

// Run does the steps and prints a line for each.
func Run(ctx context.Context, arguments []string, do func(context.Context, Step) Line) {
	for _, argument := range arguments {
		step, err := Parse(argument)
		if err != nil {
			peer.Fail(fmt.Errorf("step %q: %w", argument, err))
		}
		run := func() {
			limited, cancel := context.WithTimeout(ctx, step.limit)
			defer cancel()
			line := do(limited, step)
			line["step"] = step.Name
			peer.Print(line)
		}
		if step.background {
			go run()
		} else {
			run()
		}
	}
}

// Failed is the line of a step that did not work.
func Failed(err error) Line { return Line{"failed": err.Error()} }

// Logger logs to standard error.
func Logger() slog.Logger { return slog.Make(sink{}) }

type sink struct{}

func (sink) LogEntry(_ context.Context, entry slog.SinkEntry) {
	fields := make([]string, 0, len(entry.Fields))
	for _, field := range entry.Fields {
		fields = append(fields, fmt.Sprintf("%s=%v", field.Name, field.Value))
	}
	log.Printf("%s %s %s", entry.Level, entry.Message, strings.Join(fields, " "))
}

func (sink) Sync() {}
