package starter

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/sightline-sec/sightline/internal/feed"
	"github.com/sightline-sec/sightline/internal/vuln"
	"github.com/sightline-sec/sightline/internal/vulndb"
)

// FeedName is the feed of all that the starter database says; who said it first is in the ratings.
const FeedName = "starter"

// Build writes the database of the facts. The same facts give the same bytes.
func (f *Facts) Build(ctx context.Context, w io.Writer) (vulndb.Report, error) {
	inputs := []vulndb.Input{{Feed: source{f}}}
	report, err := vulndb.BuildTo(ctx, w, inputs, vulndb.BuildOptions{Starter: true, AsOf: f.Checked})
	if err != nil {
		return report, fmt.Errorf("building the starter database: %w", err)
	}
	if r := report.Feeds[0]; r.Skipped > 0 {
		return report, fmt.Errorf("building the starter database: %s: %s", r.Examples[0].Record, r.Examples[0].Reason)
	}
	return report, nil
}

// source is the facts as a feed. It needs no files.
type source struct{ facts *Facts }

var _ feed.Dated = source{}

func (source) Name() string { return FeedName }

func (source) About() feed.About {
	return feed.About{Publisher: "Sightline", License: "Apache-2.0", URL: "https://github.com/sightline-sec/sightline"}
}

func (source) Resources() []feed.Resource { return nil }

func (s source) AsOf(feed.Raw) (time.Time, error) { return s.facts.Checked, nil }

func (s source) Parse(ctx context.Context, _ feed.Raw, emit func(*vuln.Advisory) error, _ func(feed.Skipped)) error {
	for i := range s.facts.Entries {
		if err := ctx.Err(); err != nil {
			return err
		}
		for _, a := range s.facts.Entries[i].Advisories() {
			if err := emit(&a); err != nil {
				return err
			}
		}
	}
	return nil
}
