//go:build race

package starter_test

// raceDetector is on: it makes reading the feeds six times slower, and there it has nothing to find.
const raceDetector = true
