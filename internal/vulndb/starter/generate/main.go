// Command generate writes the starter database to a file. It is run by go generate:
//
//	generate starter.db
package main

import (
	"bytes"
	"context"
	"fmt"
	"os"

	"github.com/sightline-sec/sightline/internal/vulndb/starter"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: generate FILE")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(3)
	}
}

// write replaces the file only by a whole database: the program that is running embeds it.
func write(name string) error {
	facts, err := starter.Load()
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if _, err := facts.Build(context.Background(), &b); err != nil {
		return err
	}
	return os.WriteFile(name, b.Bytes(), 0o644)
}
