// Command makeimage writes the sample image to a file.
package main

import (
	"fmt"
	"os"

	"github.com/sightline-sec/sightline/internal/sample"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: makeimage FILE")
		os.Exit(2)
	}
	f, err := os.Create(os.Args[1])
	if err == nil {
		err = sample.Write(f)
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "makeimage:", err)
		os.Exit(3)
	}
}
