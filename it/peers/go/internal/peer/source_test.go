package peer

import (
	"bytes"
	"encoding/hex"
	"io"
	"testing"
	"testing/iotest"
)

func TestFirstWordsAreThoseOfSplitMix64(t *testing.T) {
	all, err := io.ReadAll(NewSource(0, 24))
	// Word 0 is the repetition index; words 1 and 2 are the generator's second and third.
	want := "0000000000000000" + "f465b9a16a9e786e" + "4f450980185dc406"
	if got := hex.EncodeToString(all); err != nil || got != want {
		t.Fatal(got, err)
	}
}

func TestAnySplitYieldsTheSameBytes(t *testing.T) {
	var whole bytes.Buffer
	_, _ = NewSource(7, 3*BlockBytes+17).WriteTo(&whole)
	split, err := io.ReadAll(iotest.HalfReader(NewSource(7, 3*BlockBytes+17)))
	if err != nil || !bytes.Equal(whole.Bytes(), split) || len(split) != 3*BlockBytes+17 {
		t.Fatal("the split reading differs", err)
	}
}

func TestCheckerRefusesSwappedBlocksAndSurplus(t *testing.T) {
	all, _ := io.ReadAll(NewSource(7, 2*BlockBytes))
	checker := NewChecker(7, 2*BlockBytes)
	if _, err := checker.Write(all[BlockBytes:]); err == nil {
		t.Fatal("a swapped block passed")
	}
	checker = NewChecker(7, 2*BlockBytes-1)
	if _, err := checker.Write(all); err == nil {
		t.Fatal("a surplus byte passed")
	}
	checker = NewChecker(7, 2*BlockBytes)
	if _, err := checker.Write(all[:10]); err != nil || checker.Missing() != 2*BlockBytes-10 {
		t.Fatal("a prefix did not pass", err)
	}
}
