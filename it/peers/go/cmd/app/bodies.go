package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"net/http"
	"strconv"
	"time"

	"penstock.test/peers/internal/peer"
)

// headerSumLimit bounds the downloads whose checksum is computed before the first byte.
const headerSumLimit = 1 << 20

func number(r *http.Request, key string, otherwise int64) (int64, error) {
	text := r.URL.Query().Get(key)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%s=%s is not a number of at least 0", key, text)
	}
	return n, nil
}

func numbers(w http.ResponseWriter, r *http.Request, keys map[string]*int64) bool {
	for key, into := range keys {
		n, err := number(r, key, *into)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return false
		}
		*into = n
	}
	return true
}

// sendBytes serves GET /bytes?n=N&seed=S&framing=length|chunked&sum=0|1.
func sendBytes(w http.ResponseWriter, r *http.Request) {
	n, seed, sum := int64(0), int64(0), int64(1)
	if !numbers(w, r, map[string]*int64{"n": &n, "seed": &seed, "sum": &sum}) {
		return
	}
	framing := r.URL.Query().Get("framing")
	if framing == "" {
		framing = "length"
		if sum != 0 && n > headerSumLimit {
			framing = "chunked"
		}
	}
	header := w.Header()
	header.Set("Content-Type", "application/octet-stream")
	source := peer.NewSource(uint64(seed), n)
	switch {
	case framing == "length":
		header.Set("Content-Length", strconv.FormatInt(n, 10))
		if sum != 0 {
			header.Set("X-Checksum", peer.Sum(uint64(seed), n))
		}
		_, _ = source.WriteTo(w)
	case sum == 0:
		w.(http.Flusher).Flush()
		_, _ = source.WriteTo(w)
	default:
		header.Set("Trailer", "X-Checksum")
		w.(http.Flusher).Flush()
		hash := sha256.New()
		if _, err := source.WriteTo(io.MultiWriter(w, hash)); err == nil {
			header.Set("X-Checksum", hex.EncodeToString(hash.Sum(nil)))
		}
	}
}

func answerJSON(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value)
}

// sumBody serves POST /sum: SHA-256 and length of the body.
func sumBody(w http.ResponseWriter, r *http.Request) {
	readBody(w, r, sha256.New())
}

// sinkBody serves /upload: the length of the body only.
func sinkBody(w http.ResponseWriter, r *http.Request) {
	readBody(w, r, nil)
}

func readBody(w http.ResponseWriter, r *http.Request, sum hash.Hash) {
	buffer := make([]byte, 64<<10)
	total := int64(0)
	for {
		n, err := r.Body.Read(buffer)
		total += int64(n)
		if sum != nil {
			_, _ = sum.Write(buffer[:n])
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
	}
	answer := map[string]any{"bytes": total}
	if sum != nil {
		answer["sha256"] = hex.EncodeToString(sum.Sum(nil))
	}
	if trailer := r.Trailer.Get("X-Checksum"); trailer != "" {
		answer["trailer"] = trailer
	}
	answerJSON(w, answer)
}

func oneKibibyte() http.HandlerFunc {
	var body bytes.Buffer
	_, _ = peer.NewSource(1, 1024).WriteTo(&body)
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/octet-stream")
		_, _ = w.Write(body.Bytes())
	}
}

// slow serves /slow?ms=500: waits, then answers, also when the request was cancelled.
func slow(w http.ResponseWriter, r *http.Request) {
	ms := int64(500)
	if !numbers(w, r, map[string]*int64{"ms": &ms}) {
		return
	}
	time.Sleep(time.Duration(ms) * time.Millisecond)
	answerJSON(w, map[string]any{"ms": ms, "cancelled": r.Context().Err() != nil})
}

// describeRequest serves /echo: the request as the app saw it.
func describeRequest(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, headerSumLimit))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	answerJSON(w, map[string]any{
		"method": r.Method, "host": r.Host, "target": r.RequestURI, "proto": r.Proto,
		"headers": r.Header, "trailers": r.Trailer, "body": string(body),
		"contentLength": r.ContentLength, "transferEncoding": r.TransferEncoding,
	})
}
