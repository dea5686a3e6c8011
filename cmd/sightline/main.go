// Command sightline finds what is in container images and which of its vulnerabilities matter.
package main

import (
	"os"

	"github.com/sightline-sec/sightline/internal/cli"
)

func main() {
	os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
