package oval_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/feed/feedtest"
	"github.com/sightline-sec/sightline/internal/feed/oval"
	"github.com/sightline-sec/sightline/internal/purl"
	"github.com/sightline-sec/sightline/internal/version"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// Both documents are made up, in the form of the real ones.
const oracleDoc = `<?xml version="1.0" encoding="utf-8"?>
<oval_definitions xmlns="http://oval.mitre.org/XMLSchema/oval-definitions-5" xmlns:oval="http://oval.mitre.org/XMLSchema/oval-common-5">
<generator><oval:product_name>Oracle Errata System</oval:product_name><oval:timestamp>2024-01-15T00:00:00</oval:timestamp></generator>
<definitions>
<definition id="oval:com.oracle.elsa:def:20240001" version="501" class="patch">
 <metadata>
  <title>ELSA-2024-0001:  nodejs:18 security update (IMPORTANT)</title>
  <affected family="unix"><platform>Oracle Linux 8</platform></affected>
  <reference source="elsa" ref_id="ELSA-2024-0001" ref_url="https://linux.oracle.com/errata/ELSA-2024-0001.html"/>
  <reference source="CVE" ref_id="CVE-2024-11111" ref_url="https://linux.oracle.com/cve/CVE-2024-11111.html"/>
  <description>[1:18.20.2-1] - Update &lt;all&gt;</description>
  <advisory><severity>IMPORTANT</severity><rights>Copyright 2024 Oracle, Inc.</rights><issued date="2024-04-30"/>
   <cve cvss3="7.5/CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H" href="https://linux.oracle.com/cve/CVE-2024-11111.html" impact="important" public="20240101">CVE-2024-11111</cve></advisory>
 </metadata>
 <criteria operator="AND">
  <criterion test_ref="oval:com.oracle.elsa:tst:1" comment="Oracle Linux 8 is installed"/>
  <criteria operator="OR">
   <criteria operator="AND">
    <criterion test_ref="oval:com.oracle.elsa:tst:2" comment="Oracle Linux arch is x86_64"/>
    <criterion test_ref="oval:com.oracle.elsa:tst:3" comment="Module nodejs:18 is enabled"/>
    <criteria operator="OR">
     <criteria operator="AND">
      <criterion test_ref="oval:com.oracle.elsa:tst:4" comment="nodejs is earlier than 1:18.20.2-1.module+el8.9.0+90144+8d3a8e3a"/>
      <criterion test_ref="oval:com.oracle.elsa:tst:5" comment="nodejs is signed with the Oracle Linux 8 key"/>
     </criteria>
    </criteria>
   </criteria>
   <criteria operator="AND">
    <criterion test_ref="oval:com.oracle.elsa:tst:6" comment="Oracle Linux arch is aarch64"/>
    <criterion test_ref="oval:com.oracle.elsa:tst:3" comment="Module nodejs:18 is enabled"/>
    <criteria operator="AND"><criterion test_ref="oval:com.oracle.elsa:tst:4" comment="nodejs is earlier than 1:18.20.2-1.module+el8.9.0+90144+8d3a8e3a"/></criteria>
   </criteria>
  </criteria>
 </criteria>
</definition>
<definition id="oval:com.oracle.elsa:def:20240002" version="501" class="patch">
 <metadata>
  <title>ELSA-2024-0002: kernel and openssl</title>
  <affected family="unix"><platform>Oracle Linux 9</platform></affected>
  <reference source="elsa" ref_id="ELSA-2024-0002" ref_url="https://linux.oracle.com/errata/ELSA-2024-0002.html"/>
  <reference source="CVE" ref_id="CVE-2024-22222"/><reference source="CVE" ref_id="CVE-2024-33333"/>
  <advisory><severity>MODERATE</severity><issued date="2024-05-01"/><cve cvss3="5.5/CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:N/I:N/A:H">CVE-2024-22222</cve><cve>CVE-2024-33333</cve></advisory>
 </metadata>
 <criteria operator="AND"><criterion comment="Oracle Linux 9 is installed"/>
  <criteria operator="OR">
   <criteria operator="AND"><criterion comment="kernel-uek is earlier than 0:5.15.0-206.153.7.el9uek"/><criterion comment="kernel-uek is signed with the Oracle Linux 9 key"/></criteria>
   <criteria operator="AND"><criterion comment="openssl is earlier than 10:3.5.1-7.0.1.el9_7_fips"/><criterion comment="openssl is fips patched"/></criteria>
   <criteria operator="AND"><criterion comment="glibc is earlier than 2:2.34-1.ksplice1.el9"/><criterion comment="glibc is ksplice-based"/></criteria>
   <criteria operator="AND"><criterion comment="openssl is earlier than 1:3.5.1-7.0.1.el9_7"/><criterion comment="openssl is signed with the Oracle Linux 9 key"/></criteria>
  </criteria>
 </criteria>
</definition>
<definition id="oval:com.oracle.elsa:def:20240003" class="patch"><metadata><title>ELSA-2024-0003: no CVE</title><reference source="elsa" ref_id="ELSA-2024-0003"/></metadata></definition>
</definitions>
<tests><rpminfo_test id="oval:com.oracle.elsa:tst:1"><object object_ref="o"/><state state_ref="s"/></rpminfo_test></tests>
</oval_definitions>`

