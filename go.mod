module github.com/sightline-sec/sightline

go 1.26
