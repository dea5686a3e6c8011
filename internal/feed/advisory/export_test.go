package advisory

// FromYAML writes a record as JSON.
var FromYAML = fromYAML