const azureDoc = `<oval_definitions xmlns="http://oval.mitre.org/XMLSchema/oval-definitions-5" xmlns:linux-def="http://oval.mitre.org/XMLSchema/oval-definitions-5#linux">
<definitions>
 <definition class="vulnerability" id="oval:com.microsoft.azurelinux:def:1" version="1"><metadata><title>CVE-2024-24258 affecting package freeglut for versions less than 3.4.0-1</title>
  <reference ref_id="CVE-2024-24258" ref_url="https://nvd.nist.gov/vuln/detail/CVE-2024-24258" source="CVE"/><patchable>true</patchable><advisory_date>2024-04-17T22:02:46Z</advisory_date><severity>High</severity></metadata>
  <criteria operator="AND"><criterion comment="Package freeglut is earlier than 3.4.0-1, affected by CVE-2024-24258" test_ref="tst:1"/></criteria></definition>
 <definition class="vulnerability" id="def:2"><metadata><reference ref_id="CVE-2026-42505" source="CVE"/><patchable>true</patchable><advisory_date>2026-04-18T22:02:46Z</advisory_date><severity>Medium</severity></metadata>
  <criteria operator="AND"><criterion test_ref="tst:2"/></criteria></definition>
 <definition class="vulnerability" id="def:3"><metadata><reference ref_id="CVE-2026-42505" source="CVE"/><patchable>true</patchable><advisory_date>2026-04-17T22:02:46Z</advisory_date><severity>High</severity></metadata>
  <criteria operator="AND"><criterion test_ref="tst:3"/><criterion test_ref="tst:4"/></criteria></definition>
 <definition class="vulnerability" id="def:4"><metadata><reference ref_id="CVE-2022-3560" source="CVE"/><patchable>false</patchable><advisory_date>2026-04-17T22:02:46Z</advisory_date></metadata>
  <criteria operator="AND"><criterion test_ref="tst:5"/></criteria></definition>
 <definition class="vulnerability" id="def:5"><metadata><reference ref_id="CVE-2022-3857" source="CVE"/><patchable>Not Applicable</patchable></metadata>
  <criteria operator="AND"><criterion test_ref="tst:5"/></criteria></definition>
 <definition class="vulnerability" id="def:6"><metadata><reference ref_id="CVE-2022-3858" source="CVE"/></metadata><criteria operator="AND"><criterion test_ref="nowhere"/></criteria></definition>
</definitions>
<tests>
 <linux-def:rpminfo_test check="at least one" id="tst:1"><linux-def:object object_ref="obj:1"/><linux-def:state state_ref="ste:1"/></linux-def:rpminfo_test>
 <linux-def:rpminfo_test id="tst:2"><linux-def:object object_ref="obj:2"/><linux-def:state state_ref="ste:2"/></linux-def:rpminfo_test>
 <linux-def:rpminfo_test id="tst:3"><linux-def:object object_ref="obj:2"/><linux-def:state state_ref="ste:3"/></linux-def:rpminfo_test>
 <linux-def:rpminfo_test id="tst:4"><linux-def:object object_ref="obj:2"/><linux-def:state state_ref="ste:4"/></linux-def:rpminfo_test>
 <linux-def:rpminfo_test id="tst:5"><linux-def:object object_ref="obj:5"/><linux-def:state state_ref="ste:5"/></linux-def:rpminfo_test>
</tests>
<objects>
 <linux-def:rpminfo_object id="obj:1"><linux-def:name>freeglut</linux-def:name></linux-def:rpminfo_object>
 <linux-def:rpminfo_object id="obj:2"><linux-def:name>golang</linux-def:name></linux-def:rpminfo_object>
 <linux-def:rpminfo_object id="obj:5"><linux-def:name>pesign</linux-def:name></linux-def:rpminfo_object>
</objects>
<states>
 <linux-def:rpminfo_state id="ste:1"><linux-def:evr datatype="evr_string" operation="less than">0:3.4.0-1.azl3</linux-def:evr></linux-def:rpminfo_state>
 <linux-def:rpminfo_state id="ste:2"><linux-def:evr datatype="evr_string" operation="less than">0:1.25.12-1.azl3</linux-def:evr></linux-def:rpminfo_state>
 <linux-def:rpminfo_state id="ste:3"><linux-def:evr datatype="evr_string" operation="less than">0:1.26.5-1.azl3</linux-def:evr></linux-def:rpminfo_state>
 <linux-def:rpminfo_state id="ste:4"><linux-def:evr datatype="evr_string" operation="greater than">0:1.26.0.azl3</linux-def:evr></linux-def:rpminfo_state>
 <linux-def:rpminfo_state id="ste:5"><linux-def:evr datatype="evr_string" operation="less than or equal">0:0.112-32.cm2</linux-def:evr></linux-def:rpminfo_state>
</states>
</oval_definitions>`

