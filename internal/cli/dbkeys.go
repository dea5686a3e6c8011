package cli

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/sightline-sec/sightline/internal/vulndb/pack"
)

func (e *env) keygenCommand() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "keygen --out NAME",
		Short: "Make a pair of keys to sign databases with",
		Long: `Make a pair of ed25519 keys: NAME.key, the private one, which only its owner can read and which has no passphrase, and NAME.pub, for
those who pull. Files that are there already are not replaced.

To change keys, publish the new NAME.pub, have it added to --db-key or to the setting database.keys, and sign with the new key from
then on: while both are trusted, either will do.
` + exitHelp,
		Example: "  sightline db keygen --out publisher",
		Args:    exactly(0, "no arguments, but --out"),
		RunE: func(*cobra.Command, []string) error {
			if out == "" {
				return usage("--out is needed: the name of the keys, without ending")
			}
			return e.keygen(out)
		},
	}
	cmd.Flags().StringVarP(&out, "out", "o", "", "name of the files, without .key and .pub")
	return cmd
}

func (e *env) keygen(out string) error {
	private, public, err := pack.NewKeys()
	if err != nil {
		return fmt.Errorf("making keys: %w", err)
	}
	if _, err := os.Lstat(out + ".pub"); err == nil {
		return usage("%s.pub is there already", out)
	}
	if err := writeNew(out+".key", private, 0o600); err != nil {
		return err
	}
	if err := writeNew(out+".pub", public, 0o644); err != nil {
		return err
	}
	key, err := pack.ParsePrivateKey(private)
	if err != nil {
		return err
	}
	id, _ := key.Public().(ed25519.PublicKey)
	_, err = fmt.Fprintf(e.stdout, "%s.key: the private key; keep it secret\n%s.pub: the public key\nkey %s\n", out, out, pack.KeyID(id)[:16])
	return err
}

// writeNew writes a file that must not be there yet.
func writeNew(name string, b []byte, mode fs.FileMode) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if errors.Is(err, fs.ErrExist) {
		return usage("%s is there already", name)
	} else if err != nil {
		return fmt.Errorf("writing a key: %w", err)
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("writing a key: %w", err)
	}
	return nil
}
