package cache_test

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/sightline-sec/sightline/internal/cache"
)

// writerDir names the folder that a process made by TestKilledWriters fills until it is killed.
const writerDir = "CACHE_TEST_WRITER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(writerDir); dir != "" {
		c, err := cache.Open(dir, cache.Options{MaxBytes: 8 << 20})
		for i := 0; err == nil; i++ {
			n := rand.IntN(400)
			want := content(n)
			if got, ok := c.Get(cache.NewKey(strconv.Itoa(n))); ok && !bytes.Equal(got, want) {
				_, _ = os.Stderr.WriteString("took a torn entry\n")
				os.Exit(3)
			}
			err = c.Put(cache.NewKey(strconv.Itoa(n)), want)
		}
		_, _ = os.Stderr.WriteString(err.Error() + "\n")
		os.Exit(4)
	}
	os.Exit(m.Run())
}

func content(n int) []byte { return bytes.Repeat([]byte(strconv.Itoa(n)+"."), 1+n*100) }

// Several processes write, read and drop entries of one small cache and are killed in the middle, over and over.
func TestKilledWriters(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("kills processes for some seconds")
	}
	dir := t.TempDir()
	c := open(t, dir, cache.Options{MaxBytes: 8 << 20})
	hits := 0
	for range 8 {
		ctx, cancel := context.WithCancel(t.Context())
		running := make([]*exec.Cmd, 3)
		errs := make([]bytes.Buffer, 3)
		for i := range running {
			running[i] = exec.CommandContext(ctx, os.Args[0])
			running[i].Env = append(os.Environ(), writerDir+"="+dir)
			running[i].Stderr = &errs[i]
			if err := running[i].Start(); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Duration(100+rand.IntN(200)) * time.Millisecond)
		cancel() // SIGKILL
		for i, cmd := range running {
			_ = cmd.Wait()
			if cmd.ProcessState.Exited() {
				t.Errorf("a writer ended by itself: %v %s", cmd.ProcessState, &errs[i])
			}
		}
		for n := range 400 {
			got, ok := c.Get(cache.NewKey(strconv.Itoa(n)))
			if ok && !bytes.Equal(got, content(n)) {
				t.Fatalf("entry %d is torn", n)
			}
			if ok {
				hits++
			}
		}
	}
	if hits == 0 {
		t.Error("nothing was kept")
	}
	if info, err := c.Info(); err != nil || info.Bytes > 8<<20 {
		t.Errorf("%+v, %v", info, err)
	}
}