func oracleFiles(text string) feedtest.Files {
	return feedtest.Files{"oracle/com.oracle.elsa-all.xml.bz2": []byte(text)}
}

func azureFiles(text string) feedtest.Files {
	return feedtest.Files{"azure-linux/azurelinux-3.0-oval.xml": []byte(text)}
}

func TestOracle(t *testing.T) {
	t.Parallel()
	said, skipped, err := feedtest.Parse(t, oval.Oracle(), oracleFiles(oracleDoc))
	if err != nil || len(skipped) > 0 {
		t.Fatal(skipped, err)
	}
	first, second := time.Date(2024, 4, 30, 0, 0, 0, 0, time.UTC), time.Date(2024, 5, 1, 0, 0, 0, 0, time.UTC)
	want := []*vuln.Advisory{{
		Feed: "oracle", ID: "ELSA-2024-0001", Covers: []string{"CVE-2024-11111"}, Published: first,
		Title: "nodejs:18 security update (IMPORTANT)", Details: "[1:18.20.2-1] - Update <all>",
		Ratings: []vuln.Rating{
			{Feed: "oracle", Severity: vuln.High},
			{Feed: "oracle", Severity: vuln.High, Version: "3.1", Vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H", Score: 7.5},
		},
		References: []vuln.Reference{{Type: "advisory", URL: "https://linux.oracle.com/errata/ELSA-2024-0001.html"}},
		Affected: []vuln.Affected{{
			Namespace: "Oracle Linux:8", Package: "nodejs", Binary: true, Module: "nodejs:18", FixedAt: first,
			Ranges: []vuln.Range{{Introduced: "0", Fixed: "1:18.20.2-1.module+el8.9.0+90144+8d3a8e3a"}},
		}},
	}, {
		Feed: "oracle", ID: "ELSA-2024-0002", Covers: []string{"CVE-2024-22222", "CVE-2024-33333"}, Published: second,
		Title: "kernel and openssl", Ratings: []vuln.Rating{{Feed: "oracle", Severity: vuln.Medium}},
		References: []vuln.Reference{{Type: "advisory", URL: "https://linux.oracle.com/errata/ELSA-2024-0002.html"}},
		Affected: []vuln.Affected{
			{Namespace: "Oracle Linux:9", Package: "kernel-uek", Binary: true, FixedAt: second, Ranges: []vuln.Range{{Introduced: "5.15.0", Fixed: "5.15.0-206.153.7.el9uek"}}},
			{Namespace: "Oracle Linux:9", Package: "openssl", Binary: true, FixedAt: second, Ranges: []vuln.Range{{Introduced: "0", Fixed: "1:3.5.1-7.0.1.el9_7"}}},
		},
	}}
	if diff := cmp.Diff(want, said); diff != "" {
		t.Error(diff)
	}
	feedtest.Run(t, oval.Oracle(), oracleFiles(oracleDoc))
}

func TestAzure(t *testing.T) {
	t.Parallel()
	said, skipped, err := feedtest.Parse(t, oval.Azure(), azureFiles(azureDoc))
	if err != nil || len(skipped) != 1 || skipped[0].Record != "def:6" {
		t.Fatal(skipped, err)
	}
	want := []*vuln.Advisory{
		{Feed: "azure-linux", ID: "CVE-2022-3560", Affected: []vuln.Affected{
			{Namespace: "Azure Linux:3.0", Package: "pesign", Ranges: []vuln.Range{{Introduced: "0", LastAffected: "0.112-32.cm2"}}},
		}},
		{Feed: "azure-linux", ID: "CVE-2024-24258", Affected: []vuln.Affected{{
			Namespace: "Azure Linux:3.0", Package: "freeglut", Severity: vuln.High, FixedAt: time.Date(2024, 4, 17, 22, 2, 46, 0, time.UTC),
			Ranges: []vuln.Range{{Introduced: "0", Fixed: "3.4.0-1.azl3"}},
		}}},
		{Feed: "azure-linux", ID: "CVE-2026-42505", Affected: []vuln.Affected{{
			Namespace: "Azure Linux:3.0", Package: "golang", Severity: vuln.High, FixedAt: time.Date(2026, 4, 17, 22, 2, 46, 0, time.UTC),
			Ranges: []vuln.Range{{Introduced: "0", Fixed: "1.25.12-1.azl3"}, {Introduced: "1.26.0.azl3", Fixed: "1.26.5-1.azl3"}},
		}}},
	}
	if diff := cmp.Diff(want, said); diff != "" {
		t.Error(diff)
	}
	feedtest.Run(t, oval.Azure(), azureFiles(azureDoc))
}

func TestBroken(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text  string
		limit bool
	}{
		"cut short":        {text: oracleDoc[:3000]},
		"empty":            {},
		"another document": {text: "<html/>"},
		"crossed elements": {text: "<oval_definitions><definitions></oval_definitions>"},
		"no ids":           {text: "<oval_definitions><definitions><definition></definition></definitions></oval_definitions>"},
		"deep":             {text: "<oval_definitions>" + strings.Repeat("<a>", 100), limit: true},
		"endless":          {text: "<oval_definitions><definitions><definition><metadata><title>" + strings.Repeat("a", 65<<20), limit: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, err := range []error{parse(t, oracleFiles(c.text), true), parse(t, azureFiles(c.text), false)} {
				if _, ok := errors.AsType[*artifact.ErrLimit](err); ok != c.limit || !c.limit && !errors.Is(err, artifact.ErrCorrupt) {
					t.Errorf("error %v", err)
				}
			}
		})
	}
}

