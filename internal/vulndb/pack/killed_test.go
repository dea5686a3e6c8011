package pack_test

import (
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/sightline-sec/sightline/internal/artifact/image"
	"github.com/sightline-sec/sightline/internal/vulndb"
	"github.com/sightline-sec/sightline/internal/vulndb/pack"
)

// TestMain lets the test program stand for one that pulls and is killed.
func TestMain(m *testing.M) {
	if ref := os.Getenv("PACK_TEST_PULL"); ref != "" {
		key, err := hex.DecodeString(os.Getenv("PACK_TEST_KEY"))
		if err == nil {
			var r *image.Repository
			if r, err = image.OpenRepository(context.Background(), ref, image.RegistryOptions{}); err == nil {
				_, err = pack.Pull(context.Background(), repository{r}, os.Getenv("PACK_TEST_OUT"),
					pack.PullOptions{Trust: pack.Trust{Keys: []ed25519.PublicKey{key}}})
			}
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestAKilledPullLeavesTheOldFile(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes long under the race detector")
	}
	w := newWorld(t)
	one, two := w.file(3000, 0), w.file(3030, 1)
	w.push(one, pack.PushOptions{})
	if _, err := w.pull(pack.PullOptions{}); err != nil {
		t.Fatal(err)
	}
	w.push(two, pack.PushOptions{})
	slow := func(_ http.ResponseWriter, r *http.Request) bool {
		if isLayer(r) {
			time.Sleep(5 * time.Millisecond)
		}
		return false
	}
	w.before.Store(&slow)
	old, finished := 0, 0
	for i := range 20 {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
		cmd.Env = append(os.Environ(), "PACK_TEST_PULL="+w.host+"/db:1", "PACK_TEST_OUT="+w.out, "PACK_TEST_KEY="+hex.EncodeToString(w.public))
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(time.Duration(20+15*i)*time.Millisecond, func() { _ = cmd.Process.Kill() })
		if cmd.Wait() == nil {
			finished++
		}
		timer.Stop()
		db, err := vulndb.Open(w.out)
		if err != nil {
			t.Fatalf("killed after %d: %v", i, err)
		}
		if err := db.Verify(t.Context()); err != nil {
			t.Fatalf("killed after %d: %v", i, err)
		}
		if db.Meta().AsOf.Equal(asOf) {
			old++
		}
		_ = db.Close()
	}
	t.Logf("the old file stayed %d times of 20, %d came through", old, finished)
	if old == 0 {
		t.Error("nothing was killed early enough to tell anything")
	}
	w.before.Store(nil)
	if _, err := w.pull(pack.PullOptions{}); err != nil {
		t.Fatal(err)
	}
	w.is(two)
	// What a killed process left in pieces is gone with the next pull, as w.is sees of the rest.
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(w.out), ".*.part")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
