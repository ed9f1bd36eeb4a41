package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"penstock.test/peers/internal/peer"
)

// mixed makes one request of a kind and size that follow from the seed: three in six go
// down, two in six go up, one in six describes itself.
func (v *visit) mixed(ctx context.Context, i int) error {
	random := rand.New(rand.NewPCG(v.seed, uint64(i)))
	size := int64(math.Exp(random.Float64()*math.Log(float64(v.maxBytes)+1))) - 1
	seed := v.seed%1000 + random.Uint64N(16)
	switch i % 6 {
	case 0, 1:
		return v.download(ctx, size, seed, "length")
	case 2:
		return v.download(ctx, size, seed, "chunked")
	case 3:
		return v.upload(ctx, size, seed, false)
	case 4:
		return v.upload(ctx, size, seed, true)
	default:
		return v.describe(ctx, i)
	}
}

func (v *visit) download(ctx context.Context, n int64, seed uint64, framing string) error {
	path := fmt.Sprintf("/bytes?n=%d&seed=%d&framing=%s", n, seed, framing)
	r, err := v.request(ctx, http.MethodGet, path)
	if err != nil {
		return err
	}
	response, err := v.client.Do(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	return v.verifyDownload(response, path, n, seed)
}

func (v *visit) verifyDownload(response *http.Response, path string, n int64, seed uint64) error {
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: status %s", path, response.Status)
	}
	checker := peer.NewChecker(seed, n)
	got, err := io.Copy(checker, response.Body)
	v.down.Add(got)
	if err != nil {
		return fmt.Errorf("%s: after %d bytes: %w", path, got, err)
	}
	if checker.Missing() != 0 {
		return fmt.Errorf("%s: %d bytes missing but the response ended well", path, checker.Missing())
	}
	sum := response.Header.Get("X-Checksum") + response.Trailer.Get("X-Checksum")
	if sum != peer.Sum(seed, n) {
		return fmt.Errorf("%s: checksum %q in header or trailer", path, sum)
	}
	return nil
}

func (v *visit) upload(ctx context.Context, n int64, seed uint64, chunked bool) error {
	r, err := v.request(ctx, http.MethodPost, "/sum")
	if err != nil {
		return err
	}
	r.Body = io.NopCloser(peer.NewSource(seed, n))
	r.ContentLength = n
	if n == 0 {
		r.Body = http.NoBody
	}
	if chunked {
		r.ContentLength = -1
	}
	response, err := v.client.Do(r)
	if err != nil {
		return fmt.Errorf("POST /sum of %d bytes: %w", n, err)
	}
	defer response.Body.Close()
	v.up.Add(n)
	return v.verifySum(response, n, seed)
}

func (v *visit) verifySum(response *http.Response, n int64, seed uint64) error {
	var answer struct {
		Bytes  int64  `json:"bytes"`
		SHA256 string `json:"sha256"`
	}
	if err := readJSON(response, &answer); err != nil {
		return fmt.Errorf("POST /sum of %d bytes: %w", n, err)
	}
	if answer.Bytes != n || answer.SHA256 != peer.Sum(seed, n) {
		return fmt.Errorf("POST /sum of %d bytes: the app saw %d bytes, sha256 %s", n, answer.Bytes, answer.SHA256)
	}
	return nil
}

func readJSON(response *http.Response, into any) error {
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("status %s: %.200s", response.Status, body)
	}
	return json.Unmarshal(body, into)
}

func (v *visit) describe(ctx context.Context, i int) error {
	target := fmt.Sprintf("/echo?i=%d&text=a%%20b", i)
	r, err := v.request(ctx, http.MethodPut, target)
	if err != nil {
		return err
	}
	body := fmt.Sprintf("body %d", i)
	r.Body = io.NopCloser(strings.NewReader(body))
	r.ContentLength = int64(len(body))
	r.Header.Set("X-Visit", body)
	response, err := v.client.Do(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	var seen struct {
		Method, Target, Body string
		Headers              http.Header
	}
	if err := readJSON(response, &seen); err != nil {
		return err
	}
	if seen.Method != http.MethodPut || seen.Target != target || seen.Body != body ||
		seen.Headers.Get("X-Visit") != body {
		return fmt.Errorf("%s: the app saw %+v", target, seen)
	}
	return nil
}

// slow makes one request that the app holds for -ms.
func (v *visit) slow(ctx context.Context, i int) error {
	path := fmt.Sprintf("/slow?ms=%d&i=%d", v.delay.Milliseconds(), i)
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
	var answer struct{ Cancelled bool }
	if err := readJSON(response, &answer); err != nil {
		return err
	}
	if took := time.Since(started); took < v.delay || answer.Cancelled {
		return fmt.Errorf("%s: answered after %v, cancelled %v", path, took, answer.Cancelled)
	}
	return nil
}
