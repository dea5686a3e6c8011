package inventory_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/inventory"
)

func day(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return t
}

func TestEndOfLifeOfRelease(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		fields fields
		want   *inventory.EndOfLife
	}{
		"debian has LTS":               {fields{"ID": "debian", "VERSION_ID": "12"}, &inventory.EndOfLife{Standard: day("2026-06-10"), Extended: day("2028-06-30"), Program: "LTS"}},
		"an interim ubuntu has not":    {fields{"ID": "ubuntu", "VERSION_ID": "23.10"}, &inventory.EndOfLife{Standard: day("2024-07-11")}},
		"a program of two words":       {fields{"ID": "ol", "VERSION_ID": "8.10"}, &inventory.EndOfLife{Standard: day("2029-07-31"), Extended: day("2032-07-31"), Program: "Extended Support"}},
		"UBI is RHEL":                  {fields{"ID": "rhel", "VERSION_ID": "9.4", "PRETTY_NAME": "Red Hat Enterprise Linux 9.4 (Plow)"}, &inventory.EndOfLife{Standard: day("2032-05-31"), Extended: day("2035-05-31"), Program: "ELS"}},
		"CentOS ended before RHEL":     {fields{"ID": "centos", "VERSION_ID": "8", "NAME": "CentOS Linux"}, &inventory.EndOfLife{Standard: day("2021-12-31")}},
		"CentOS Stream by its name":    {fields{"ID": "centos", "VERSION_ID": "8", "NAME": "CentOS Stream"}, &inventory.EndOfLife{Standard: day("2024-05-31")}},
		"CentOS 9 is always Stream":    {fields{"ID": "centos", "VERSION_ID": "9"}, &inventory.EndOfLife{Standard: day("2027-05-31")}},
		"a derivative of debian":       {fields{"ID": "raspbian", "VERSION_ID": "11", "VERSION_CODENAME": "bullseye", "ID_LIKE": "debian"}, &inventory.EndOfLife{Standard: day("2024-08-14")}},
		"a new release says it":        {fields{"ID": "fedora", "VERSION_ID": "52", "SUPPORT_END": "2031-05-20"}, &inventory.EndOfLife{Standard: day("2031-05-20")}},
		"the table knows better":       {fields{"ID": "amzn", "VERSION_ID": "2023", "SUPPORT_END": "2028-03-15"}, &inventory.EndOfLife{Standard: day("2029-06-30")}},
		"what nobody knows":            {fields{"ID": "slackware", "VERSION_ID": "15.0"}, nil},
		"a date that is none":          {fields{"ID": "slackware", "VERSION_ID": "15.0", "SUPPORT_END": "soon"}, nil},
		"what rolls has no end":        {fields{"ID": "wolfi", "VERSION_ID": "20230201"}, nil},
		"testing has none yet":         {fields{"ID": "debian", "VERSION_CODENAME": "forky"}, nil},
		"SLE Micro is no SLES":         {fields{"ID": "sle-micro", "VERSION_ID": "5.5"}, &inventory.EndOfLife{Standard: day("2027-10-31")}},
		"SL Micro is SLE Micro's heir": {fields{"ID": "sl-micro", "VERSION_ID": "6.0"}, &inventory.EndOfLife{Standard: day("2028-06-30")}},
		"an SL Micro of tomorrow":      {fields{"ID": "sl-micro", "VERSION_ID": "7.0"}, nil},
		"Photon was prolonged":         {fields{"ID": "photon", "VERSION_ID": "4.0"}, &inventory.EndOfLife{Standard: day("2027-10-11")}},
		"Stream 10 has but a year":     {fields{"ID": "centos", "VERSION_ID": "10", "NAME": "CentOS Stream"}, nil},
		"leap and SLES are not alike":  {fields{"ID": "opensuse-leap", "VERSION_ID": "15.5"}, &inventory.EndOfLife{Standard: day("2024-12-31")}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if d := cmp.Diff(tc.want, inventory.DistroOf(tc.fields).EndOfLife); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestEndedOnTheDayAfterTheLast(t *testing.T) {
	t.Parallel()
	e := inventory.DistroOf(fields{"ID": "debian", "VERSION_ID": "12"}).EndOfLife
	if e.Ended(day("2026-06-10").Add(23 * time.Hour)) {
		t.Error("ended on its last day")
	}
	if !e.Ended(day("2026-06-11")) {
		t.Error("not ended on the day after")
	}
	var none *inventory.EndOfLife
	if none.Ended(day("2099-01-01")) {
		t.Error("what has no end has ended")
	}
}
