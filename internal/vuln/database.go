package vuln

import "time"

// Database says which database answered. It is the same for the same file.
type Database struct {
	Version  int        `json:"version"` // of the file format
	Checksum string     `json:"checksum,omitempty"`
	AsOf     time.Time  `json:"as_of,omitzero"` // the newest feed's own timestamp; missing where no feed has one
	Starter  bool       `json:"starter"`        // the small database embedded in the binary answered
	Feeds    []FeedInfo `json:"feeds,omitempty"`
}

// FeedInfo is one feed inside the database.
type FeedInfo struct {
	Name       string    `json:"name"`
	AsOf       time.Time `json:"as_of,omitzero"` // the feed's own timestamp, or its newest record's; missing where there was no copy of the feed
	Advisories int       `json:"advisories"`
	License    string    `json:"license,omitempty"`
	URL        string    `json:"url,omitempty"`
	Skipped    int       `json:"skipped,omitempty"` // records that could not be read
}
