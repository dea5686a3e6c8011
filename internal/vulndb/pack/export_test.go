package pack

// DigestOf is digestOf, for tests.
var DigestOf = digestOf
