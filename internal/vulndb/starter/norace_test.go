//go:build !race

package starter_test

const raceDetector = false
