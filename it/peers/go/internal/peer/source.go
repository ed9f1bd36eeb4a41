package peer

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"sync"
)

// BlockBytes is the period of the deterministic byte stream.
const BlockBytes = 64 << 10

// Source yields the first n bytes of the deterministic stream of a seed.
//
// The stream is a 64 KiB block repeated. The block is filled with 64-bit little-endian
// words of SplitMix64 started at the seed (the same numbers as Java's
// new SplittableRandom(seed).nextLong()). In repetition k the first eight bytes are
// replaced by k as a little-endian 64-bit number, so that a lost, repeated or swapped
// block never verifies.
type Source struct {
	block []byte
	at    int64
	end   int64
}

var blocks struct {
	sync.Mutex
	bySeed map[uint64][]byte
}

func blockOf(seed uint64) []byte {
	blocks.Lock()
	defer blocks.Unlock()
	if block, ok := blocks.bySeed[seed]; ok {
		return block
	}
	block := make([]byte, BlockBytes)
	state := seed
	for i := 0; i < BlockBytes; i += 8 {
		state += 0x9e3779b97f4a7c15
		z := state
		z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9
		z = (z ^ (z >> 27)) * 0x94d049bb133111eb
		binary.LittleEndian.PutUint64(block[i:], z^(z>>31))
	}
	if blocks.bySeed == nil || len(blocks.bySeed) >= 64 {
		blocks.bySeed = map[uint64][]byte{}
	}
	blocks.bySeed[seed] = block
	return block
}

// NewSource returns the first n bytes of the stream of the seed.
func NewSource(seed uint64, n int64) *Source {
	size := min(int64(BlockBytes), max(n, 8))
	return &Source{block: bytes.Clone(blockOf(seed)[:size]), end: n}
}

// next returns the longest run of bytes at the present position, at most limit bytes.
func (s *Source) next(limit int64) []byte {
	in := s.at % BlockBytes
	if in == 0 {
		binary.LittleEndian.PutUint64(s.block, uint64(s.at/BlockBytes))
	}
	run := min(BlockBytes-in, s.end-s.at, limit)
	s.at += run
	return s.block[in : in+run]
}

// Left is the number of bytes not yet read.
func (s *Source) Left() int64 { return s.end - s.at }

// Read implements io.Reader.
func (s *Source) Read(p []byte) (int, error) {
	if s.Left() == 0 {
		return 0, io.EOF
	}
	return copy(p, s.next(int64(len(p)))), nil
}

// WriteTo implements io.WriterTo in runs of up to 64 KiB.
func (s *Source) WriteTo(w io.Writer) (int64, error) {
	var done int64
	for s.Left() > 0 {
		n, err := w.Write(s.next(BlockBytes))
		done += int64(n)
		if err != nil {
			return done, err
		}
	}
	return done, nil
}

// Checker is an io.Writer that compares what it is given with the stream of a seed.
type Checker struct{ source *Source }

// NewChecker expects exactly the first n bytes of the stream of the seed.
func NewChecker(seed uint64, n int64) *Checker { return &Checker{NewSource(seed, n)} }

// Write compares and fails at the first difference.
func (c *Checker) Write(p []byte) (int, error) {
	done := 0
	for done < len(p) {
		at := c.source.at
		want := c.source.next(int64(len(p) - done))
		if len(want) == 0 {
			return done, fmt.Errorf("%d bytes more than expected", len(p)-done)
		}
		if !bytes.Equal(want, p[done:done+len(want)]) {
			return done, fmt.Errorf("wrong bytes in [%d, %d)", at, at+int64(len(want)))
		}
		done += len(want)
	}
	return done, nil
}

// Missing is the number of expected bytes that have not come.
func (c *Checker) Missing() int64 { return c.source.Left() }

var sums struct {
	sync.Mutex
	known map[[2]uint64]string
}

// Sum is the SHA-256, in hex, of the first n bytes of the stream of the seed.
func Sum(seed uint64, n int64) string {
	key := [2]uint64{seed, uint64(n)}
	sums.Lock()
	sum, ok := sums.known[key]
	sums.Unlock()
	if ok {
		return sum
	}
	hash := sha256.New()
	_, _ = NewSource(seed, n).WriteTo(hash)
	sum = hex.EncodeToString(hash.Sum(nil))
	sums.Lock()
	defer sums.Unlock()
	if sums.known == nil || len(sums.known) >= 4096 {
		sums.known = map[[2]uint64]string{}
	}
	sums.known[key] = sum
	return sum
}
