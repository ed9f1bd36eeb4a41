package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strconv"
)

// head is what the load client needs of a response head.
type head struct {
	status  int
	length  int64
	chunked bool
	closes  bool
}

// readHead parses a response head; the length is -1 when there is no Content-Length.
func readHead(in *bufio.Reader) (head, error) {
	line, err := in.ReadSlice('\n')
	if err != nil {
		return head{}, err
	}
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.")) {
		return head{}, fmt.Errorf("not a status line: %.40q", line)
	}
	status, err := strconv.Atoi(string(line[9:12]))
	if err != nil {
		return head{}, err
	}
	h := head{status: status, length: -1}
	for {
		line, err = in.ReadSlice('\n')
		if err != nil {
			return h, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			return h, nil
		}
		if err := h.field(line); err != nil {
			return h, err
		}
	}
}

func (h *head) field(line []byte) error {
	name, value, ok := bytes.Cut(line, []byte(":"))
	if !ok {
		return fmt.Errorf("not a header: %.40q", line)
	}
	value = bytes.TrimSpace(value)
	switch {
	case fold(name, "content-length"):
		n, err := strconv.ParseInt(string(value), 10, 64)
		h.length = n
		return err
	case fold(name, "transfer-encoding"):
		h.chunked = fold(value, "chunked")
	case fold(name, "connection"):
		h.closes = fold(value, "close")
	}
	return nil
}

func fold(got []byte, lower string) bool {
	return len(got) == len(lower) && bytes.EqualFold(got, []byte(lower))
}

// skipBody reads the body and returns its length.
func skipBody(in *bufio.Reader, h head) (int64, error) {
	switch {
	case h.chunked:
		return skipChunks(in)
	case h.length >= 0:
		n, err := in.Discard(int(h.length))
		return int64(n), err
	case h.status == 204 || h.status == 304:
		return 0, nil
	default:
		n, err := io.Copy(io.Discard, in)
		return n, err
	}
}

func skipChunks(in *bufio.Reader) (int64, error) {
	total := int64(0)
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return total, err
		}
		text, _, _ := bytes.Cut(bytes.TrimRight(line, "\r\n"), []byte(";"))
		size, err := strconv.ParseUint(string(text), 16, 40)
		if err != nil {
			return total, err
		}
		if size == 0 {
			return total, skipTrailers(in)
		}
		n, err := in.Discard(int(size))
		total += int64(n)
		if err == nil {
			_, err = in.Discard(2)
		}
		if err != nil {
			return total, err
		}
	}
}

func skipTrailers(in *bufio.Reader) error {
	for {
		line, err := in.ReadSlice('\n')
		if err != nil || len(bytes.TrimRight(line, "\r\n")) == 0 {
			return err
		}
	}
}
