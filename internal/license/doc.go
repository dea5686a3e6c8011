// Package license knows the SPDX License List and turns what packages declare into SPDX expressions where that can be told without
// guessing. It promises that an expression it gives is valid and says the same as what was declared; what it cannot tell it leaves out.
// It reads no licence texts.
package license