func parse(t *testing.T, raw feedtest.Files, oracle bool) error {
	f := oval.Azure()
	if oracle {
		f = oval.Oracle()
	}
	_, _, err := feedtest.Parse(t, f, raw)
	return err
}

// FuzzParse: whatever a file holds, versions have an order and the answer is the same each time.
func FuzzParse(f *testing.F) {
	f.Add(true, oracleDoc)
	f.Add(false, azureDoc)
	f.Fuzz(func(t *testing.T, oracle bool, text string) {
		feed, raw, e := oval.Azure(), azureFiles(text), purl.AzureLinux
		if oracle {
			feed, raw, e = oval.Oracle(), oracleFiles(text), purl.Oracle
		}
		said, _, err := feedtest.Parse(t, feed, raw)
		again, _, err2 := feedtest.Parse(t, feed, raw)
		if diff := cmp.Diff(said, again); diff != "" || (err == nil) != (err2 == nil) {
			t.Errorf("not the same again: %s, %v, %v", diff, err, err2)
		}
		for _, a := range said {
			for _, af := range a.Affected {
				for _, r := range af.Ranges {
					for _, v := range []string{r.Introduced, r.Fixed, r.LastAffected} {
						if v == "" {
							continue
						}
						if _, err := version.Parse(e, v); err != nil {
							t.Errorf("%s: %v", af.Package, err)
						}
					}
				}
			}
		}
	})
}
